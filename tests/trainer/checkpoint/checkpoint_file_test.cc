#include "trainer/checkpoint/checkpoint_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/fd.h"

namespace krige::trainer {
namespace {

class CheckpointFileTest : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }

  static Checkpoint example() {
    Checkpoint checkpoint;
    checkpoint.job.data.path = "a.csv";
    checkpoint.job.data.label = "y";
    checkpoint.job.seed = 9;
    checkpoint.job.optimizer = OptimizerKind::adam;
    checkpoint.data = R"({"features": ["a"]})";
    checkpoint.clock = 17;
    checkpoint.version = 16;
    checkpoint.steps_per_epoch = 5;
    checkpoint.weights = {1.5F, -2, 1e-30F};
    checkpoint.state = {1, 2, 3, 4, 5, 6};
    return checkpoint;
  }
  void put(const std::string& content) { std::ofstream(path_, std::ios::binary) << content; }
  Result<Checkpoint> read_changed(std::size_t at, char change) {
    std::string content = content_;
    content[at] = static_cast<char>(content[at] ^ change);
    put(content);
    return read_checkpoint(path_);
  }

  const std::string path_ = ::testing::TempDir() + "/krige_checkpoint_" + std::to_string(::getpid());
  std::string content_;
};

TEST_F(CheckpointFileTest, SurvivesTheRoundTrip) {
  const Checkpoint written = example();
  ASSERT_TRUE(write_checkpoint(path_, written));
  const Checkpoint read = read_checkpoint(path_).value();
  EXPECT_EQ(read.job, written.job);
  EXPECT_EQ(read.data, written.data);
  EXPECT_EQ(read.clock, written.clock);
  EXPECT_EQ(read.version, written.version);
  EXPECT_EQ(read.steps_per_epoch, written.steps_per_epoch);
  EXPECT_EQ(read.weights, written.weights);
  EXPECT_EQ(read.state, written.state);
}

TEST_F(CheckpointFileTest, EveryChangedByteAndEveryCutIsNoticed) {
  ASSERT_TRUE(write_checkpoint(path_, example()));
  content_ = read_file(path_).value();
  for (std::size_t at = 0; at < content_.size(); ++at) EXPECT_FALSE(read_changed(at, 1)) << at;
  for (std::size_t size = 0; size < content_.size(); ++size) {
    put(content_.substr(0, size));
    const auto read = read_checkpoint(path_);
    ASSERT_FALSE(read) << size;
    EXPECT_EQ(read.error().code, ErrorCode::corrupt);
  }
  put(content_ + "x");
  EXPECT_FALSE(read_checkpoint(path_));
}

TEST_F(CheckpointFileTest, SaysWhatIsWrong) {
  ASSERT_TRUE(write_checkpoint(path_, example()));
  content_ = read_file(path_).value();
  EXPECT_EQ(read_changed(0, 1).error().message, path_ + ": is not a checkpoint");
  const Error future = read_changed(8, 2 ^ 7).error();
  EXPECT_EQ(future.code, ErrorCode::unsupported);
  EXPECT_EQ(future.message, path_ + ": is a checkpoint of version 7, this program reads 2");
  EXPECT_EQ(read_changed(content_.size() - 1, 1).error().message,
            path_ + ": is a damaged checkpoint: its state is not what was written");
  EXPECT_EQ(read_checkpoint(path_ + ".none").error().code, ErrorCode::not_found);
}

TEST_F(CheckpointFileTest, AnotherJobIsRefusedByItsFields) {
  const Checkpoint checkpoint = example();
  TrainJob job = checkpoint.job;
  job.workers = 3;
  job.shards = 2;
  job.transport = DataPlane::socket;
  EXPECT_TRUE(check_same_job(checkpoint, job));  // bsp: the same bits however it is spread
  job.learning_rate = 0.5;
  const Status other = check_same_job(checkpoint, job);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code, ErrorCode::conflict);
  EXPECT_EQ(other.error().message, "the checkpoint is of another job: learning_rate is 0.1 there and 0.5 here");
  Checkpoint asynchronous = checkpoint;
  asynchronous.job.mode = TrainMode::asp;
  job = asynchronous.job;
  job.workers = 3;
  EXPECT_FALSE(check_same_job(asynchronous, job));
}

}  // namespace
}  // namespace krige::trainer
