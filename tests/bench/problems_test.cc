// The benchmark's problems against the values recorded from their definition in another language.
#include <gtest/gtest.h>

#include <cmath>

#include "bench/problems/problem.h"
#include "bench/problems/recorded.h"

namespace krige::bench {
namespace {

class ProblemsTest : public ::testing::TestWithParam<std::string> {
 protected:
  static Problem instance(std::uint64_t number) { return make_problem(GetParam(), number).value(); }
};

TEST_P(ProblemsTest, HasTheRecordedValues) {
  const Recorded* known = recorded(GetParam());
  if (known == nullptr) return;  // one of the extra problems
  const Problem problem = instance(0);
  EXPECT_DOUBLE_EQ(problem.optimum, known->optimum);
  EXPECT_EQ(problem.noise, known->noise);
  ASSERT_EQ(known->checks.size(), 5U);
  for (const CheckValue& check : known->checks) {
    const tuner::Params params = problem.space.check(check.params).value();
    EXPECT_NEAR(problem.evaluate(params), check.value, 1e-12 * std::max(1.0, std::abs(check.value)));
  }
}

TEST_P(ProblemsTest, ReachesItsOptimumAndIsNeverBelowIt) {
  for (std::uint64_t number = 0; number < 4; ++number) {
    const Problem problem = instance(number);
    // logscale5 has an integer that cannot be at its centre; the others' solutions have nine digits.
    const double tolerance = GetParam() == "logscale5" ? 2e-3 : 1e-5;
    EXPECT_NEAR(problem.evaluate(problem.solution), problem.optimum, tolerance) << "instance " << number;
    Rng rng(1, number);
    for (int i = 0; i < 10'000; ++i)
      ASSERT_GE(problem.evaluate(problem.space.sample(rng)), problem.optimum - 1e-9) << "instance " << number;
  }
}

TEST_P(ProblemsTest, DiffersBetweenInstancesAndNotBetweenCalls) {
  const Problem first = instance(1);
  const Problem again = instance(1);
  Rng rng(2);
  int different = 0;
  for (int i = 0; i < 20; ++i) {
    const tuner::Params params = first.space.sample(rng);
    EXPECT_EQ(first.evaluate(params), again.evaluate(params));
    for (const std::uint64_t other : {0, 2})
      if (first.evaluate(params) != instance(other).evaluate(params)) ++different;
  }
  EXPECT_GT(different, 20);
}

TEST_P(ProblemsTest, LeavesRandomSearchSomethingToImprove) {
  const Problem problem = instance(1);
  const std::vector<double> median = random_search_median(problem, 1, 60);
  ASSERT_EQ(median.size(), 60U);
  for (std::size_t i = 1; i < median.size(); ++i) EXPECT_LE(median[i], median[i - 1]);
  EXPECT_GT(median.back(), problem.optimum + 1e-6);
}

INSTANTIATE_TEST_SUITE_P(All, ProblemsTest, ::testing::ValuesIn(problem_names("all")),
                         [](const auto& problem) { return problem.param; });

TEST(ProblemNamesTest, AreThoseOfTheGroup) {
  EXPECT_EQ(problem_names("dev").size(), 16U);
  EXPECT_EQ(problem_names("all").size(), 16U + problem_names("extra").size());
  EXPECT_EQ(make_problem("nothing", 0).error().code, ErrorCode::not_found);
}

TEST(RandomSearchMedianTest, AgreesWithTheRecordedOne) {
  // Ours is estimated only past the record's 60 trials.
  const Problem problem = make_problem("ackley10", 0).value();
  const std::vector<double> known = random_search_median(problem, 0, 60);
  const std::vector<double> ours = random_search_median(problem, 0, 61);
  for (const std::size_t at : kCheckpoints) EXPECT_NEAR(ours[at - 1], known[at - 1], 0.04 * known[at - 1]);
}

}  // namespace
}  // namespace krige::bench
