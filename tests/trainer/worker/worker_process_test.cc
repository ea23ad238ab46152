// When a worker's tasks run, held by its process: the test is its coordinator and its shards.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "base/ids.h"
#include "tests/trainer/member_process.h"
#include "trainer/data/dataset.h"
#include "trainer/job_text.h"
#include "trainer/models/model.h"
#include "trainer/worker/worker.h"

namespace krige::trainer {
namespace {

class WorkerProcessTest : public ::testing::Test {
 protected:
  static constexpr std::size_t kShards = 2;

  void SetUp() override { start(); }

  // A worker of the job; another one in its place.
  void start() {
    for (auto& link : links_) link.reset();
    control_.reset();
    process_.reset();
    summary_.reset();
    for (std::size_t s = 0; s < kShards; ++s) {
      pulls_[s] = offers_[s] = 0;
      pushes_[s].clear();
    }
    job_.model = ModelKind::linear;
    job_.data.path = KRIGE_SOURCE_DIR "/examples/data/diabetes.csv";
    job_.data.label = "progression";
    job_.data.validation = 0.0;
    job_.shards = kShards;
    job_.batch_size = 64;
    job_.epochs = 2;
    process_.emplace(loop_.loop(), kShards, [this](const MemberArguments& arguments) {
      ::setenv("KRIGE_CACHE_DIR", cache_.c_str(), 1);
      return run_worker(arguments);
    });
    control_ = process_->control([this](const Frame& frame) -> Status {
      if (frame.type == MessageType::ready) {
        KRIGE_TRY(const Ready ready, decode<Ready>(frame));
        summary_ = parse_data_summary(ready.summary).value();
      }
      if (frame.type == MessageType::evaluation) ++evaluations_;
      return {};
    });
    control_->send(MemberProcess::kJob, Assignment{0, 0, 0, job_text(job_)});
    for (std::size_t s = 0; s < kShards; ++s)
      links_[s] = process_->link(s, [this, s](const Frame& frame) -> Status {
        if (frame.type == MessageType::pull) ++pulls_[s];
        if (frame.type == MessageType::assist) ++offers_[s];
        if (frame.type == MessageType::push) {
          KRIGE_TRY(const Push push, decode<Push>(frame));
          pushes_[s].push_back(push.clock);
          gradients_[s].assign(push.values.begin(), push.values.end());
        }
        return {};
      });
    ASSERT_TRUE(loop_.run_until([this] { return summary_ && pulls_[0] + pulls_[1] == 2; }));
    weights_.assign(make_model(job_, *summary_).value()->parameters(), 0.0F);
  }
  void TearDown() override { std::filesystem::remove_all(cache_); }

  void answer(std::size_t shard, std::uint64_t clock) {
    const KeyRange keys = part_of(weights_.size(), kShards, shard);
    Weights weights{clock, clock, clock, {}};
    weights.weights = std::span<const float>(weights_).subspan(keys.begin, keys.size());
    links_[shard]->send(MemberProcess::kJob, weights);
  }
  // The worker has dealt with all that came before: it answers an evaluation while it waits.
  [[nodiscard]] bool is_waiting() {
    const int before = evaluations_;
    control_->send(MemberProcess::kJob, Evaluate{1, false, weights_});
    return loop_.run_until([&] { return evaluations_ > before; });
  }

  std::string cache_ = ::testing::TempDir() + "/krige_worker_" + random_id(16);
  TrainJob job_ = [] {
    TrainJob job;
    job.mode = TrainMode::asp;
    return job;
  }();
  PatientLoop loop_;
  std::optional<MemberProcess> process_;
  std::unique_ptr<Channel> control_;
  std::unique_ptr<Channel> links_[kShards];
  std::optional<DataSummary> summary_;
  Floats weights_;
  int pulls_[kShards]{};
  int offers_[kShards]{};
  std::vector<std::uint64_t> pushes_[kShards];
  std::vector<float> gradients_[kShards];  // the last that was pushed
  int evaluations_ = 0;
};

// Li et al., OSDI 2014, section 3.4: a task runs only after those that it waits for, and once.
TEST_F(WorkerProcessTest, AMinibatchRunsOnceAfterAllShardsHaveAnswered) {
  for (std::uint64_t clock = 0; clock < 4; ++clock) {
    answer(clock % kShards, clock);
    ASSERT_TRUE(is_waiting());
    for (const auto& pushes : pushes_) EXPECT_EQ(pushes.size(), clock);
    answer(1 - clock % kShards, clock);
    ASSERT_TRUE(loop_.run_until([&] { return pushes_[0].size() > clock && pushes_[1].size() > clock; }));
    ASSERT_TRUE(is_waiting());
    for (const auto& pushes : pushes_) {
      ASSERT_EQ(pushes.size(), clock + 1);
      EXPECT_EQ(pushes.back(), clock);
    }
  }
}

// Two workers; the other one does not come, or has come to one of the shards, which has then sent the weights of the
// next minibatch. What is missing is computed with those of the one that it is missing of.
TEST_F(WorkerProcessTest, AssistsAlsoWhereAShardHasGoneOn) {
  job_.mode = TrainMode::bsp;
  job_.workers = 2;
  std::optional<std::vector<std::vector<float>>> undisturbed;
  for (const std::optional<std::size_t> ahead : {std::optional<std::size_t>(), {0}, {1}}) {
    start();
    for (std::size_t s = 0; s < kShards; ++s) answer(s, 0);
    ASSERT_TRUE(loop_.run_until([&] { return offers_[0] > 0; }));
    if (ahead) {
      weights_.assign(weights_.size(), 1.0F);
      answer(*ahead, 1);
      ASSERT_TRUE(is_waiting());
    }
    const std::size_t behind = ahead == 0U ? 1 : 0;
    const int offers = offers_[behind];
    links_[0]->send(MemberProcess::kJob, MissingBlocks{0, {}});
    ASSERT_TRUE(loop_.run_until([&] { return offers_[behind] > offers; }));
    const std::size_t pushed = pushes_[behind].size();
    links_[behind]->send(MemberProcess::kJob, MissingBlocks{0, {1}});
    ASSERT_TRUE(loop_.run_until([&] { return pushes_[0].size() > pushed && pushes_[1].size() > pushed; }));
    const std::vector<std::vector<float>> gradients(std::begin(gradients_), std::end(gradients_));
    if (!undisturbed) undisturbed = gradients;
    EXPECT_EQ(gradients, *undisturbed);
  }
}

}  // namespace
}  // namespace krige::trainer
