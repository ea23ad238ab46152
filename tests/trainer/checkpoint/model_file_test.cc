#include "trainer/checkpoint/model_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "base/fd.h"

namespace krige::trainer {
namespace {

class ModelFileTest : public testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(path_); }
  std::string path_ = testing::TempDir() + "/krige_model_" + std::to_string(::getpid());
};

DataSummary summary() {
  DataSummary summary{{"a", "b"}, "y", {"no", "yes"}, {0.1, 1e300}, {1.0 / 3, 0}, 80, 20, 0};
  summary.table.text_columns = {"a", "b", "y"};
  summary.table.kinds = {ColumnKind::number, ColumnKind::category, ColumnKind::label};
  summary.table.categories = {std::string("\1\0\0\0\xff", 5)};
  return summary;
}

TrainJob job() {
  TrainJob job;
  job.data.path = "data.csv";
  job.data.label = "y";
  job.learning_rate = 0.3;
  return job;
}

TEST_F(ModelFileTest, SurvivesTheRoundTrip) {
  const Floats weights{1, -0.0F, 1e-40F, 3.5F};
  ASSERT_TRUE(write_model(path_, job(), summary(), weights));
  const ModelFile model = read_model(path_).value();
  EXPECT_EQ(model.job, job());
  EXPECT_EQ(model.data, summary());
  EXPECT_EQ(model.weights, weights);
}

TEST_F(ModelFileTest, HowItWasRunIsNoPartOfTheModel) {
  TrainJob many = job();
  many.workers = 7;
  many.shards = 3;
  ASSERT_TRUE(write_model(path_, job(), summary(), Floats{1}));
  const std::string one = read_file(path_).value();
  ASSERT_TRUE(write_model(path_, many, summary(), Floats{1}));
  EXPECT_EQ(read_file(path_).value(), one);
}

TEST_F(ModelFileTest, EveryDamageIsSeen) {
  ASSERT_TRUE(write_model(path_, job(), summary(), Floats{1, 2}));
  const std::string good = read_file(path_).value();
  const auto code_of = [&](const std::string& content) {
    EXPECT_TRUE(write_file_atomically(path_, content));
    const Result<ModelFile> model = read_model(path_);
    return model ? ErrorCode::internal : model.error().code;
  };
  for (std::size_t at = 0; at < good.size(); at += 7) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 4);
    EXPECT_EQ(code_of(bad), ErrorCode::corrupt) << "byte " << at;
  }
  for (const std::size_t size : {std::size_t{0}, std::size_t{8}, std::size_t{19}, good.size() - 1})
    EXPECT_EQ(code_of(good.substr(0, size)), ErrorCode::corrupt) << size << " bytes";
  EXPECT_EQ(code_of(good + "x"), ErrorCode::corrupt);
}

}  // namespace
}  // namespace krige::trainer
