#include "tuner/study/early_stop.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"

namespace krige::tuner {
namespace {

EarlyTerminate rule(EarlyTerminateKind kind) {
  EarlyTerminate out;
  out.kind = kind;
  return out;
}

// Trials 1, 2, …, each with one value a step from 1.
Curves curves_of(const std::vector<std::vector<double>>& trials) {
  Curves curves;
  for (std::size_t t = 0; t < trials.size(); ++t)
    for (std::size_t s = 0; s < trials[t].size(); ++s)
      curves.add(static_cast<TrialId>(t + 1), 1, static_cast<std::int64_t>(s + 1), trials[t][s]);
  return curves;
}

TEST(Curves, OfTheLastAttemptAscendingWithoutNaN) {
  Curves curves;
  curves.add(1, 1, 1, 5);
  curves.add(1, 1, 3, NAN);
  curves.add(1, 1, 3, 4);
  curves.add(1, 1, 3, 3);
  curves.add(1, 1, 2, 9);
  EXPECT_EQ(curves.of(1), (Curve{{1, 5}, {2, 9}, {3, 3}})) << "as a store gives them, whenever they came";
  EXPECT_EQ(curves.best_by(1, 3, -1), -9);
  curves.add(1, 1, 2, NAN);
  EXPECT_EQ(curves.of(1), (Curve{{1, 5}, {3, 3}}));
  EXPECT_EQ(curves.best_by(1, 3, -1), -5);
  curves.add(1, 2, 1, 7);
  curves.add(1, 1, 9, 0);
  EXPECT_EQ(curves.of(1), (Curve{{1, 7}})) << "a new attempt begins anew, and the old one's stragglers do not count";
  EXPECT_TRUE(curves.of(8).empty());
}

// Against a look at every point, for steps that are even and for such that are not.
TEST(Curves, TheBestByAStepIsThatOfAllPointsUpToIt) {
  Rng rng(5);
  for (int round = 0; round < 200; ++round) {
    Curves curves;
    std::int64_t step = 0;
    const std::uint64_t gap = round % 2 == 0 ? 1 : 40;
    for (std::uint64_t n = 1 + rng.below(60); n > 0; --n)
      curves.add(2, 1, step += 1 + static_cast<std::int64_t>(rng.below(gap)), rng.uniform() - 0.5);
    const Curve& curve = curves.of(2);
    for (std::int64_t at = 0; at <= step + 2; ++at) {
      double low = curve[0].second, high = curve[0].second;
      for (const auto& [of, value] : curve) {
        if (of > at) continue;
        low = std::min(low, value);
        high = std::max(high, value);
      }
      const bool got_there = step >= at;
      EXPECT_EQ(curves.best_by(2, at, 1), got_there ? std::optional(low) : std::nullopt) << at;
      EXPECT_EQ(curves.best_by(2, at, -1), got_there ? std::optional(-high) : std::nullopt) << at;
    }
    EXPECT_EQ(curves.best_by(1, 1, 1), std::nullopt);
    EXPECT_EQ(curves.best_by(3, 1, 1), std::nullopt);
  }
}

TEST(Curves, OfAttemptsThatGoOnAreOne) {
  Curves curves(true);
  curves.add(1, 1, 1, 5);
  curves.add(1, 1, 3, 4);
  curves.add(1, 2, 4, 3);
  EXPECT_EQ(curves.of(1), (Curve{{1, 5}, {3, 4}, {4, 3}}));
  curves.add(1, 3, 3, 9);  // from an older checkpoint
  EXPECT_EQ(curves.of(1), (Curve{{1, 5}, {3, 9}}));
  EXPECT_EQ(curves.best_by(1, 3, 1), 5);
}

TEST(Promotion, ToTheNextRungOfTheBracket) {
  EarlyTerminate early = rule(EarlyTerminateKind::asha);
  early.promote = true;
  early.max_iter = 27;
  early.halvings = 2;
  EXPECT_EQ(next_rung(early, 1, 0), 3);
  EXPECT_EQ(next_rung(early, 1, 3), 9);
  EXPECT_EQ(next_rung(early, 1, 9), std::nullopt);
  early.brackets = 2;
  EXPECT_EQ(next_rung(early, 2, 0), 9);
}

TEST(Promotion, OfTheBestThirdOfThoseThatGotThereHighestRungFirst) {
  EarlyTerminate early = rule(EarlyTerminateKind::asha);
  early.promote = true;
  const std::vector<std::vector<double>> two{{5}, {4}};
  EXPECT_EQ(to_promote(early, Goal::minimize, curves_of(two), {1, 2}), std::nullopt) << "fewer than eta";
  EXPECT_EQ(furthest(Goal::minimize, curves_of(two), {1, 2}), 2);
  const Curves three = curves_of({{5}, {4}, {6}});
  EXPECT_EQ(to_promote(early, Goal::minimize, three, {1, 2, 3}), 2);
  EXPECT_EQ(to_promote(early, Goal::maximize, three, {1, 2, 3}), 3);
  EXPECT_EQ(to_promote(early, Goal::minimize, three, {1, 3}), std::nullopt) << "2 has gone on already";
  // 1, 2 and 3 are at the second rung, 4 to 9 at the first.
  const Curves more = curves_of({{1, 1, 7}, {1, 1, 8}, {1, 1, 9}, {2}, {3}, {3}, {3}, {3}, {0.5}});
  EXPECT_EQ(to_promote(early, Goal::minimize, more, {1, 2, 3, 4, 5, 9}), 1);
  EXPECT_EQ(to_promote(early, Goal::minimize, more, {2, 3, 4, 5, 9}), 9);
  EXPECT_EQ(reason_to_stop(early, Goal::minimize, more, 5), std::nullopt) << "nothing is stopped, all pause";
}

TEST(Rungs, RiseByEtaFromTheFirstOrFallFromTheLast) {
  EarlyTerminate early = rule(EarlyTerminateKind::hyperband);
  early.min_iter = 3;
  const auto rising = rungs(early);
  EXPECT_EQ(std::vector(rising.begin(), rising.begin() + 4), (std::vector<std::int64_t>{3, 9, 27, 81}));
  early.max_iter = 27;
  early.halvings = 2;
  EXPECT_EQ(rungs(early), (std::vector<std::int64_t>{3, 9})) << "as W&B documents max_iter 27 and s 2";
}

TEST(ReasonToStop, MedianStopsTheWorseHalfOnceEnoughOthersGotThere) {
  EarlyTerminate early = rule(EarlyTerminateKind::median);
  early.min_trials = 3;
  const Curves few = curves_of({{1, 1}, {2, 2}, {9}});
  EXPECT_EQ(reason_to_stop(early, Goal::minimize, few, 3), std::nullopt);
  const Curves enough = curves_of({{1, 1}, {2, 2}, {3, 3}, {9}, {2.5}});
  EXPECT_EQ(reason_to_stop(early, Goal::minimize, enough, 4), "not among the best 2 of 4 trials at step 1");
  EXPECT_EQ(reason_to_stop(early, Goal::maximize, enough, 4), std::nullopt);
  EXPECT_EQ(reason_to_stop(early, Goal::minimize, enough, 1), std::nullopt);
}

TEST(ReasonToStop, ATrialCountsWithTheBestItHadByThen) {
  EarlyTerminate early = rule(EarlyTerminateKind::median);
  early.min_trials = 2;
  // Trial 3 was at 1 once: what it shows now is noise. Trials 1 and 2 were better only later.
  const Curves curves = curves_of({{5, 5, 0}, {4, 4, 0}, {1, 8}});
  EXPECT_EQ(reason_to_stop(early, Goal::minimize, curves, 3), std::nullopt);
}

TEST(ReasonToStop, NothingStopsBeforeMinIter) {
  EarlyTerminate early = rule(EarlyTerminateKind::percentile);
  early.percentile = 25;
  early.min_trials = 1;
  early.min_iter = 2;
  EXPECT_EQ(reason_to_stop(early, Goal::minimize, curves_of({{1, 1}, {9}}), 2), std::nullopt);
  EXPECT_NE(reason_to_stop(early, Goal::minimize, curves_of({{1, 1}, {9, 9}}), 2), std::nullopt);
}

TEST(ReasonToStop, HalvingKeepsOneOfEtaAtEachRungOnly) {
  EarlyTerminate early = rule(EarlyTerminateKind::asha);
  early.min_iter = 2;
  early.eta = 2;
  EXPECT_EQ(reason_to_stop(early, Goal::minimize, curves_of({{1, 1}, {9}}), 2), std::nullopt) << "not at a rung";
  EXPECT_EQ(reason_to_stop(early, Goal::minimize, curves_of({{1, 1}, {9, 9}}), 2),
            "not among the best 1 of 2 trials at step 2");
  EXPECT_EQ(reason_to_stop(early, Goal::minimize, curves_of({{1, 1, 1}, {9, 9, 9}}), 2), std::nullopt)
      << "between rungs nobody is compared";
  EXPECT_EQ(reason_to_stop(early, Goal::minimize, curves_of({{9, 9}}), 1), std::nullopt) << "alone at the rung";
}

TEST(ReasonToStop, ARungThatAReportJumpsOverCounts) {
  EarlyTerminate early = rule(EarlyTerminateKind::asha);
  early.min_iter = 2;
  early.eta = 2;
  Curves curves = curves_of({{1, 1, 1}});
  curves.add(2, 1, 1, 9);
  curves.add(2, 1, 3, 9);
  EXPECT_NE(reason_to_stop(early, Goal::minimize, curves, 2), std::nullopt);
}

TEST(ReasonToStop, BracketsAreComparedWithTheirOwnAndBeginLater) {
  EarlyTerminate early = rule(EarlyTerminateKind::hyperband);
  early.eta = 2;
  early.brackets = 2;
  // Trials 1 and 3 are in bracket 0 (rungs 1, 2, 4), 2 and 4 in bracket 1 (rungs 2, 4).
  EXPECT_NE(reason_to_stop(early, Goal::minimize, curves_of({{1}, {5}, {9}, {9}}), 3), std::nullopt);
  EXPECT_EQ(reason_to_stop(early, Goal::minimize, curves_of({{1}, {5}, {9}, {9}}), 4), std::nullopt);
  EXPECT_NE(reason_to_stop(early, Goal::minimize, curves_of({{1}, {5, 5}, {9}, {9, 9}}), 4), std::nullopt);
}

TEST(ReasonToStop, TheBestSoFarIsNeverStopped) {
  Rng rng(4);
  for (const auto kind : {EarlyTerminateKind::median, EarlyTerminateKind::percentile, EarlyTerminateKind::asha,
                          EarlyTerminateKind::hyperband}) {
    EarlyTerminate early = rule(kind);
    early.min_trials = 1;
    early.percentile = 10;
    for (int round = 0; round < 200; ++round) {
      const auto trials = 2 + static_cast<TrialId>(rng.below(8));
      const auto steps = 1 + static_cast<std::int64_t>(rng.below(9));
      Curves curves;
      for (TrialId t = 1; t <= trials; ++t)
        for (std::int64_t s = 1; s <= steps; ++s) curves.add(t, 1, s, t == 1 ? -1 : rng.uniform());
      EXPECT_EQ(reason_to_stop(early, Goal::minimize, curves, 1), std::nullopt);
    }
  }
}

TEST(ReasonToStop, ACurveThatLeadsNowhereIsEnded) {
  EarlyTerminate early = rule(EarlyTerminateKind::curve);
  early.min_iter = 4;
  early.min_trials = 2;
  early.max_iter = 30;
  std::vector<double> good(30);
  std::vector<double> fair(30);
  std::vector<double> hopeful;
  std::vector<double> stuck;
  for (int t = 0; t < 30; ++t) good[t] = 0.1 + 0.9 / (t + 1);
  for (int t = 0; t < 30; ++t) fair[t] = 0.3 + 0.9 / (t + 1);
  for (int t = 0; t < 8; ++t) hopeful.push_back(0.02 + 0.5 / std::sqrt(t + 1));
  for (int t = 0; t < 8; ++t) stuck.push_back(0.8 + 0.1 * std::exp(-t));
  const Curves curves = curves_of({good, fair, hopeful, stuck});
  EXPECT_EQ(reason_to_stop(early, Goal::minimize, curves, 1), std::nullopt) << "it has ended";
  EXPECT_EQ(reason_to_stop(early, Goal::minimize, curves, 3), std::nullopt);
  const auto reason = reason_to_stop(early, Goal::minimize, curves, 4);
  ASSERT_TRUE(reason);
  EXPECT_TRUE(reason->starts_with("better than the best by step 30 with probability")) << *reason;
  stuck.resize(3);
  EXPECT_EQ(reason_to_stop(early, Goal::minimize, curves_of({good, fair, stuck}), 3), std::nullopt)
      << "too few reports";
  early.min_trials = 5;
  EXPECT_EQ(reason_to_stop(early, Goal::minimize, curves, 4), std::nullopt) << "too few others";
}

// Whoever is beyond the limit at a step is stopped there, and whoever is not goes on.
TEST(StopLimits, OfAMedianAreWhatTheNextTrialIsHeldAgainst) {
  EarlyTerminate median = rule(EarlyTerminateKind::median);
  median.min_trials = 3;
  median.min_iter = 2;
  const std::vector<std::vector<double>> known{{9, 5, 1}, {8, 4, 3}, {7, 6, 2}};
  const auto limits = stop_limits(median, Goal::minimize, curves_of(known));
  ASSERT_EQ(limits.size(), 1U);
  EXPECT_EQ(limits[0].points, (std::vector<std::pair<std::int64_t, double>>{{2, 5}, {3, 2}}));
  for (const auto& [step, limit] : limits[0].points)
    for (const double off : {-0.1, 0.0, 0.1}) {
      Curves curves = curves_of(known);
      curves.add(4, 1, step, limit + off);
      EXPECT_EQ(reason_to_stop(median, Goal::minimize, curves, 4).has_value(), off > 0) << step << ' ' << off;
    }
  EXPECT_TRUE(stop_limits(median, Goal::minimize, curves_of({{1, 2}, {3, 4}})).empty()) << "too few";
}

TEST(StopLimits, OfHalvingAreAtItsRungsAndOfEachBracket) {
  EarlyTerminate asha = rule(EarlyTerminateKind::asha);
  asha.eta = 2;
  const std::vector<std::vector<double>> known{{.1, .2, .3, .4}, {.2, .1, .6, .7}, {.3, .4, .5, .5}, {.9, .9, .9, .9}};
  auto limits = stop_limits(asha, Goal::maximize, curves_of(known));
  ASSERT_EQ(limits.size(), 1U);
  EXPECT_EQ(limits[0].points, (std::vector<std::pair<std::int64_t, double>>{{1, .3}, {2, .4}, {4, .7}}));
  asha.brackets = 2;
  limits = stop_limits(asha, Goal::maximize, curves_of(known));
  ASSERT_EQ(limits.size(), 2U);
  EXPECT_EQ(limits[1].points, (std::vector<std::pair<std::int64_t, double>>{{2, .9}, {4, .9}}));
}

TEST(StopLimits, OfACurveAreTheBestThatHasBeenShown) {
  EarlyTerminate curve = rule(EarlyTerminateKind::curve);
  curve.min_trials = 2;
  curve.min_iter = 3;
  curve.max_iter = 20;
  const auto limits = stop_limits(curve, Goal::minimize, curves_of({{5, 2}, {4, 3}}));
  ASSERT_EQ(limits.size(), 1U);
  EXPECT_EQ(limits[0].points, (std::vector<std::pair<std::int64_t, double>>{{3, 2}, {20, 2}}));
}

TEST(StopLimits, AreFewHoweverLongTheCurves) {
  EarlyTerminate median = rule(EarlyTerminateKind::median);
  median.min_trials = 1;
  const auto limits = stop_limits(median, Goal::minimize, curves_of({std::vector<double>(5000, 1.0)}));
  ASSERT_EQ(limits.size(), 1U);
  EXPECT_LE(limits[0].points.size(), 40U);
  EXPECT_EQ(limits[0].points.back().first, 5000);
  EXPECT_TRUE(stop_limits(median, Goal::minimize, Curves()).empty());
}

}  // namespace
}  // namespace krige::tuner
