#include "tuner/study/overview.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace krige::tuner {
namespace {

Trial trial(TrialId id, TrialState state, std::optional<double> value = {}) {
  Trial t;
  t.id = id;
  t.state = state;
  t.value = value;
  return t;
}

const ShownObjective kLoss{"loss", Goal::minimize, false};

TEST(History, SplitsWhatEndedByHowItEnded) {
  std::vector<Trial> trials{trial(1, TrialState::completed, 3), trial(2, TrialState::pruned, 1),
                            trial(3, TrialState::failed),       trial(4, TrialState::completed, 2),
                            trial(5, TrialState::cancelled),    trial(6, TrialState::running),
                            trial(7, TrialState::completed, 1)};
  trials[6].constraints = {{"memory", 99, false}};
  const TrialHistory history = history_of(trials, kLoss);
  EXPECT_EQ(history.completed, (std::vector<ChartPoint>{{1, 3}, {4, 2}, {7, 1}}));
  EXPECT_EQ(history.pruned, (std::vector<ChartPoint>{{2, 1}}));
  EXPECT_EQ(history.lost, (std::vector<TrialId>{3}));
  EXPECT_EQ(history.improvements, (std::vector<ChartPoint>{{1, 3}, {4, 2}})) << "the last misses a constraint";
}

TEST(Thinned, KeepsItsEndsAndEverySpike) {
  std::vector<ChartPoint> points;
  for (int i = 0; i < 1000; ++i) points.emplace_back(i, i == 400 ? -9 : i == 777 ? 99 : i % 3);
  const std::vector<ChartPoint> few = thinned(points, 50);
  EXPECT_LE(few.size(), 50U);
  EXPECT_TRUE(std::ranges::is_sorted(few));
  EXPECT_EQ(few.front(), points.front());
  EXPECT_EQ(few.back(), points.back());
  EXPECT_EQ(std::ranges::count(few, ChartPoint(400, -9)), 1);
  EXPECT_EQ(std::ranges::count(few, ChartPoint(777, 99)), 1);
  EXPECT_EQ(thinned(points, 2).size(), 2U);
  EXPECT_EQ(thinned({}, 2).size(), 0U);
}

std::vector<Trial> many(TrialId count) {
  std::vector<Trial> trials;
  for (TrialId id = 1; id <= count; ++id)
    trials.push_back(trial(id, TrialState::completed, static_cast<double>(id * 37 % count)));
  return trials;
}

TEST(Sample, HasTheBestThoseThatAreKeptAndAnEvenChoiceOfTheOthers) {
  const std::vector<Trial> trials = many(1000);
  const TrialSample sample = sample_of(trials, kLoss, 100, 100, {123});
  EXPECT_EQ(sample.trials.size(), 100U);
  EXPECT_EQ(sample.valued, 1000U);
  EXPECT_TRUE(std::ranges::is_sorted(sample.trials));
  EXPECT_EQ(std::ranges::adjacent_find(sample.trials), sample.trials.end());
  EXPECT_TRUE(std::ranges::binary_search(sample.trials, 123));
  const auto value = [&](TrialId id) { return *trials[static_cast<std::size_t>(id - 1)].value; };
  EXPECT_EQ(std::ranges::count_if(sample.trials, [&](TrialId id) { return value(id) < 10; }), 10);
  for (TrialId from = 1; from <= 1000; from += 250)
    EXPECT_GE(std::ranges::count_if(sample.trials, [&](TrialId id) { return id >= from && id < from + 250; }), 15);
}

TEST(Sample, OfTheBestPartOnlyAndAtLeastOne) {
  EXPECT_EQ(sample_of(many(1000), kLoss, 5, 100, {}).chosen, 50U);
  EXPECT_EQ(sample_of(many(10), kLoss, 1, 100, {}).trials.size(), 1U);
  EXPECT_TRUE(sample_of({trial(1, TrialState::failed)}, kLoss, 100, 100, {}).trials.empty());
}

TEST(Sample, TheDistributionIsOfAllFromTheBestToTheWorst) {
  const std::vector<double> of = sample_of(many(1000), {"m", Goal::maximize, false}, 5, 10, {}).distribution;
  EXPECT_EQ(of.size(), 201U);
  EXPECT_EQ(of.front(), 999);
  EXPECT_EQ(of.back(), 0);
  EXPECT_TRUE(std::ranges::is_sorted(of, std::greater()));
  EXPECT_EQ(sample_of({trial(1, TrialState::completed, 4)}, kLoss, 100, 10, {}).distribution, std::vector<double>{4});
}

TEST(ShownObjective, IsTheOneThatIsNamedOrTheFirst) {
  StudySpec one;
  one.metric.name = "loss";
  EXPECT_EQ(shown_objective(one, "")->name, "loss");
  EXPECT_FALSE(shown_objective(one, "speed"));
  StudySpec two;
  two.objectives.resize(2);
  two.objectives[0].name = "loss";
  two.objectives[1].name = "speed";
  EXPECT_EQ(shown_objective(two, "")->name, "loss");
  const auto speed = shown_objective(two, "speed");
  ASSERT_TRUE(speed);
  Trial t = trial(1, TrialState::completed);
  t.values = {{"loss", 1}, {"speed", 5}};
  EXPECT_EQ(speed->of(t), 5);
  t.values[1].second = NAN;
  EXPECT_EQ(speed->of(t), std::nullopt);
}

}  // namespace
}  // namespace krige::tuner
