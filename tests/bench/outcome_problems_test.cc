// Problems with several objectives or constraints, at points where the literature says what they are.
#include "bench/problems/outcome_problems.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "base/rng.h"
#include "gp/hypervolume/hypervolume.h"

namespace krige::bench {
namespace {

const OutcomeProblem& problem(std::string_view name) {
  return *std::ranges::find(outcome_problems(), name, &OutcomeProblem::name);
}

bool feasible(const Outcomes& outcomes) {
  return std::ranges::all_of(outcomes.constraints, [](double value) { return value <= 0; });
}

TEST(OutcomeProblems, HaveTheirKnownValues) {
  EXPECT_EQ(problem("zdt1").evaluate({0.25, 0, 0, 0, 0, 0}).objectives, (std::vector{0.25, 0.5}));
  EXPECT_EQ(problem("zdt2").evaluate({0.5, 0, 0, 0, 0, 0}).objectives, (std::vector{0.5, 0.75}));
  EXPECT_NEAR(problem("zdt1").evaluate({0, 1, 1, 1, 1, 1}).objectives[1], 10, 1e-12);
  // The minima of Branin in its own coordinates, and Currin's greatest value.
  EXPECT_NEAR(problem("branin-currin").evaluate({(std::numbers::pi + 5) / 15, 2.275 / 15}).objectives[0], 0.397887,
              1e-5);
  EXPECT_NEAR(problem("branin-currin").evaluate({0.21666667, 0}).objectives[1], 13.7987, 1e-3);
  EXPECT_EQ(problem("bnh").evaluate({0, 0}).objectives, (std::vector<double>{0, 50}));
  const double by_diagonal = problem("c2-dtlz2").evaluate({0.5, 0.5, 0.5, 0.5}).constraints[0];
  EXPECT_NEAR(by_diagonal, -0.08, 1e-12);
  EXPECT_TRUE(feasible(problem("gramacy").evaluate({0.1954, 0.4044}))) << "the optimum of the paper, up to its digits";
  EXPECT_FALSE(feasible(problem("gramacy").evaluate({0.19, 0.40})));
}

TEST(OutcomeProblems, FrontsOfDtlz2AreOnTheSphere) {
  Rng rng(1);
  for (const char* name : {"dtlz2-2", "dtlz2-3"}) {
    const OutcomeProblem& dtlz2 = problem(name);
    std::vector<double> x(6, 0.5);
    for (int i = 0; i < 100; ++i) {
      for (std::size_t j = 0; j + 1 < dtlz2.objectives; ++j) x[j] = rng.uniform();
      double radius = 0;
      for (const double one : dtlz2.evaluate(x).objectives) radius += one * one;
      EXPECT_NEAR(radius, 1, 1e-12);
    }
  }
}

// No set of points has more than the whole front, and no feasible point is better than the best.
TEST(OutcomeProblems, NothingIsBetterThanTheBest) {
  Rng rng(7);
  for (const OutcomeProblem& one : outcome_problems()) {
    std::vector<gp::Objectives> found;
    for (int i = 0; i < 2000; ++i) {
      std::vector<double> x;
      for (const auto& [low, high] : one.bounds) x.push_back(rng.uniform(low, high));
      // Often where the front of ZDT and DTLZ2 is.
      if (i % 2 == 0 && one.bounds.size() > 2)
        for (std::size_t j = one.objectives - 1; j < x.size(); ++j) x[j] = one.name.starts_with("zdt") ? 0 : 0.5;
      const Outcomes outcomes = one.evaluate(x);
      ASSERT_EQ(outcomes.objectives.size(), one.objectives);
      ASSERT_EQ(outcomes.constraints.size(), one.constraints);
      if (feasible(outcomes)) found.push_back(outcomes.objectives);
    }
    if (one.objectives == 1) {
      for (const gp::Objectives& objectives : found) EXPECT_GE(objectives.front(), one.best - 1e-3) << one.name;
      continue;
    }
    const double share = gp::hypervolume(found, one.reference) / one.best;
    EXPECT_LE(share, 1 + 1e-3) << one.name;
    EXPECT_GT(share, one.name == "branin-currin" ? 0.7 : 0.9) << one.name;
  }
}

TEST(OutcomeProblems, AreStudies) {
  for (const OutcomeProblem& one : outcome_problems()) {
    const auto spec = one.study(tuner::Method::gp, 1);
    ASSERT_TRUE(spec) << spec.error().describe();
    EXPECT_EQ(spec->objectives.size(), one.objectives > 1 ? one.objectives : 0U);
    EXPECT_EQ(spec->constraints.size(), one.constraints);
    Rng rng(2);
    EXPECT_EQ(one.at(spec->space.sample(rng)).objectives.size(), one.objectives);
  }
}

}  // namespace
}  // namespace krige::bench
