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
  ASSERT_EQ(one.mean.size(), 3) << "one dimension is its main effect";
  ASSERT_EQ(nine.mean.size(), 9 + 9 + 3);
  EXPECT_NEAR(nine.mean(0) - one.mean(0), std::log(3.0), 1e-14);
  EXPECT_EQ(nine.mean(18), one.mean(1)) << "signal";
  EXPECT_EQ(nine.mean(20), one.mean(2)) << "noise";
  EXPECT_EQ(nine.mean(9), default_prior(continuous_space(2)).mean(2)) << "a main effect has one dimension";
  for (const HyperparameterPrior* prior : {&one, &nine}) {
    EXPECT_TRUE((prior->low.array() < prior->mean.array()).all());
    EXPECT_TRUE((prior->mean.array() < prior->high.array()).all());
    EXPECT_TRUE((prior->sd.array() > 0).all());
  }
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
  for (const std::size_t dims : {1, 2, 3, 8}) {
    Hyperparameters hyperparameters = random_hyperparameters(continuous_space(dims), rng);
    const VectorXd with = to_theta(hyperparameters);
    EXPECT_EQ(with.size(), default_prior(continuous_space(dims)).mean.size());
    const auto size = static_cast<std::size_t>(with.size());
    EXPECT_EQ(from_theta({with.data(), size}, dims, hyperparameters.mean), hyperparameters);

    hyperparameters.log_main_lengthscales.clear();
    hyperparameters.log_main_signal = Hyperparameters{}.log_main_signal;  // without effects it is not carried
    const VectorXd without = to_theta(hyperparameters);
    ASSERT_EQ(without.size(), static_cast<Index>(dims + 2));
    EXPECT_EQ(from_theta({without.data(), dims + 2}, dims, hyperparameters.mean), hyperparameters);
  }
}

}  // namespace
}  // namespace krige::gp
