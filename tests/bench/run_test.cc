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
    const bench::Run first = run(problem, tuner::Method::gp, 3, options).value();
    const bench::Run second = run(problem, tuner::Method::gp, 3, options).value();
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
  const bench::Run done = run(sphere(), tuner::Method::random, 1, options).value();
  ASSERT_TRUE(done.crashed);
  EXPECT_NEAR(*done.crashed, 0.2, 0.06);
  EXPECT_TRUE(std::isfinite(done.best.back()));
}

TEST(RunProblem, CmaesRunsWhereTheSpaceAllowsAndElseSaysWhyNot) {
  RunOptions options;
  options.trials = 20;
  EXPECT_EQ(run(sphere(), tuner::Method::cmaes, 1, options)->best.size(), 20U);
  Problem refused =
      make({{"a", categorical_parameter({"x", "y", "z"})}, {"b", float_parameter(0, 1)}}, 0,
           {{"a", std::string("x")}, {"b", 0.0}}, [](const tuner::Params& params) { return number(params, "b"); });
  refused.name = "refused";
  EXPECT_EQ(run(refused, tuner::Method::cmaes, 1, options).error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace krige::bench
