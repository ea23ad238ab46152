#include "tuner/samplers/gp_history.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>

namespace krige::tuner {
namespace {

StudySpec spec_with(const std::string& goal) {
  const std::string json = R"({"metric": {"name": "m", "goal": ")" + goal +
                           R"("}, "parameters": {"x": {"type": "float", "min": 0, "max": 1}}})";
  return parse_study(parse_json(json).value()).value();
}

Trial trial_at(TrialId id, double x, TrialState state, std::optional<double> value = {}) {
  Trial trial;
  trial.id = id;
  trial.state = state;
  trial.params = {{"x", x}};
  trial.value = value;
  return trial;
}

TEST(GpHistory, EveryStateHasItsPlace) {
  const std::vector<Trial> trials{
      trial_at(1, 0.1, TrialState::completed, 5.0), trial_at(2, 0.2, TrialState::running),
      trial_at(3, 0.3, TrialState::failed),         trial_at(4, 0.4, TrialState::infeasible),
      trial_at(5, 0.5, TrialState::pruned, 7.0),    trial_at(6, 0.6, TrialState::pruned),
      trial_at(7, 0.7, TrialState::cancelled),      trial_at(8, 0.8, TrialState::waiting)};
  const StudySpec spec = spec_with("maximize");
  const GpHistory history = read_history(spec, 1, trials, 100);
  EXPECT_EQ(history.points.values, (std::vector{0.1, 0.5}));
  EXPECT_EQ(history.losses, (std::vector{-5.0, -7.0})) << "small is good";
  EXPECT_EQ(history.pending.values, (std::vector{0.2, 0.8}));
  EXPECT_EQ(history.labelled.values, (std::vector{0.1, 0.3, 0.4, 0.5})) << "pruned without a value says nothing";
  ASSERT_EQ(history.labels.size(), 4U);
  EXPECT_EQ(history.labels[0], 1);
  EXPECT_LT(history.labels[1], 0);
  EXPECT_LT(history.labels[2], history.labels[1]) << "a verdict weighs more than a failure";
  EXPECT_EQ(history.finished, 5U) << "all but the cancelled";
  EXPECT_EQ(history.tried(), 7U);
  EXPECT_TRUE(history.has_failures());
}

TEST(GpHistory, AVetoedPointIsAsOneWhoseResultIsStillToCome) {
  std::vector<Trial> trials{trial_at(1, 0.1, TrialState::completed, 5.0), trial_at(2, 0.2, TrialState::cancelled),
                            trial_at(3, 0.3, TrialState::cancelled), trial_at(4, 0.4, TrialState::running)};
  trials[2].suggestion.method = kVetoed;
  const GpHistory history = read_history(spec_with("minimize"), 1, trials, 100);
  EXPECT_EQ(history.pending.values, (std::vector{0.3, 0.4}));
  EXPECT_EQ(history.points.values, std::vector{0.1});
  EXPECT_EQ(history.labelled.values, std::vector{0.1});
  EXPECT_EQ(history.finished, 1U);
  EXPECT_EQ(history.tried(), 2U) << "it is no part of a design";
}

TEST(GpHistory, TheBestTheLatestAndSomeOfEveryRankStandForAll) {
  std::vector<Trial> trials;
  for (int i = 0; i < 1000; ++i) trials.push_back(trial_at(i + 1, i / 1000.0, TrialState::completed, (i * 337) % 1000));
  const StudySpec spec = spec_with("minimize");
  const GpHistory history = read_history(spec, 1, trials, 100);
  ASSERT_EQ(history.losses.size(), 100U);
  EXPECT_TRUE(std::ranges::is_sorted(history.points.values)) << "in the order of the trials";
  const auto has = [&](double loss) { return std::ranges::count(history.losses, loss) == 1; };
  for (int loss = 0; loss < 40; ++loss) EXPECT_TRUE(has(loss)) << loss;
  for (int i = 980; i < 1000; ++i) EXPECT_TRUE(has((i * 337) % 1000)) << i;
  EXPECT_GT(std::ranges::count_if(history.losses, [](double loss) { return loss > 500; }), 15);
  EXPECT_EQ(history.finished, 1000U);
  EXPECT_FALSE(history.has_failures());
}

TEST(GpHistory, ValuesThatAreNotFiniteTeachOnlyThatThereIsNone) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  const std::vector<Trial> trials{
      trial_at(1, 0.1, TrialState::infeasible, std::nan("")), trial_at(2, 0.2, TrialState::infeasible, kInfinity),
      trial_at(3, 0.3, TrialState::completed, -2.0), trial_at(4, 0.4, TrialState::pruned, -kInfinity),
      trial_at(5, 0.5, TrialState::pruned, std::nan(""))};
  const StudySpec spec = spec_with("minimize");
  const GpHistory history = read_history(spec, 1, trials, 100);
  EXPECT_EQ(history.losses, std::vector{-2.0});
  EXPECT_EQ(history.points.values, std::vector{0.3});
  EXPECT_EQ(history.labelled.values, (std::vector{0.1, 0.2, 0.3}));
  EXPECT_EQ(history.finished, 5U);
}

TEST(GpHistory, FailuresOutlastTheLimit) {
  std::vector<Trial> trials;
  for (int i = 0; i < 500; ++i) {
    const bool fails = i % 25 == 3;
    trials.push_back(trial_at(i + 1, i / 500.0, fails ? TrialState::failed : TrialState::completed,
                              fails ? std::nullopt : std::optional<double>(i)));
  }
  const StudySpec spec = spec_with("minimize");
  const GpHistory history = read_history(spec, 1, trials, 100);
  EXPECT_EQ(history.losses.size(), 100U);
  ASSERT_EQ(history.labels.size(), 100U);
  EXPECT_EQ(history.labelled.size(), 100U);
  EXPECT_EQ(std::ranges::count_if(history.labels, [](double label) { return label < 0; }), 20);
  EXPECT_TRUE(std::ranges::is_sorted(history.labelled.values));
  EXPECT_TRUE(std::ranges::is_sorted(history.points.values));
}

// The labels are cut to the limit on their own; what they say must not depend on where the cut falls.
TEST(GpHistory, KnowsOfFailuresOnEitherSideOfTheLimit) {
  const StudySpec spec = spec_with("minimize");
  for (const int completed : {98, 99, 100, 101, 150}) {
    std::vector<Trial> trials;
    for (int i = 0; i < completed; ++i) trials.push_back(trial_at(i + 1, i / 200.0, TrialState::completed, i));
    EXPECT_FALSE(read_history(spec, 1, trials, 100).has_failures()) << completed;
    trials.push_back(trial_at(completed + 1, 0.9, TrialState::failed));
    EXPECT_TRUE(read_history(spec, 1, trials, 100).has_failures()) << completed;
  }
}

TEST(GpHistory, TheTimeOfACompletedTrialIsThatOfItsLastAttempt) {
  std::vector<Trial> trials{trial_at(1, 0.1, TrialState::completed, 5.0), trial_at(2, 0.2, TrialState::completed, 6.0),
                            trial_at(3, 0.3, TrialState::pruned, 7.0), trial_at(4, 0.4, TrialState::completed, 8.0)};
  const auto attempt = [](int from, int to) {
    Attempt out;
    out.started_at = WallTime(std::chrono::seconds(from));
    out.ended_at = WallTime(std::chrono::seconds(to));
    return out;
  };
  trials[0].attempts = {attempt(0, 100), attempt(200, 210)};
  trials[2].attempts = {attempt(0, 5)};
  trials[3].attempts = {attempt(7, 7)};
  const StudySpec spec = spec_with("minimize");
  const GpHistory history = read_history(spec, 1, trials, 100);
  EXPECT_EQ(history.timed.values, (std::vector{0.1, 0.4})) << "a pruned trial did not take its full time";
  ASSERT_EQ(history.log_seconds.size(), 2U);
  EXPECT_DOUBLE_EQ(history.log_seconds[0], std::log(10));
  EXPECT_DOUBLE_EQ(history.log_seconds[1], std::log(1e-3));
}

}  // namespace
}  // namespace krige::tuner
