// Trials that end before they are done: by hand, or by the study's rule.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tests/tuner/study/support.h"
#include "tuner/study/engine.h"

namespace krige::tuner {
namespace {

using StoppingTest = EngineFixture;

TEST_F(StoppingTest, ATrialStoppedByHandKeepsWhatItHasReached) {
  const StudyId id = create(kLocal);
  const AttemptKey first = *bench_->wait_for(1);
  ASSERT_TRUE(bench_->wait_for(2));
  bench_->line(first, R"({"step":1,"loss":0.5})");
  ASSERT_TRUE(wait_until(id, [&](const StudyView&) { return !engine_->trial(id, 1)->records.empty(); }));
  EXPECT_EQ(engine_->stop_trial(id, 1)->state, TrialState::stopping);
  ASSERT_TRUE(wait_until(id, [&](const StudyView&) { return trial(id, 1).state == TrialState::pruned; }))
      << "the executor was told to stop it";
  EXPECT_EQ(trial(id, 1).value, 0.5);
  EXPECT_EQ(trial(id, 1).reason, "stopped by the user");
  EXPECT_EQ(trial(id, 1).attempts.back().state, AttemptState::cancelled);
  EXPECT_EQ(trial(id, 2).state, TrialState::running) << "the others go on";
  EXPECT_EQ(engine_->stop_trial(id, 1).error().code, ErrorCode::trial_finished);
  EXPECT_EQ(engine_->stop_trial(id, 9).error().code, ErrorCode::not_found);

  ASSERT_TRUE(engine_->stop_trial(id, 2));
  ASSERT_TRUE(wait_until(id, [&](const StudyView&) { return trial(id, 2).state == TrialState::cancelled; }))
      << "it has taught nothing, and uses up no budget";
  for (TrialId t = 3; t <= 5; ++t) bench_->succeed(*bench_->wait_for(t), "loss", 1);
  ASSERT_TRUE(wait_for_state(id, StudyState::completed));
  EXPECT_EQ(view(id).row.state_reason, "max_trials");
  EXPECT_EQ(view(id).best->trial, 3) << "what was stopped is not the best";
}

TEST_F(StoppingTest, AWorkerWhoseTrialIsStoppedIsToldAndItsLeaseIsNotRenewed) {
  const StudyId id = create(kOutside);
  const Assignment given = one(id, "w1");
  ASSERT_TRUE(engine_->report(id, given.trial, given.token, 1, {{"loss", 2}}));
  EXPECT_EQ(engine_->stop_trial(id, given.trial)->state, TrialState::stopping);
  EXPECT_EQ(engine_->stop_trial(id, given.trial)->state, TrialState::stopping) << "the same again changes nothing";
  EXPECT_NE(one(id, "w1").trial, given.trial) << "its worker has a hand free";
  clock_.advance(40s);
  const Lease told = engine_->heartbeat(id, given.trial, given.token).value();
  EXPECT_TRUE(told.should_stop);
  EXPECT_EQ(told.expires_at, clock_.wall_now() + 20s);
  EXPECT_TRUE(engine_->report(id, given.trial, given.token, 2, {{"loss", 3}})->should_stop);
  clock_.advance(21s);
  EXPECT_EQ(engine_->complete(id, given.trial, given.token, {.value = 0.0}).error().code, ErrorCode::trial_finished);
  EXPECT_EQ(trial(id, given.trial).state, TrialState::pruned);
  EXPECT_EQ(trial(id, given.trial).value, 3.0);
  EXPECT_EQ(trial(id, given.trial).attempts.back().state, AttemptState::cancelled);

  const Assignment second = one(id, "w2");
  ASSERT_TRUE(engine_->stop_trial(id, second.trial));
  EXPECT_EQ(engine_->complete(id, second.trial, second.token, {.value = 4.0})->state, TrialState::pruned)
      << "it has not come to its end by itself";
}

TEST_F(StoppingTest, ATrialThatWaitsIsStoppedAtOnce) {
  const StudyId id = create(kOutside);
  ASSERT_TRUE(engine_->add_trial(id, {.params = {{"x", 0.5}}, .state = {}, .value = {}, .reason = {}}));
  EXPECT_EQ(engine_->stop_trial(id, 1)->state, TrialState::cancelled);
  const Assignment lost = one(id, "w1");
  ASSERT_TRUE(engine_->report(id, lost.trial, lost.token, 1, {{"loss", 2}}));
  clock_.advance(61s);
  ASSERT_TRUE(engine_->pause(id));
  (void)engine_->heartbeat(id, lost.trial, "another's");  // what time has brought comes first
  ASSERT_EQ(trial(id, lost.trial).state, TrialState::waiting);
  const Trial stopped = engine_->stop_trial(id, lost.trial).value();
  EXPECT_EQ(stopped.state, TrialState::pruned);
  EXPECT_EQ(stopped.value, 2.0) << "what the lost attempt reported";
  EXPECT_EQ(stopped.attempts.back().state, AttemptState::lost);
  EXPECT_TRUE(stopped.ended_at);
}

TEST_F(StoppingTest, ATrialThatWasStoppingEndsWithItsValueAfterTheServerDied) {
  const StudyId local = create(kLocal), outside = create(kOutside);
  bench_->line(*bench_->wait_for(1), R"({"step":1,"loss":0.5})");
  ASSERT_TRUE(wait_until(local, [&](const StudyView&) { return !engine_->trial(local, 1)->records.empty(); }));
  const Assignment given = one(outside, "w1");
  ASSERT_TRUE(engine_->report(outside, given.trial, given.token, 1, {{"loss", 2}}));
  ASSERT_TRUE(engine_->stop_trial(outside, given.trial));
  engine_.reset();
  // As it would be in the store had the server died while the attempt was being stopped.
  Change died;
  died.study = local;
  died.epoch = storage_->take_over(local).value();
  died.trials = {storage_->trials(local)->at(0)};
  died.trials[0].state = TrialState::stopping;
  died.trials[0].reason = "stopped by the user";
  died.trials[0].attempts.back().state = AttemptState::running;
  ASSERT_TRUE(storage_->commit(died));
  open();
  ASSERT_TRUE(wait_until(local, [&](const StudyView&) { return trial(local, 1).state == TrialState::pruned; }));
  EXPECT_EQ(trial(local, 1).value, 0.5);
  EXPECT_EQ(trial(outside, given.trial).state, TrialState::stopping);
  clock_.advance(61s);
  (void)engine_->suggest(outside, 1, "w2", 1ms);
  EXPECT_EQ(trial(outside, given.trial).state, TrialState::pruned) << "its worker did not come back";
  EXPECT_EQ(trial(outside, given.trial).value, 2.0);
}

constexpr const char* kMedian = R"("early_terminate": {"type": "median", "min_trials": 1}, "budget")";

std::string with_median(const char* study) {
  std::string json = study;
  return json.replace(json.find("\"budget\""), 8, kMedian);
}

TEST_F(StoppingTest, ATrialThatFallsBehindIsPrunedWithWhatItHadReached) {
  const StudyId id = create(with_median(kLocal).c_str());
  bench_->line(*bench_->wait_for(1), R"({"step":1,"loss":1})");
  ASSERT_TRUE(wait_until(id, [&](const StudyView&) { return !engine_->trial(id, 1)->records.empty(); }));
  const AttemptKey behind = *bench_->wait_for(2);
  bench_->line(behind, R"({"step":1,"loss":5})");
  ASSERT_TRUE(wait_until(id, [&](const StudyView&) { return trial(id, 2).state == TrialState::pruned; }))
      << "the executor was told to stop it";
  EXPECT_EQ(trial(id, 2).reason, "not among the best 1 of 1 trials at step 1");
  EXPECT_EQ(trial(id, 2).value, 5.0);
  EXPECT_EQ(trial(id, 2).attempts.back().state, AttemptState::cancelled);
  EXPECT_EQ(trial(id, 1).state, TrialState::running);
  EXPECT_EQ(view(id).best.has_value(), false) << "what was pruned is not the best";
}

TEST_F(StoppingTest, AWorkerOutsideIsToldToStopAndItsResultIsPruned) {
  const StudyId id = create(with_median(kOutside).c_str());
  const Assignment first = one(id, "w1");
  const Assignment second = one(id, "w2");
  EXPECT_FALSE(engine_->report(id, first.trial, first.token, 1, {{"loss", 1}})->should_stop);
  EXPECT_TRUE(engine_->report(id, second.trial, second.token, 1, {{"loss", 5}})->should_stop);
  EXPECT_EQ(trial(id, second.trial).state, TrialState::stopping);
  EXPECT_TRUE(engine_->heartbeat(id, second.trial, second.token)->should_stop);
  EXPECT_EQ(engine_->complete(id, second.trial, second.token, {.value = 4.5})->state, TrialState::pruned);
  EXPECT_EQ(engine_->complete(id, second.trial, second.token, {.value = 4.5})->state, TrialState::pruned)
      << "the same again is no conflict";
  EXPECT_EQ(trial(id, second.trial).value, 4.5);
  EXPECT_EQ(view(id).trial_counts.at(TrialState::pruned), 1);
}

TEST_F(StoppingTest, APrunedWorkerThatIsNeverSeenAgainEndsByItsLease) {
  const StudyId id = create(with_median(kOutside).c_str());
  const Assignment first = one(id, "w1");
  const Assignment second = one(id, "w2");
  ASSERT_TRUE(engine_->report(id, first.trial, first.token, 1, {{"loss", 1}}));
  ASSERT_TRUE(engine_->report(id, second.trial, second.token, 1, {{"loss", 5}}));
  clock_.advance(61s);
  (void)engine_->suggest(id, 1, "w3", 1ms);  // wakes the study
  ASSERT_TRUE(wait_until(id, [&](const StudyView&) { return trial(id, second.trial).state == TrialState::pruned; }));
  EXPECT_EQ(trial(id, second.trial).value, 5.0);
}

TEST_F(StoppingTest, CurvesOfBeforeARestartCount) {
  const StudyId id = create(with_median(kOutside).c_str());
  const Assignment first = one(id, "w1");
  ASSERT_TRUE(engine_->report(id, first.trial, first.token, 1, {{"loss", 1}}));
  ASSERT_TRUE(engine_->complete(id, first.trial, first.token, {.value = 1.0}));
  engine_.reset();
  open();
  const Assignment second = one(id, "w2");
  EXPECT_TRUE(engine_->report(id, second.trial, second.token, 1, {{"loss", 5}})->should_stop);
}

}  // namespace
}  // namespace krige::tuner
