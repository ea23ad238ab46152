#include "bench/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace krige::bench {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Run run_with(std::vector<double> best) {
  Run run;
  run.ask_seconds.assign(best.size(), 0.001);
  run.best = std::move(best);
  return run;
}

Outcome outcome(const std::string& problem, const std::string& method, std::size_t trials, double best) {
  Run run = run_with(std::vector<double>(trials, best));
  const Regrets regret = normalized_regret(run, 0, std::vector<double>(trials, 1.0));
  return {problem, "dev", method, 1, regret, std::move(run)};
}

TEST(NormalizedRegret, IsTheDistanceToTheOptimumInThoseOfRandomSearch) {
  std::vector<double> best(60, 9.0), median(60, 6.0);
  best[19] = 4;  // (4 - 2) / (6 - 2)
  best[39] = 3;
  best[59] = 2;
  median[39] = 12;  // (3 - 2) / (12 - 2)
  EXPECT_EQ(normalized_regret(run_with(best), 2, median), (Regrets{0.5, 0.1, 0.0}));
}

TEST(NormalizedRegret, IsClippedAndNeverOfARunThatWasTooShort) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  std::vector<double> best(40, kInfinity);  // nothing completed
  best[39] = 1.999999999;                   // a solution of nine digits
  const Regrets regret = normalized_regret(run_with(best), 2, std::vector<double>(40, 3));
  EXPECT_EQ(regret[0], 2);
  EXPECT_EQ(regret[1], 0);
  EXPECT_TRUE(std::isnan(regret[2]));
}

TEST(NormalizedRegret, IsDefinedWhereRandomSearchFindsTheOptimum) {
  std::vector<double> best(60, 3.0);
  best[59] = 2;
  EXPECT_EQ(normalized_regret(run_with(best), 2, std::vector<double>(60, 2)), (Regrets{2, 2, 0}));
}

TEST(AskCost, LooksAtTheLastTwentyApart) {
  bench::Run run;
  for (int i = 0; i < 100; ++i) run.ask_seconds.push_back(i < 80 ? 1 : 3);
  const AskCost cost = ask_cost(run);
  EXPECT_EQ(cost.median, 1);
  EXPECT_EQ(cost.p95, 3);
  EXPECT_DOUBLE_EQ(cost.mean, 1.4);
  EXPECT_EQ(cost.late_mean, 3);
}

TEST(Bootstrap, IsTheSameEveryTimeAndHoldsTheMeanOfProblemMeans) {
  const std::vector<std::vector<double>> values = {{0.1, 0.3}, {0.5}, {0.9, 0.7, 0.8}};
  const Estimate first = bootstrap(values), second = bootstrap(values);
  EXPECT_EQ(first.mean, second.mean);
  EXPECT_EQ(first.low, second.low);
  EXPECT_EQ(first.high, second.high);
  EXPECT_NEAR(first.mean, (0.2 + 0.5 + 0.8) / 3, 1e-12) << "each problem counts once, whatever its seeds";
  EXPECT_LT(first.low, first.mean);
  EXPECT_GT(first.high, first.mean);
  EXPECT_GE(first.low, 0.1);
  EXPECT_LE(first.high, 0.9);
}

TEST(Bootstrap, HasNoWidthWithoutDifferences) {
  const Estimate estimate = bootstrap({{0.25, 0.25}, {0.25}});
  EXPECT_EQ(estimate.mean, 0.25);
  EXPECT_EQ(estimate.low, 0.25);
  EXPECT_EQ(estimate.high, 0.25);
}

TEST(Table, ShowsDashesWhereTheRunsWereTooShort) {
  for (const std::size_t trials : {10U, 20U, 59U}) {
    const std::vector<Outcome> outcomes = {outcome("a", "gp", trials, 0.25), outcome("b", "gp", trials, 0.75)};
    const std::string text = table(outcomes, {});
    EXPECT_THAT(text, Not(HasSubstr("nan"))) << text;
    EXPECT_THAT(text, Not(HasSubstr("-1.000"))) << text;
    EXPECT_THAT(text, HasSubstr("    -")) << text;
    if (trials >= 20) {
      EXPECT_THAT(text, HasSubstr("worst b 0.750")) << text;
      EXPECT_THAT(text, HasSubstr("0.500 [")) << text;
    } else {
      EXPECT_THAT(text, Not(HasSubstr("worst"))) << text;
    }
    const OrderedJson json = to_json(outcomes);
    EXPECT_EQ(json[0]["regret"].size(), trials / 20) << json.dump();
    EXPECT_EQ(json[0]["best"].size(), trials);
  }
}

TEST(Table, AMethodNeedNotHaveRunOnEveryProblem) {
  const std::string text =
      table({outcome("a", "gp", 60, 0.5), outcome("b", "gp", 60, 0.5), outcome("b", "cmaes", 60, 0.25)}, {});
  EXPECT_THAT(text, HasSubstr("cmaes, 1 of 2 ")) << text;
  EXPECT_THAT(text, HasSubstr("    -      -      -       -")) << text;
}

TEST(Table, ColumnsStandBelowTheirHeads) {
  const std::string text = table({outcome("a", "gp", 60, 0.5), outcome("a", "a-peer-of-long-name", 60, 0.5)}, {});
  const std::size_t head = text.find('\n'), row = text.find('\n', head + 1);
  EXPECT_EQ(head, row - head - 1) << text;
}

TEST(Table, SaysWhatCrashedAndWhereNothingCan) {
  std::vector<Outcome> outcomes = {outcome("a", "gp", 60, 0.5), outcome("b", "gp", 60, 0.5)};
  EXPECT_THAT(table(outcomes, {}), Not(HasSubstr("fail")));
  outcomes[0].run.crashed = 0.125;
  outcomes[1].run.nothing_can_fail = true;
  EXPECT_THAT(table(outcomes, {}), HasSubstr("crashed 0.125  nothing can fail in runs of b"));
}

}  // namespace
}  // namespace krige::bench
