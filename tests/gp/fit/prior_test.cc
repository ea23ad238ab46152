#include "gp/fit/prior.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/gp/support.h"

namespace krige::gp {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

TEST(Prior, LengthscalesGrowWithTheRootOfTheDimensions) {
  const HyperparameterPrior one = default_prior(continuous_space(1)), nine = default_prior(continuous_space(9));
  EXPECT_NEAR(nine.mean(0) - one.mean(0), std::log(3.0), 1e-14);
  EXPECT_EQ(nine.mean(9), one.mean(1));
  EXPECT_EQ(nine.mean(10), one.mean(2));
  EXPECT_TRUE((nine.low.array() < nine.mean.array()).all());
  EXPECT_TRUE((nine.mean.array() < nine.high.array()).all());
}

TEST(Prior, DensityHasItsGradientAndItsModeAtTheMean) {
  const HyperparameterPrior prior = default_prior(mixed_space());
  const VectorXd theta = prior.mean.array() + 0.3;
  VectorXd gradient = VectorXd::Zero(theta.size());
  const double value = log_density(prior, theta, gradient);
  const auto density = [&](std::span<const double> x) {
    VectorXd ignored = VectorXd::Zero(theta.size());
    return log_density(prior, Eigen::Map<const VectorXd>(x.data(), theta.size()), ignored);
  };
  const std::span<const double> at(theta.data(), static_cast<std::size_t>(theta.size()));
  expect_near(numeric_gradient(density, at, 1e-5), {gradient.data(), at.size()}, 1e-8);
  VectorXd at_mode = VectorXd::Zero(theta.size());
  EXPECT_GT(log_density(prior, prior.mean, at_mode), value);
  EXPECT_EQ(at_mode.norm(), 0);
}

TEST(Prior, ThetaAndBack) {
  Rng rng(1);
  const Hyperparameters hyperparameters = random_hyperparameters(continuous_space(3), rng);
  const VectorXd theta = to_theta(hyperparameters);
  EXPECT_EQ(from_theta({theta.data(), 5}, hyperparameters.mean), hyperparameters);
}

}  // namespace
}  // namespace krige::gp
