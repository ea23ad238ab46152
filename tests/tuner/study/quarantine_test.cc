#include "tuner/study/quarantine.h"

#include <gtest/gtest.h>

#include "tests/tuner/study/support.h"

namespace krige::tuner {
namespace {

using namespace std::chrono_literals;

Attempt ended(const std::string& worker, AttemptState state, Millis at) {
  Attempt attempt;
  attempt.worker = worker;
  attempt.state = state;
  attempt.ended_at = WallTime(at);
  return attempt;
}

TEST(Quarantine, ThreeFailuresWithinAMinute) {
  Quarantine quarantine({});
  for (const Millis at : {0s, 30s, 61s}) quarantine.note(ended("slow", AttemptState::failed, at));
  EXPECT_FALSE(quarantine.until("slow", WallTime(61s)));
  for (const Millis at : {0s, 30s, 60s}) quarantine.note(ended("fast", AttemptState::failed, at));
  EXPECT_EQ(quarantine.until("fast", WallTime(60s)), WallTime(60s + 5min));
  EXPECT_FALSE(quarantine.until("fast", WallTime(60s + 5min)));
  EXPECT_FALSE(quarantine.until("other", WallTime(60s)));
}

TEST(Quarantine, WhatSaysNothingOfTheWorkerIsNotCounted) {
  Quarantine quarantine({});
  for (int i = 0; i < 5; ++i) quarantine.note(ended("w", AttemptState::lost, Millis(i)));
  for (int i = 0; i < 5; ++i) quarantine.note(ended("w", AttemptState::cancelled, Millis(i)));
  EXPECT_FALSE(quarantine.until("w", WallTime(5ms)));
}

TEST(Quarantine, ASuccessBeginsTheCountAnew) {
  Quarantine quarantine({});
  for (int i = 0; i < 10; ++i)
    quarantine.note(ended("w", i % 3 == 2 ? AttemptState::succeeded : AttemptState::failed, Millis(i)));
  EXPECT_FALSE(quarantine.until("w", WallTime(10ms)));
}

TEST(Quarantine, WhoFailsAgainAtOnceStaysLongerUpToABound) {
  Quarantine quarantine({});
  WallTime time(0s);
  for (int i = 0; i < 2; ++i) quarantine.note(ended("w", AttemptState::failed, time.time_since_epoch()));
  for (const Millis length :
       {Millis(5min), Millis(10min), Millis(20min), Millis(40min), Millis(60min), Millis(60min)}) {
    EXPECT_EQ(quarantine.until_after_failure("w", time), time + length);
    quarantine.note(ended("w", AttemptState::failed, time.time_since_epoch()));
    EXPECT_EQ(quarantine.until("w", time), time + length);
    time += length;
  }
}

constexpr const char* kStudy = R"({
  "name": "outside", "method": "METHOD", "seed": 3, "metric": {"name": "loss", "goal": "minimize"},
  "parameters": {"x": {"type": "float", "min": 0, "max": 1}}, "budget": {"max_trials": 6}})";

class QuarantineTest : public EngineFixture {
 protected:
  StudyId create_of(const std::string& method) {
    std::string json = kStudy;
    json.replace(json.find("METHOD"), 6, method);
    return create(json);
  }
  void fail(const StudyId& id, const std::string& worker) {
    const Assignment given = one(id, worker);
    EXPECT_TRUE(engine_->complete(id, given.trial, given.token, {.state = TrialState::failed, .reason = "no GPU"}));
  }
};

TEST_F(QuarantineTest, ABrokenWorkerGetsNoMoreTrialsAndTheBudgetIsKeptForTheOthers) {
  for (const char* method : {"random", "gp"}) {
    const StudyId id = create_of(method);
    for (int i = 0; i < 3; ++i) fail(id, "broken");
    EXPECT_EQ(view(id).trial_counts.at(TrialState::failed), 2) << "the third was the worker's fault";
    SuggestAnswer refused = engine_->suggest(id, 1, "broken", 10s).value();
    EXPECT_EQ(refused.kind, SuggestAnswer::Kind::nothing_now);
    EXPECT_EQ(refused.retry_after, Millis(5min));
    EXPECT_NE(refused.reason.find("broken"), std::string::npos);
    engine_.reset();
    open();  // it is still known
    EXPECT_EQ(engine_->suggest(id, 1, "broken", 10s)->kind, SuggestAnswer::Kind::nothing_now);
    for (int i = 0; i < 4; ++i) {
      const Assignment given = one(id, "good");
      EXPECT_TRUE(engine_->complete(id, given.trial, given.token, {.value = 1.0}));
    }
    EXPECT_TRUE(wait_for_state(id, StudyState::completed));
    EXPECT_EQ(view(id).trial_counts.at(TrialState::completed), 4);
    EXPECT_EQ(trial(id, 3).attempts.size(), 2U);
    EXPECT_EQ(storage_->last_event(id, "WORKER_QUARANTINED").value()->time, clock_.wall_now());
  }
}

TEST_F(QuarantineTest, AfterItsTimeAWorkerMayTryAgain) {
  const StudyId id = create_of("random");
  for (int i = 0; i < 3; ++i) fail(id, "w");
  clock_.advance(5min);
  fail(id, "w");
  EXPECT_EQ(engine_->suggest(id, 1, "w", 10s)->retry_after, Millis(10min));
  clock_.advance(10min);
  const Assignment given = one(id, "w");
  EXPECT_EQ(given.trial, 3) << "it was spared twice";
  EXPECT_TRUE(engine_->complete(id, given.trial, given.token, {.value = 1.0}));
  EXPECT_EQ(one(id, "w").trial, 4);
}

TEST_F(QuarantineTest, ATrialThatFailsWithEveryWorkerIsFailedInTheEnd) {
  const StudyId id = create_of("random");
  for (int i = 0; i < 2; ++i) fail(id, "w");
  for (int i = 0; i < 4; ++i) {
    fail(id, "w");
    clock_.advance(1h);
  }
  EXPECT_EQ(trial(id, 3).state, TrialState::failed);
  EXPECT_EQ(trial(id, 3).attempts.size(), 4U);
}

TEST_F(QuarantineTest, ARetryWaitsLongerEachTime) {
  options_.retry_pause = 1s;
  options_.longest_retry_pause = 3s;
  open();
  std::string json = kStudy;
  json.replace(json.find("METHOD"), 6, "random");
  json.replace(json.find("\"budget\""), 8, "\"retries\": 4, \"budget\"");
  json.replace(json.find("\"max_trials\": 6"), 15, "\"max_trials\": 1");
  const StudyId id = create(json);
  int worker = 0;
  for (const Millis pause : {1000ms, 2000ms, 3000ms, 3000ms}) {
    fail(id, "w" + std::to_string(worker++));
    clock_.advance(pause - 1ms);
    EXPECT_TRUE(engine_->suggest(id, 1, "early", 0ms)->trials.empty()) << pause.count();
    clock_.advance(1ms);
  }
  fail(id, "w" + std::to_string(worker));
  EXPECT_EQ(trial(id, 1).state, TrialState::failed);
  EXPECT_EQ(trial(id, 1).attempts.size(), 5U);
}

}  // namespace
}  // namespace krige::tuner
