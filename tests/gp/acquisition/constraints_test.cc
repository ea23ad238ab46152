// Outcome constraints in the acquisition and in what is suggested.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "gp/acquisition/additive_terms.h"
#include "gp/acquisition/scalar_acquisition.h"
#include "gp/acquisition/suggest.h"
#include "tests/gp/support.h"

namespace krige::gp {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

GaussianProcess random_process(const InputSpace& space, const Points& points, int draws, OutputWarp warp, Rng& rng) {
  State state;
  state.space = space;
  state.points = points;
  state.warp = warp;
  for (std::size_t i = 0; i < points.size(); ++i) state.observations.push_back(rng.normal());
  for (int k = 0; k < draws; ++k) state.hyperparameters.push_back(random_hyperparameters(space, rng));
  auto process = GaussianProcess::from_state(std::move(state));
  if (!process) throw std::runtime_error(process.error().describe());
  return *process;
}

TEST(Constraints, ProbabilityIsThatOfDrawsOfTheProcess) {
  Rng rng(3);
  const InputSpace space = continuous_space(2);
  const GaussianProcess process = random_process(space, random_points(space, 8, rng), 1, OutputWarp::none, rng);
  const Points points = random_points(space, 5, rng);
  const std::size_t draws = 40'000;
  const auto sample = process.sample(points, draws, rng);
  ASSERT_TRUE(sample);
  for (const OutcomeConstraint& constraint :
       {OutcomeConstraint{&process, -kInfinity, 0.4}, {&process, 0.4, kInfinity}, {&process, -0.5, 0.6}}) {
    const Eigen::VectorXd found = log_probability_of(constraint, points);
    for (std::size_t i = 0; i < points.size(); ++i) {
      double inside = 0;
      for (std::size_t k = 0; k < draws; ++k) {
        const double value = (*sample)[k * points.size() + i];
        inside += value >= constraint.low && value <= constraint.high ? 1.0 / draws : 0;
      }
      EXPECT_NEAR(std::exp(found(static_cast<Eigen::Index>(i))), inside, 0.015);
    }
  }
}

class ConstrainedAcquisition : public testing::TestWithParam<int> {};

TEST_P(ConstrainedAcquisition, GradientAgreesWithFiniteDifferences) {
  Rng rng(static_cast<std::uint64_t>(GetParam()));
  const InputSpace space = continuous_space(3);
  const Points points = random_points(space, 9, rng),
               pending = random_points(space, static_cast<std::size_t>(GetParam() % 3), rng);
  const auto given = [&](OutputWarp warp) {
    GaussianProcess process = random_process(space, points, 1 + GetParam() % 2, warp, rng);
    return pending.size() == 0 ? process : process.with_pending(pending, rng, 5).value();
  };
  const GaussianProcess objective = given(OutputWarp::none), first = given(OutputWarp::log_above_median),
                        second = given(OutputWarp::none);
  const std::vector<OutcomeConstraint> constraints{{&first, -kInfinity, 0.2}, {&second, -1, 0.7}};
  const Points feasible{3, {points.values.begin(), points.values.begin() + 9}};
  AcquisitionOptions options;
  options.constraints = constraints;
  options.feasible = &feasible;
  const ScalarAcquisition scalar(objective.posteriors(), options);
  const FeasibilityAcquisition alone(options);
  for (const Acquisition* acquisition :
       {static_cast<const Acquisition*>(&scalar), static_cast<const Acquisition*>(&alone)}) {
    const std::vector<double> point = random_point(space, rng);
    const auto value = [&](std::span<const double> x) { return acquisition->evaluate({3, {x.begin(), x.end()}})(0); };
    const Acquisition::Value found = acquisition->evaluate_with_gradient(point);
    EXPECT_NEAR(found.value, value(point), 1e-9 * std::max(1.0, std::abs(found.value)));
    expect_near(numeric_gradient(value, point, 1e-6), {found.gradient.data(), 3}, 1e-4);
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, ConstrainedAcquisition, testing::Range(1, 13));

// E[max(best − f, 0)·1(c ≤ limit)] of independent f and c, by draws of both.
TEST(Constraints, ExpectedImprovementCountsOnlyWhereTheyHold) {
  Rng rng(7);
  const InputSpace space = continuous_space(2);
  const Points points = random_points(space, 8, rng);
  const GaussianProcess objective = random_process(space, points, 1, OutputWarp::none, rng);
  const GaussianProcess outcome = random_process(space, points, 1, OutputWarp::none, rng);
  const Points feasible{2, {points.values.begin() + 4, points.values.begin() + 8}};
  const std::vector<OutcomeConstraint> constraints{{&outcome, -kInfinity, 0.3}};
  AcquisitionOptions options;
  options.constraints = constraints;
  options.feasible = &feasible;
  double best = kInfinity;
  for (std::size_t i = 0; i < 2; ++i) best = std::min(best, objective.predict(feasible.row(i)).mean);
  const ScalarAcquisition acquisition(objective.posteriors(), options);
  for (int round = 0; round < 5; ++round) {
    const std::vector<double> x = random_point(space, rng);
    const Prediction f = objective.predict(x), c = outcome.predict(x);
    const int draws = 200'000;
    double sum = 0, squares = 0;
    for (int k = 0; k < draws; ++k) {
      const double gain = std::max(0.0, best - f.mean - f.sd * rng.normal());
      const double counted = c.mean + c.sd * rng.normal() <= 0.3 ? gain : 0;
      sum += counted;
      squares += counted * counted;
    }
    const double mean = sum / draws, error = std::sqrt((squares / draws - mean * mean) / draws);
    const double found = std::exp(acquisition.evaluate({2, x})(0)) * objective.transform().scale();
    EXPECT_NEAR(found, mean, 5 * error + 1e-9);
  }
}

struct Line {
  GaussianProcess objective, outcome;
};

// f falls to the right; the outcome rises to the right.
Line line(Rng& rng) {
  const InputSpace space = continuous_space(1);
  State state;
  state.space = space;
  state.points = {1, {0, 0.25, 0.5, 0.75, 1}};
  state.observations = {4, 3, 2, 1, 0};
  Hyperparameters& one = state.hyperparameters.emplace_back();
  one.log_lengthscales = {0};
  auto objective = GaussianProcess::from_state(state);
  state.observations = {0, 1, 2, 3, 4};
  auto outcome = GaussianProcess::from_state(state);
  static_cast<void>(rng);
  if (!objective || !outcome) throw std::runtime_error("no process");
  return {*objective, *outcome};
}

TEST(Constraints, TheSuggestionIsTheBestThatHolds) {
  Rng rng(1);
  const auto [objective, outcome] = line(rng);
  const Points feasible{1, {0, 0.25, 0.5}};
  const std::vector<OutcomeConstraint> constraints{{&outcome, -kInfinity, 2.5}};
  AcquisitionOptions options;
  options.constraints = constraints;
  options.feasible = &feasible;
  const auto found = suggest(objective, {1, {}}, options, rng);
  ASSERT_TRUE(found);
  EXPECT_NEAR(found->front().point[0], 0.625, 0.04);
  ASSERT_TRUE(found->front().log_ei && found->front().log_feasible);
  EXPECT_LE(*found->front().log_feasible, 0);
  EXPECT_GT(*found->front().log_feasible, std::log(0.3));
}

TEST(Constraints, APendingPointThatProbablyHoldsLeavesLessToGain) {
  Rng rng(1);
  const auto [objective, outcome] = line(rng);
  const Points feasible{1, {0, 0.25, 0.5}};
  const std::vector<OutcomeConstraint> constraints{{&outcome, -kInfinity, 2.5}};
  AcquisitionOptions options;
  options.constraints = constraints;
  options.feasible = &feasible;
  const auto alone = suggest(objective, {1, {}}, options, rng);
  const auto given = suggest(objective, {1, {0.55}}, options, rng);
  const auto beyond = suggest(objective, {1, {0.9}}, options, rng);
  ASSERT_TRUE(alone && given && beyond);
  EXPECT_LT(*given->front().log_ei, *alone->front().log_ei - 0.2) << "0.55 is better than 0.5";
  EXPECT_NEAR(*beyond->front().log_ei, *alone->front().log_ei, 0.15) << "0.9 will break the constraint";
}

TEST(Constraints, WhileNoPointHoldsOnlyTheProbabilityCounts) {
  Rng rng(1);
  const auto [objective, outcome] = line(rng);
  const Points none{1, {}};
  const std::vector<OutcomeConstraint> constraints{{&outcome, -kInfinity, -0.5}};
  AcquisitionOptions options;
  options.constraints = constraints;
  options.feasible = &none;
  const auto found = suggest(objective, none, options, rng);
  ASSERT_TRUE(found);
  EXPECT_LT(found->front().point[0], 0.2) << "where the objective is worst and the outcome lowest";
  EXPECT_FALSE(found->front().log_ei);
  EXPECT_TRUE(found->front().log_feasible);
}

}  // namespace
}  // namespace krige::gp
