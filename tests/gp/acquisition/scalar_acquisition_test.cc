#include "gp/acquisition/scalar_acquisition.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <stdexcept>

#include "gp/acquisition/log_ei.h"
#include "tests/gp/support.h"

namespace krige::gp {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

constexpr AcquisitionKind kKinds[] = {AcquisitionKind::expected_improvement, AcquisitionKind::confidence_bound,
                                      AcquisitionKind::probability_of_improvement};

// One for each of `draws` random hyperparameters, over the same observations.
std::vector<Posterior> random_posteriors(const InputSpace& space, int draws, std::size_t pending, Rng& rng) {
  const Points points = random_points(space, 10, rng);
  const VectorXd targets = VectorXd::NullaryExpr(10, [&] { return rng.normal(); });
  const Points waiting = random_points(space, pending, rng);
  std::vector<Posterior> out;
  for (int i = 0; i < draws; ++i) {
    auto posterior = Posterior::make(space, points, targets, random_hyperparameters(space, rng));
    if (posterior && pending > 0) posterior = posterior->with_pending(waiting, 5, rng);
    if (!posterior) throw std::runtime_error(posterior.error().describe());
    out.push_back(std::move(*posterior));
  }
  return out;
}

GaussianProcess process_of(State state) {
  auto process = GaussianProcess::from_state(std::move(state));
  if (!process) throw std::runtime_error(process.error().describe());
  return *process;
}

// Labels of a random part of the space.
GaussianProcess random_labels(const InputSpace& space, Rng& rng) {
  State state;
  state.space = space;
  state.points = random_points(space, 8, rng);
  for (int i = 0; i < 8; ++i) state.observations.push_back(rng.below(3) == 0 ? 0 : 1);
  state.hyperparameters = {random_hyperparameters(space, rng), random_hyperparameters(space, rng)};
  return process_of(std::move(state));
}

// In one dimension: labels −1 at the left and 1 at the right, nearly without noise.
GaussianProcess labels_from_left_to_right() {
  State state;
  state.space = continuous_space(1);
  state.points = {1, {0, 0.25, 0.75, 1}};
  state.observations = {-1, -1, 1, 1};
  Hyperparameters hyperparameters;
  hyperparameters.log_lengthscales = {0};
  state.hyperparameters = {hyperparameters};
  return process_of(std::move(state));
}

std::vector<Posterior> one_dimensional() {
  Rng rng(2);
  return random_posteriors(continuous_space(1), 1, 0, rng);
}

Prediction predict(const GaussianProcess& process, double x) { return process.predict(std::span<const double>(&x, 1)); }

double at(const Acquisition& acquisition, std::span<const double> x) {
  return acquisition.evaluate({x.size(), {x.begin(), x.end()}})(0);
}

void expect_gradient(const Acquisition& acquisition, const InputSpace& space, std::span<const double> point) {
  const auto value = [&](std::span<const double> x) { return at(acquisition, x); };
  std::vector<double> expected = numeric_gradient(value, point, 1e-6);
  for (std::size_t d = 0; d < space.size(); ++d) {
    if (space.dimensions[d].kind == DimensionKind::categorical || std::isnan(point[d])) expected[d] = 0;
  }
  const Acquisition::Value found = acquisition.evaluate_with_gradient(point);
  EXPECT_NEAR(found.value, value(point), 1e-9 * std::max(1.0, std::abs(found.value)));
  expect_near(expected, {found.gradient.data(), space.size()}, 1e-4);
}

class AcquisitionGradient : public testing::TestWithParam<int> {};

TEST_P(AcquisitionGradient, AgreesWithFiniteDifferences) {
  Rng rng(static_cast<std::uint64_t>(GetParam()));
  const InputSpace space = GetParam() % 3 == 0 ? continuous_space(5) : random_space(rng, 9);
  const int draws = 1 + GetParam() % 3;
  const auto posteriors = random_posteriors(space, draws, static_cast<std::size_t>(GetParam() % 4), rng);
  for (const AcquisitionKind kind : kKinds) {
    SCOPED_TRACE(static_cast<int>(kind));
    AcquisitionOptions options;
    options.kind = kind;
    expect_gradient(ScalarAcquisition(posteriors, options), space, random_point(space, rng));
  }
}

TEST_P(AcquisitionGradient, AgreesWithFeasibilityAndPrior) {
  Rng rng(static_cast<std::uint64_t>(GetParam()));
  // Continuous, or with conditional dimensions. Not grids: a label is that of the nearest level, and has no derivative
  // by a value between two.
  InputSpace space = continuous_space(4);
  if (GetParam() % 2 == 1) {
    space.dimensions.push_back({DimensionKind::categorical, 3, {}, {}});
    space.dimensions.push_back({DimensionKind::continuous, 0, {}, {{4, {1, 2}}}});
  }
  const auto posteriors = random_posteriors(space, 1 + GetParam() % 2, static_cast<std::size_t>(GetParam() % 3), rng);
  const GaussianProcess labels = random_labels(space, rng);
  const std::vector<double> point = random_point(space, rng);
  AcquisitionOptions options;
  options.feasibility = &labels;
  expect_gradient(ScalarAcquisition(posteriors, options), space, point);
  options.log_prior = [](std::span<const double> x) {
    double sum = 0;
    for (const double value : x) sum -= std::isnan(value) ? 0 : 8 * (value - 0.3) * (value - 0.3);
    return sum;
  };
  AcquisitionOptions prior_only = options;
  prior_only.feasibility = nullptr;
  // The prior's derivative by a categorical dimension does not count: nobody climbs it.
  const auto flat_over_categories = [prior = options.log_prior, &space](std::span<const double> x) {
    std::vector<double> numeric(x.begin(), x.end());
    for (std::size_t d = 0; d < numeric.size(); ++d) {
      if (space.dimensions[d].kind == DimensionKind::categorical) numeric[d] = 0;
    }
    return prior(numeric);
  };
  options.log_prior = prior_only.log_prior = flat_over_categories;
  expect_gradient(ScalarAcquisition(posteriors, options), space, point);
  expect_gradient(ScalarAcquisition(posteriors, prior_only), space, point);
}

TEST_P(AcquisitionGradient, AgreesWithCostAndRelatedProcesses) {
  Rng rng(static_cast<std::uint64_t>(GetParam()));
  const InputSpace space = continuous_space(3);
  const auto posteriors = random_posteriors(space, 1 + GetParam() % 2, static_cast<std::size_t>(GetParam() % 3), rng);
  const GaussianProcess cost = random_labels(space, rng), one = random_labels(space, rng),
                        other = random_labels(space, rng);
  const RelatedProcess sources[] = {{&one, 0.3}, {&other, 0.5}};
  const Points tried = random_points(space, 4, rng);
  for (const AcquisitionKind kind : kKinds) {
    SCOPED_TRACE(static_cast<int>(kind));
    AcquisitionOptions options;
    options.kind = kind;
    options.log_cost = &cost;
    expect_gradient(ScalarAcquisition(posteriors, options), space, random_point(space, rng));
    options.sources = sources;
    options.tried = &tried;
    expect_gradient(ScalarAcquisition(posteriors, options), space, random_point(space, rng));
  }
}

INSTANTIATE_TEST_SUITE_P(Spaces, AcquisitionGradient, testing::Range(0, 24));

TEST(Acquisition, AveragesTheImprovementOverPosteriorsAndFantasies) {
  Rng rng(5);
  const InputSpace space = continuous_space(6);
  const auto posteriors = random_posteriors(space, 2, 3, rng);
  const Points points = random_points(space, 30, rng);
  const AcquisitionOptions options;
  const VectorXd values = ScalarAcquisition(posteriors, options).evaluate(points);
  int compared = 0;
  for (Index i = 0; i < 30; ++i) {
    double mean = 0;
    for (const Posterior& posterior : posteriors) {
      const Posterior::Batch batch = posterior.predict(points);
      const double sd = std::sqrt(batch.variances(i));
      for (Index j = 0; j < 5; ++j) {
        mean += std::exp(log_ei(batch.means(i, j), sd, posterior.incumbents()(j)).value) / 10;
      }
    }
    if (mean < 1e-200) continue;  // the logarithm is there for these
    EXPECT_NEAR(values(i), std::log(mean), 1e-10);
    ++compared;
  }
  EXPECT_GE(compared, 5);
}

TEST(Acquisition, OtherKindsAreTheirFormulas) {
  Rng rng(6);
  const InputSpace space = continuous_space(3);
  const auto posteriors = random_posteriors(space, 2, 0, rng);
  const Points points = random_points(space, 20, rng);
  AcquisitionOptions bound, probability;
  bound.kind = AcquisitionKind::confidence_bound;
  probability.kind = AcquisitionKind::probability_of_improvement;
  const VectorXd bounds = ScalarAcquisition(posteriors, bound).evaluate(points);
  const VectorXd probabilities = ScalarAcquisition(posteriors, probability).evaluate(points);
  for (Index i = 0; i < 20; ++i) {
    double expected_bound = 0, expected_probability = 0;
    for (const Posterior& posterior : posteriors) {
      const Posterior::Batch batch = posterior.predict(points);
      const double gap = posterior.incumbents()(0) - batch.means(i, 0), sd = std::sqrt(batch.variances(i));
      expected_bound += (gap + 1.8 * sd) / 2;
      expected_probability += 0.25 * std::erfc(-gap / sd / std::numbers::sqrt2);
    }
    EXPECT_NEAR(bounds(i), expected_bound, 1e-10);
    EXPECT_NEAR(probabilities(i), std::log(expected_probability), 1e-9 * std::abs(probabilities(i)) + 1e-12);
  }
}

// What feasibility adds is log Φ of the label's distance from 1/2, in standard deviations of the label plus 0.1.
TEST(Acquisition, FeasibilityIsALogarithmOfANormalDistribution) {
  const auto posteriors = one_dimensional();
  const GaussianProcess labels = labels_from_left_to_right();
  const AcquisitionOptions plain;
  AcquisitionOptions with;
  with.feasibility = &labels;
  double lowest = 0, highest = -HUGE_VAL;
  for (double x = 0; x <= 1; x += 0.01) {
    const double added =
        at(ScalarAcquisition(posteriors, with), {{x}}) - at(ScalarAcquisition(posteriors, plain), {{x}});
    const Prediction label = labels.predict(std::vector{x});
    const long double u = (label.mean - 0.5) / std::sqrt(label.sd * label.sd + 0.01);
    const auto expected = static_cast<double>(std::log(0.5L * std::erfc(-u / std::numbers::sqrt2_v<long double>)));
    EXPECT_NEAR(added, expected, 1e-10 * std::max(1.0, std::abs(expected))) << "u = " << u;
    lowest = std::min(lowest, added);
    highest = std::max(highest, added);
  }
  EXPECT_LT(lowest, -60) << "beyond the switch to the asymptotic form";
  EXPECT_GT(highest, -1e-3);
}

TEST(Acquisition, FeasibilityIsContinuousAtTheSwitch) {
  const auto posteriors = one_dimensional();
  const GaussianProcess labels = labels_from_left_to_right();
  AcquisitionOptions options;
  options.feasibility = &labels;
  const ScalarAcquisition acquisition(posteriors, options);
  const auto beyond = [&](double x) {
    const Prediction label = labels.predict(std::vector{x});
    return (label.mean - 0.5) / std::sqrt(label.sd * label.sd + 0.01) <= -10;
  };
  double low = 0.25, high = 0.75;
  ASSERT_TRUE(beyond(low) && !beyond(high));
  for (int i = 0; i < 100; ++i) {
    const double middle = (low + high) / 2;
    if (middle == low || middle == high) break;
    (beyond(middle) ? low : high) = middle;
  }
  ASSERT_LT(high - low, 1e-15);
  const Acquisition::Value left = acquisition.evaluate_with_gradient({{low}}),
                           right = acquisition.evaluate_with_gradient({{high}});
  EXPECT_NEAR(left.value, right.value, 1e-11 * std::abs(left.value));
  EXPECT_NEAR(left.gradient(0), right.gradient(0), 1e-9 * std::abs(left.gradient(0)));
}

TEST(Acquisition, InfeasibleRegionsGetLess) {
  // The observations are symmetric about the middle, so that without labels both sides are equally good.
  const InputSpace space = continuous_space(1);
  Hyperparameters hyperparameters;
  hyperparameters.log_lengthscales = {-1};
  VectorXd targets(3);
  targets << 1, -1, 1;
  auto posterior = Posterior::make(space, {1, {0, 0.5, 1}}, targets, hyperparameters);
  ASSERT_TRUE(posterior);
  const GaussianProcess labels = labels_from_left_to_right();
  const AcquisitionOptions plain;
  AcquisitionOptions with;
  with.feasibility = &labels;
  const ScalarAcquisition without({&*posterior, 1}, plain), weighted({&*posterior, 1}, with);
  for (const double offset : {0.1, 0.2, 0.3, 0.4}) {
    const double left = 0.5 - offset, right = 0.5 + offset;
    EXPECT_NEAR(at(without, {{left}}), at(without, {{right}}), 1e-8);
    EXPECT_LT(at(weighted, {{left}}), at(weighted, {{right}}) - 1);
    EXPECT_LE(at(weighted, {{right}}), at(without, {{right}})) << "a probability is at most 1";
  }
}

TEST(Acquisition, PriorIsAdded) {
  const auto posteriors = one_dimensional();
  AcquisitionOptions plain, with;
  with.log_prior = [](std::span<const double> x) { return -3 * x[0]; };
  for (const double x : {0.0, 0.4, 1.0}) {
    EXPECT_NEAR(at(ScalarAcquisition(posteriors, with), {{x}}), at(ScalarAcquisition(posteriors, plain), {{x}}) - 3 * x,
                1e-12);
  }
}

TEST(Acquisition, LogarithmOfTheCostIsSubtracted) {
  const auto posteriors = one_dimensional();
  const GaussianProcess cost = labels_from_left_to_right();
  AcquisitionOptions plain, with;
  with.log_cost = &cost;
  for (const double x : {0.0, 0.4, 1.0}) {
    EXPECT_NEAR(at(ScalarAcquisition(posteriors, with), {{x}}),
                at(ScalarAcquisition(posteriors, plain), {{x}}) - predict(cost, x).mean, 1e-12);
  }
}

TEST(Acquisition, RelatedProcessesAreAveragedByWeightEachAgainstWhatItPredictsForThePointsTried) {
  const auto posteriors = one_dimensional();
  const GaussianProcess source = labels_from_left_to_right();
  const Points tried{1, {0.75, 0.5}};
  const double best = std::min(predict(source, 0.75).mean, predict(source, 0.5).mean);
  AcquisitionOptions plain, with;
  const RelatedProcess sources[] = {{&source, 0.25}};
  with.sources = sources;
  with.tried = &tried;
  for (const double x : {0.1, 0.3, 0.6}) {
    const Prediction there = predict(source, x);
    // The labels are standardized on the way into the process: improvements are in those units.
    const double scale = source.transform().scale();
    const double expected = 0.75 * std::exp(at(ScalarAcquisition(posteriors, plain), {{x}})) +
                            0.25 * std::exp(log_ei(there.mean, there.sd, best).value) / scale;
    EXPECT_NEAR(std::exp(at(ScalarAcquisition(posteriors, with), {{x}})), expected, 1e-9 * expected);
  }
}

TEST(Acquisition, ARelatedProcessOfWholeWeightStandsAlone) {
  const auto posteriors = one_dimensional();
  const GaussianProcess source = labels_from_left_to_right();
  AcquisitionOptions with;
  const RelatedProcess sources[] = {{&source, 1}};
  with.sources = sources;
  const Prediction there = predict(source, 0.1);
  EXPECT_NEAR(std::exp(at(ScalarAcquisition(posteriors, with), {{0.1}})),
              std::exp(log_ei(there.mean, there.sd, 0).value) / source.transform().scale(), 1e-9)
      << "before a point was tried, against the mean of the observations";
}

}  // namespace
}  // namespace krige::gp
