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

class LogPosteriorGradient : public testing::TestWithParam<int> {};

TEST_P(LogPosteriorGradient, AgreesWithFiniteDifferences) {
  Rng rng(static_cast<std::uint64_t>(GetParam()));
  const InputSpace space = GetParam() == 0   ? continuous_space(4)
                           : GetParam() == 1 ? mixed_space()
                                             : random_space(rng, 8);
  const LogPosterior objective(space, random_points(space, 11, rng), normals(11, rng), default_prior(space));
  VectorXd theta = to_theta(random_hyperparameters(space, rng));
  theta.tail(1).setConstant(-3);  // repeated points with less noise have a likelihood too large for finite differences
  const auto value = objective.evaluate(theta);
  ASSERT_TRUE(value);
  const auto at = [&](std::span<const double> x) {
    return objective.evaluate(Eigen::Map<const VectorXd>(x.data(), static_cast<Index>(x.size())))->value;
  };
  const std::span<const double> point(theta.data(), space.size() + 2);
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
    HyperparameterPrior flat = default_prior(space);
    flat.sd.setConstant(1e12);

    const auto value = LogPosterior(space, points, values, flat).evaluate(to_theta(hyperparameters));
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
  HyperparameterPrior flat = default_prior(space);
  flat.sd.setConstant(1e12);
  const auto value = LogPosterior(space, points, targets, flat).evaluate(theta);
  ASSERT_TRUE(value);
  const auto density = [&](double mean) {
    const auto posterior = Posterior::make(space, points, targets, from_theta({theta.data(), space.size() + 2}, mean));
    return posterior->log_marginal_likelihood() - 0.5 * mean * mean;
  };
  EXPECT_NEAR(value->value, density(value->mean), 1e-9);
  EXPECT_LT(density(value->mean + 0.01), value->value);
  EXPECT_LT(density(value->mean - 0.01), value->value);
}

}  // namespace
}  // namespace krige::gp
