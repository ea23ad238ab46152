#include "gp/fit/fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/gp/support.h"

namespace krige::gp {
namespace {

double smooth(std::span<const double> x) { return std::sin(5 * x[0]) + (x[1] - 0.3) * (x[1] - 0.3); }

struct Data {
  Points points;
  std::vector<double> observations;
};

Data sampled(std::size_t dims, std::size_t count, double noise, std::uint64_t seed) {
  Rng rng(seed);
  Data data{random_points(continuous_space(dims), count, rng), {}};
  for (std::size_t i = 0; i < count; ++i)
    data.observations.push_back(smooth(data.points.row(i)) + noise * rng.normal());
  return data;
}

TEST(Fit, PredictsASmoothFunction) {
  const Data data = sampled(2, 40, 0, 1);
  Rng rng(2);
  const auto fitted = fit(continuous_space(2), data.points, data.observations, {}, rng);
  ASSERT_TRUE(fitted);
  EXPECT_GT(fitted->report.evaluations, 10);
  EXPECT_TRUE(std::isfinite(fitted->report.log_posterior));
  for (int i = 0; i < 50; ++i) {
    const std::vector<double> x{rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9)};
    EXPECT_NEAR(fitted->process.predict(x).mean, smooth(x), 0.05);
  }
}

TEST(Fit, LearnsTheNoise) {
  const Data noisy = sampled(2, 80, 0.3, 3), exact = sampled(2, 80, 0, 3);
  FitOptions options;
  options.warp = OutputWarp::none;
  Rng rng(4);
  const auto fitted = fit(continuous_space(2), noisy.points, noisy.observations, options, rng);
  ASSERT_TRUE(fitted);
  const double sd =
      std::exp(0.5 * fitted->process.state().hyperparameters.log_noise) * fitted->process.transform().scale();
  EXPECT_NEAR(sd, 0.3, 0.08);
  const auto without = fit(continuous_space(2), exact.points, exact.observations, options, rng);
  ASSERT_TRUE(without);
  EXPECT_LT(without->process.state().hyperparameters.log_noise, std::log(1e-4));
}

TEST(Fit, FindsTheDimensionsThatMatter) {
  // Two of five inputs do something.
  const Data data = sampled(5, 60, 0.01, 5);
  Rng rng(6);
  const auto fitted = fit(continuous_space(5), data.points, data.observations, {}, rng);
  ASSERT_TRUE(fitted);
  const auto& lengthscales = fitted->process.state().hyperparameters.log_lengthscales;
  for (std::size_t d = 2; d < 5; ++d) {
    EXPECT_GT(lengthscales[d], lengthscales[0] + 0.7);
    EXPECT_GT(lengthscales[d], lengthscales[1]);
  }
}

TEST(Fit, SameSeedSameBits) {
  const Data data = sampled(3, 25, 0.1, 7);
  Rng a(8), b(8);
  const auto first = fit(continuous_space(3), data.points, data.observations, {}, a);
  const auto second = fit(continuous_space(3), data.points, data.observations, {}, b);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->process.state().hyperparameters, second->process.state().hyperparameters);
  EXPECT_EQ(a.state(), b.state());
}

TEST(Fit, PreviousOptimumIsAStart) {
  const Data data = sampled(3, 25, 0.1, 9);
  Rng rng(1);
  const auto first = fit(continuous_space(3), data.points, data.observations, {}, rng);
  ASSERT_TRUE(first);
  FitOptions options;
  options.previous = first->process.state().hyperparameters;
  options.random_starts = 0;
  const auto second = fit(continuous_space(3), data.points, data.observations, options, rng);
  ASSERT_TRUE(second);
  EXPECT_GE(second->report.log_posterior, first->report.log_posterior - 1e-6);
  // One of another space, or one that is broken, is passed over.
  options.previous->log_lengthscales.push_back(0);
  EXPECT_TRUE(fit(continuous_space(3), data.points, data.observations, options, rng));
  options.previous->log_lengthscales = {0, std::nan(""), 0};
  EXPECT_TRUE(fit(continuous_space(3), data.points, data.observations, options, rng));
}

TEST(Fit, LearnsFromAPartOfManyPointsAndPredictsFromAll) {
  const Data data = sampled(2, 120, 0, 10);
  FitOptions options;
  options.max_points = 30;
  Rng rng(2);
  const auto fitted = fit(continuous_space(2), data.points, data.observations, options, rng);
  ASSERT_TRUE(fitted);
  for (std::size_t i = 0; i < 120; ++i) {
    EXPECT_NEAR(fitted->process.predict(data.points.row(i)).mean, data.observations[i], 0.02);
  }
}

TEST(Fit, RefusesInvalidInput) {
  Rng rng(1);
  const InputSpace space = continuous_space(2);
  const Points points{2, {0.1, 0.2, 0.3, 0.4}};
  const std::vector<double> observations{1, 2};
  const auto field = [&](const InputSpace& s, const Points& p, const std::vector<double>& y) {
    const auto fitted = fit(s, p, y, {}, rng);
    return fitted ? "none" : fitted.error().field;
  };
  EXPECT_EQ(field(space, points, observations), "none");
  EXPECT_EQ(field(space, points, {1}), "observations");
  EXPECT_EQ(field(space, {2, {}}, {}), "observations");
  EXPECT_EQ(field(space, points, {1, std::nan("")}), "observations[1]");
  EXPECT_EQ(field(space, points, {HUGE_VAL, 1}), "observations[0]");
  EXPECT_EQ(field(space, {2, {0.1, std::nan(""), 0.3, 0.4}}, observations), "points[0]");
  EXPECT_EQ(field(continuous_space(3), points, observations), "points");
  EXPECT_EQ(field({}, points, observations), "dimensions");
}

}  // namespace
}  // namespace krige::gp
