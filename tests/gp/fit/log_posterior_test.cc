#include "gp/fit/log_posterior.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>

#include "gp/posterior.h"
#include "tests/gp/support.h"

namespace krige::gp {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

VectorXd normals(Index n, Rng& rng) {
  return VectorXd::NullaryExpr(n, [&] { return rng.normal(); });
}

HyperparameterPrior flat_prior(Index size) {
  const VectorXd zero = VectorXd::Zero(size), wide = VectorXd::Constant(size, 1e12);
  return {zero, wide, -wide, wide};
}

class LogPosteriorGradient : public testing::TestWithParam<int> {};

TEST_P(LogPosteriorGradient, AgreesWithFiniteDifferences) {
  Rng rng(static_cast<std::uint64_t>(GetParam()));
  const InputSpace space = GetParam() == 0   ? continuous_space(4)
                           : GetParam() == 1 ? mixed_space()
                                             : random_space(rng, 8);
  const LogPosterior objective(space, random_points(space, 11, rng), normals(11, rng), default_prior(space));
  VectorXd theta = to_theta(random_hyperparameters(space, rng));
  theta.tail(1).setConstant(-3);  // repeated points with less noise have a likelihood too large for finite differences
  ASSERT_EQ(theta.size(), objective.prior().mean.size());
  const auto value = objective.evaluate(theta);
  ASSERT_TRUE(value);
  const auto at = [&](std::span<const double> x) {
    return objective.evaluate(Eigen::Map<const VectorXd>(x.data(), static_cast<Index>(x.size())))->value;
  };
  const std::span<const double> point(theta.data(), static_cast<std::size_t>(theta.size()));
  expect_near(numeric_gradient(at, point, 1e-5), {value->gradient.data(), point.size()}, 2e-6);
}

INSTANTIATE_TEST_SUITE_P(Spaces, LogPosteriorGradient, testing::Range(0, 24));

TEST(LogPosterior, LikelihoodGradientAgreesWithScikitLearn) {
  // Ours has maximized the mean out. Observations mirrored at a second, far set of the same points have mean 0, so that
  // the gradient is twice that of one set with a mean of 0: that of scikit-learn for centred targets.
  std::ifstream file(KRIGE_SOURCE_DIR "/tests/golden/gp/scikit_learn.json");
  const nlohmann::json cases = nlohmann::json::parse(file).at("cases");
  ASSERT_EQ(cases.size(), 5U);
  for (const auto& one : cases) {
    const auto rows = one.at("points").get<std::vector<std::vector<double>>>();
    const auto targets = one.at("targets").get<std::vector<double>>();
    const std::size_t d = rows[0].size(), n = rows.size();
    // A categorical of length-scale e^−5 separates the two sets: their correlation is exp(−148).
    InputSpace space = continuous_space(d);
    space.dimensions.push_back({DimensionKind::categorical, 2, {}, {}});
    Points points{d + 1, {}};
    VectorXd values(static_cast<Index>(2 * n));
    for (std::size_t i = 0; i < 2 * n; ++i) {
      std::vector<double> row = rows[i % n];
      row.push_back(i < n ? 0 : 1);
      points.append(row);
      const double centred = targets[i % n] - one.at("mean").get<double>();
      values(static_cast<Index>(i)) = i < n ? centred : -centred;
    }
    Hyperparameters hyperparameters;
    for (const double lengthscale : one.at("lengthscales")) {
      hyperparameters.log_lengthscales.push_back(std::log(lengthscale));
    }
    hyperparameters.log_lengthscales.push_back(-5);
    hyperparameters.log_signal = std::log(one.at("signal").get<double>());
    hyperparameters.log_noise = std::log(one.at("noise").get<double>());
    const VectorXd theta = to_theta(hyperparameters);
    const auto value = LogPosterior(space, points, values, flat_prior(theta.size())).evaluate(theta);
    ASSERT_TRUE(value);
    EXPECT_NEAR(value->mean, 0, 1e-10);
    EXPECT_NEAR(value->value / 2, one.at("log_marginal_likelihood").get<double>(), 1e-7);
    const auto gradient = one.at("gradient_log_lengthscales").get<std::vector<double>>();
    for (std::size_t i = 0; i < d; ++i) EXPECT_NEAR(value->gradient(static_cast<Index>(i)) / 2, gradient[i], 1e-6);
    const auto last = static_cast<Index>(d);
    EXPECT_NEAR(value->gradient(last + 1) / 2, one.at("gradient_log_signal").get<double>(), 1e-6);
    EXPECT_NEAR(value->gradient(last + 2) / 2, one.at("gradient_log_noise").get<double>(), 1e-6);
  }
}

TEST(LogPosterior, MeanIsTheOptimum) {
  Rng rng(6);
  const InputSpace space = mixed_space();
  const Points points = random_points(space, 9, rng);
  const VectorXd targets = normals(9, rng).array() + 1.5;
  const VectorXd theta = to_theta(random_hyperparameters(space, rng));
  const auto value = LogPosterior(space, points, targets, flat_prior(theta.size())).evaluate(theta);
  ASSERT_TRUE(value);
  const auto density = [&](double mean) {
    const auto posterior = Posterior::make(
        space, points, targets, from_theta({theta.data(), static_cast<std::size_t>(theta.size())}, space.size(), mean));
    return posterior->log_marginal_likelihood() - 0.5 * mean * mean;
  };
  EXPECT_NEAR(value->value, density(value->mean), 1e-9);
  EXPECT_LT(density(value->mean + 0.01), value->value);
  EXPECT_LT(density(value->mean - 0.01), value->value);
}

TEST(LogPosterior, LikelihoodIsTheDensityWithoutThePrior) {
  Rng rng(7);
  for (int i = 0; i < 20; ++i) {
    const InputSpace space = i == 0 ? continuous_space(1) : random_space(rng, 8);
    const LogPosterior posterior(space, random_points(space, 10, rng), normals(10, rng), default_prior(space));
    const VectorXd theta = to_theta(random_hyperparameters(space, rng));
    const auto value = posterior.evaluate(theta);
    const auto likelihood = posterior.log_likelihood(theta);
    ASSERT_TRUE(value && likelihood);
    VectorXd ignored = VectorXd::Zero(theta.size());
    const double expected = value->value - log_density(posterior.prior(), theta, ignored);
    EXPECT_NEAR(*likelihood, expected, 1e-9 * std::max(1.0, std::abs(expected)));
  }
}

TEST(LogPosterior, FactorIsThatOfTheCovariance) {
  Rng rng(8);
  const InputSpace space = mixed_space();
  const Points points = random_points(space, 10, rng);
  const LogPosterior posterior(space, points, normals(10, rng), default_prior(space));
  const Hyperparameters hyperparameters = random_hyperparameters(space, rng);
  const auto factor = posterior.factor(to_theta(hyperparameters));
  ASSERT_TRUE(factor);
  EXPECT_TRUE(factor->isLowerTriangular(0));
  MixedKernel kernel(space);
  kernel.set(hyperparameters);
  Eigen::MatrixXd covariance = kernel.gram(kernel.scale(kernel.embedding().embed(points)));
  covariance.diagonal().array() += std::exp(hyperparameters.log_noise);
  EXPECT_LT((*factor * factor->transpose() - covariance).norm(), 1e-12 * covariance.norm());

  VectorXd broken = to_theta(hyperparameters);
  broken(broken.size() - 1) = 1000;  // e¹⁰⁰⁰ is no number
  EXPECT_FALSE(posterior.factor(broken));
  EXPECT_FALSE(posterior.log_likelihood(broken));
  EXPECT_FALSE(posterior.evaluate(broken));
}

TEST(LogPosterior, NewTargetsAreThoseOfANewOne) {
  Rng rng(9);
  const InputSpace space = mixed_space();
  const Points points = random_points(space, 10, rng);
  const VectorXd first = normals(10, rng), second = normals(10, rng);
  LogPosterior changed(space, points, first, default_prior(space));
  changed.set_targets(second);
  const VectorXd theta = to_theta(random_hyperparameters(space, rng));
  EXPECT_EQ(changed.evaluate(theta)->value,
            LogPosterior(space, points, second, default_prior(space)).evaluate(theta)->value);
}

}  // namespace
}  // namespace krige::gp
