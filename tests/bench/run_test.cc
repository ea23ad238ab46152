#include "bench/run.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "bench/problems/make.h"

namespace krige::bench {
namespace {

Problem sphere() {
  Problem problem = make_shifted(Box::cube(3, -1, 1), {0.3, 0.3, 0.3}, [](const Vector& z) {
    double sum = 0;
    for (const double x : z) sum += x * x;
    return sum;
  });
  problem.name = "sphere";
  return problem;
}

TEST(CrashRegion, HoldsItsShareAndNotTheSolution) {
  const Problem problem = sphere();
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    for (const double share : {0.05, 0.2, 0.5}) {
      const CrashRegion region(problem, share, seed);
      if (region.empty()) continue;  // a half may always have the solution
      EXPECT_FALSE(region.holds(problem.solution));
      constexpr int kSamples = 10'000;
      Rng rng(seed);
      int held = 0;
      for (int i = 0; i < kSamples; ++i)
        if (region.holds(problem.space.sample(rng))) ++held;
      EXPECT_NEAR(held / static_cast<double>(kSamples), share, 0.03) << seed;
    }
    EXPECT_FALSE(CrashRegion(problem, 0.2, seed).empty());
  }
}

TEST(CrashRegion, IsEmptyWhereEveryBallHasTheSolution) {
  // Two points, one of them the solution: a ball of 90 % has both.
  const Problem problem = make({{"a", categorical_parameter({"x", "y"})}}, 0, {{"a", std::string("x")}},
                               [](const tuner::Params& params) { return text(params, "a") == "x" ? 0.0 : 1.0; });
  const CrashRegion region(problem, 0.2, 1);
  EXPECT_TRUE(region.empty());
  EXPECT_FALSE(region.holds(problem.solution));
}

TEST(RunProblem, KeepsTheBestOfWhatFinishedAndIsTheSameForTheSameSeed) {
  const Problem problem = sphere();
  for (const std::size_t parallel : {1U, 4U}) {
    RunOptions options;
    options.trials = 25;
    options.parallel = parallel;
    const bench::Run first = run(problem, "gp", 3, options).value();
    const bench::Run second = run(problem, "gp", 3, options).value();
    EXPECT_EQ(first.best, second.best);
    ASSERT_EQ(first.best.size(), 25U);
    EXPECT_EQ(first.ask_seconds.size(), 25U);
    EXPECT_TRUE(std::ranges::is_sorted(first.best, std::greater<>()));
    EXPECT_LT(first.best.back(), 0.1);
    EXPECT_FALSE(first.crashed);
    EXPECT_FALSE(first.nothing_can_fail);
  }
}

TEST(RunProblem, CountsTheTrialsThatFailUnderRandomSearch) {
  RunOptions options;
  options.trials = 515;
  options.crash = 0.2;
  const bench::Run done = run(sphere(), "random", 1, options).value();
  ASSERT_TRUE(done.crashed);
  EXPECT_NEAR(*done.crashed, 0.2, 0.06);
  EXPECT_TRUE(std::isfinite(done.best.back()));
}

TEST(RunProblem, CmaesRunsWhereTheSpaceAllowsAndElseSaysWhyNot) {
  RunOptions options;
  options.trials = 20;
  EXPECT_EQ(run(sphere(), "cmaes", 1, options)->best.size(), 20U);
  Problem refused =
      make({{"a", categorical_parameter({"x", "y", "z"})}, {"b", float_parameter(0, 1)}}, 0,
           {{"a", std::string("x")}, {"b", 0.0}}, [](const tuner::Params& params) { return number(params, "b"); });
  refused.name = "refused";
  EXPECT_EQ(run(refused, "cmaes", 1, options).error().code, ErrorCode::invalid_argument);
}

Problem line() {
  Problem problem = make_box(Box::cube(2, 0, 1), 0, {0, 0}, [](const Vector& x) { return x[0]; });
  problem.name = "line";
  return problem;
}

TEST(StandardDeviation, IsThatOfAUniformDistribution) {
  EXPECT_NEAR(standard_deviation(line(), 0), std::sqrt(1.0 / 12), 0.005);
  EXPECT_EQ(standard_deviation(line(), 3), standard_deviation(line(), 3));
}

TEST(RunProblem, WithNoiseJudgesTheTrialThatLooksBest) {
  RunOptions exact, noisy;
  exact.trials = noisy.trials = 200;
  noisy.noise = 0;
  const std::vector<double> best = run(line(), "random", 1, exact)->best;
  EXPECT_EQ(run(line(), "random", 1, noisy)->best, best) << "without noise there is no difference";
  noisy.noise = 3;
  const std::vector<double> judged = run(line(), "random", 1, noisy)->best;
  EXPECT_FALSE(std::ranges::is_sorted(judged, std::greater<>())) << "what looks better may be worse";
  for (std::size_t i = 0; i < judged.size(); ++i) EXPECT_GE(judged[i], best[i]);
  EXPECT_GT(judged.back(), best.back());
}

}  // namespace
}  // namespace krige::bench
