// Trials that pause at the rungs of successive halving and go on from their checkpoints.
#include <fmt/format.h>
#include <gmock/gmock.h>

#include "tests/tuner/study/training_fixture.h"
#include "tuner/study/launch.h"

namespace krige::tuner {
namespace {

using testing::ElementsAre;

// Its only trial pauses after epoch 2, and goes on since there is no other.
constexpr const char* kPromoting = R"({
  "method": "random", "metric": {"name": "accuracy", "goal": "maximize", "reduce": "best"},
  "early_terminate": {"type": "asha", "min_iter": 2, "eta": 2, "promote": true},
  "parameters": {"learning_rate": {"type": "float", "min": 0.01, "max": 0.1}}, "budget": {"max_trials": 1},
  "train": {"model": "softmax", "data": {"path": "digits.csv", "label": "digit"}, "epochs": 4}})";

class PromotionTest : public TrainingFixture {
 protected:
  // The next attempt of the trial reports these epochs, of ten steps each, and ends so.
  void attempt(const std::vector<std::pair<int, double>>& accuracies, const Outcome& outcome) {
    const AttemptKey key = *bench_->wait_for(1);
    for (const auto& [epoch, accuracy] : accuracies)
      bench_->line(key, fmt::format(R"({{"step":{},"epoch":{},"accuracy":{}}})", 10 * epoch, epoch, accuracy));
    bench_->exit(key, outcome);
  }

  const Outcome paused_{.kind = Outcome::Kind::exited, .exit_code = kPausedExitCode};
  const Outcome lost_{.kind = Outcome::Kind::lost, .reason = "the machine went away"};
  const Outcome done_{.kind = Outcome::Kind::exited};
};

TEST_F(PromotionTest, WhatALostAttemptReportedIsReportedAgainAndCountsOnce) {
  const StudyId id = create(kPromoting);
  attempt({{1, 0.9}, {2, 0.5}}, paused_);
  attempt({{3, 0.625}}, lost_);
  attempt({{3, 0.75}, {4, 0.875}}, done_);
  ASSERT_TRUE(wait_for_state(id, StudyState::completed));
  const TrialDetail detail = engine_->trial(id, 1).value();
  EXPECT_EQ(detail.trial.value, 0.9) << "the best of all attempts";
  std::vector<std::pair<std::int64_t, AttemptId>> records;
  for (const Record& record : detail.records) records.emplace_back(record.step, record.attempt);
  EXPECT_THAT(records, ElementsAre(std::pair(10, 1), std::pair(20, 1), std::pair(30, 3), std::pair(40, 3)));
}

TEST_F(PromotionTest, LossesBeforeACheckpointDoNotCountAgainstTheTrial) {
  ASSERT_EQ(options_.max_lost_attempts, 2);
  const StudyId id = create(kPromoting);
  attempt({{1, 0.25}}, lost_);
  attempt({{1, 0.25}, {2, 0.5}}, paused_);
  attempt({{3, 0.625}}, lost_);
  attempt({{3, 0.625}, {4, 0.75}}, done_);
  ASSERT_TRUE(wait_for_state(id, StudyState::completed));
  EXPECT_EQ(trial(id, 1).state, TrialState::completed) << trial(id, 1).reason;
}

}  // namespace
}  // namespace krige::tuner
