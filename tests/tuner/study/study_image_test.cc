#include "tuner/study/study_image.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace krige::tuner {
namespace {

StudySpec spec(const char* metric) {
  const std::string json =
      std::string(
          R"({"parameters": {"x": {"min": 0.0, "max": 1.0}}, "budget": {"max_trials": 3, "max_failures": 2}, "metric": )") +
      metric + "}";
  return parse_study(parse_json(json).value()).value();
}

Trial trial(TrialId id, TrialState state, std::optional<double> value = {}) {
  Trial t;
  t.id = id;
  t.state = state;
  t.value = value;
  t.params = {{"x", 0.1 * static_cast<double>(id)}};
  t.attempts.push_back({});
  t.ended_at = is_final(state) ? std::optional(WallTime(Millis(id))) : std::nullopt;
  return t;
}

void put(StudyImage& image, Trial t) {
  Change change;
  change.trials.push_back(std::move(t));
  EXPECT_TRUE(image.check(change));
  image.apply(change, 1);
}

void report(StudyImage& image, AttemptId attempt, std::int64_t step, double value) {
  Change change;
  change.records.push_back({1, attempt, step, {{"m", value}}});
  image.apply(change, 1);
}

TEST(StudyImage, BudgetCountsFinishedAndRunningButNotCancelled) {
  StudyImage image(spec(R"({"name": "m"})"), {}, {});
  put(image, trial(1, TrialState::completed, 1));
  put(image, trial(2, TrialState::cancelled));
  put(image, trial(3, TrialState::running));
  EXPECT_TRUE(image.budget_allows(1));
  put(image, trial(4, TrialState::running));
  EXPECT_FALSE(image.budget_allows(1));
  EXPECT_EQ(image.end_reason(), std::nullopt);  // two are still in flight
  put(image, trial(3, TrialState::completed, 2));
  put(image, trial(4, TrialState::infeasible));
  EXPECT_EQ(image.end_reason(), "max_trials");
}

TEST(StudyImage, BestFollowsTheGoal) {
  StudyImage maximize(spec(R"({"name": "m", "goal": "maximize"})"), {}, {});
  put(maximize, trial(1, TrialState::completed, 1));
  put(maximize, trial(2, TrialState::completed, 3));
  EXPECT_EQ(maximize.view().best->trial, 2);
  StudyImage minimize(spec(R"({"name": "m"})"), {},
                      {trial(1, TrialState::completed, 1), trial(2, TrialState::completed, 3)});
  EXPECT_EQ(minimize.view().best->trial, 1);
}

TEST(StudyImage, ValueIsTheLastOrTheBestOfTheCurrentAttempt) {
  StudyImage last(spec(R"({"name": "m"})"), {}, {}), best(spec(R"({"name": "m", "reduce": "best"})"), {}, {});
  for (StudyImage* image : {&last, &best}) {
    put(*image, trial(1, TrialState::running));
    EXPECT_TRUE(image->reduced(1).empty());
    report(*image, 1, 1, -9);
    report(*image, 2, 1, NAN);  // a second attempt begins anew
    report(*image, 2, 2, 1);
    report(*image, 2, 3, 4);
    EXPECT_EQ(image->reported_steps(1), 3);
  }
  EXPECT_EQ(last.reduced(1), (Metrics{{"m", 4}}));
  EXPECT_EQ(best.reduced(1), (Metrics{{"m", 1}}));
}

TEST(StudyImage, WhatIsReportedOfAStepAgainCountsInstead) {
  StudyImage last(spec(R"({"name": "m"})"), {}, {}), best(spec(R"({"name": "m", "reduce": "best"})"), {}, {});
  for (StudyImage* image : {&last, &best}) {
    put(*image, trial(1, TrialState::running));
    report(*image, 1, 2, 3);
    report(*image, 1, 1, -9);
    report(*image, 1, 1, 5);
  }
  EXPECT_EQ(last.reduced(1), (Metrics{{"m", 3}})) << "by step, not by when it came";
  EXPECT_EQ(best.reduced(1), (Metrics{{"m", 3}})) << "-9 is not in the store any more";
}

TEST(StudyImage, WhatIsReadFromTheStoreIsTakenInTheOrderInWhichItEnded) {
  StudyImage live(spec(R"({"name": "m"})"), {}, {trial(1, TrialState::running), trial(2, TrialState::running)});
  std::vector<Trial> stored;
  for (const TrialId id : {2, 1}) {
    Change change;
    change.trials.push_back(trial(id, TrialState::completed, 0.5));
    change.trials[0].ended_at = WallTime(Millis(7));  // both within a millisecond
    live.number_ends(change);
    live.apply(change, 1);
    stored.insert(stored.begin(), change.trials[0]);
  }
  EXPECT_EQ(live.view().best->trial, 2) << "the first of equals";
  const StudyImage again(spec(R"({"name": "m"})"), {}, stored);
  EXPECT_EQ(again.view().best->trial, 2);
  EXPECT_EQ(stored[0].end_number, 2);
}

TEST(StudyImage, FailuresInARowAreCountedInTheOrderOfTheirEnd) {
  StudyImage image(spec(R"({"name": "m"})"), {},
                   {trial(1, TrialState::failed), trial(2, TrialState::completed, 1), trial(3, TrialState::failed)});
  EXPECT_NE(image.end_reason(), "max_failures");
  put(image, trial(4, TrialState::failed));
  EXPECT_EQ(image.end_reason(), "max_failures");
}

TEST(StudyImage, IllegalStepsAreOurBug) {
  StudyImage image(spec(R"({"name": "m"})"), {}, {trial(1, TrialState::completed, 1)});
  Change change;
  change.trials.push_back(trial(1, TrialState::running));
  EXPECT_EQ(image.check(change).error().message, "trial 1 cannot go from COMPLETED to RUNNING");
}

TEST(StudyImage, WherePointsAreMeasuredAgainTheBestMeanOfSeveralCounts) {
  StudySpec repeated = spec(R"({"name": "m"})");
  repeated.repeats = 3;
  StudyImage image(repeated, {}, {});
  const auto measured = [](TrialId id, double x, double value) {
    Trial t = trial(id, TrialState::completed, value);
    t.params = {{"x", x}};
    return t;
  };
  put(image, measured(1, 0.5, 2));
  put(image, measured(2, 0.1, 1));  // lucky
  EXPECT_EQ(image.view().best->trial, 2);
  put(image, measured(3, 0.5, 4));
  EXPECT_EQ(image.view().best->trial, 1) << "measured twice, the other only once";
  EXPECT_EQ(image.view().best->value, 3);
  put(image, measured(4, 0.1, 6));
  EXPECT_EQ(image.view().best->value, 3) << "3 is below 3.5";
  put(image, measured(5, 0.1, -1));
  EXPECT_EQ(image.view().best->trial, 2);
  EXPECT_DOUBLE_EQ(image.view().best->value, 2);
  const StudyImage restored(repeated, {}, image.trials());
  EXPECT_EQ(restored.view().best->trial, 2);
}

TEST(StudyImage, TrialsWithoutABetterOneEndTheStudy) {
  StudySpec patient = spec(R"({"name": "m"})");
  patient.budget.max_trials.reset();
  patient.budget.no_improvement = 2;
  StudyImage image(patient, {}, {});
  put(image, trial(1, TrialState::failed));
  put(image, trial(2, TrialState::infeasible));
  EXPECT_EQ(image.end_reason(), std::nullopt) << "there is nothing yet that could be improved on";
  put(image, trial(3, TrialState::completed, 5));
  put(image, trial(4, TrialState::completed, 5));
  EXPECT_EQ(image.end_reason(), std::nullopt);
  put(image, trial(5, TrialState::completed, 4));
  put(image, trial(6, TrialState::cancelled));
  put(image, trial(7, TrialState::failed));
  EXPECT_EQ(image.end_reason(), std::nullopt) << "what was cancelled does not count";
  put(image, trial(8, TrialState::completed, 9));
  EXPECT_EQ(image.end_reason(), "no_improvement");
  EXPECT_EQ(StudyImage(patient, {}, image.trials()).end_reason(), "no_improvement") << "also after a restart";
}

}  // namespace
}  // namespace krige::tuner
