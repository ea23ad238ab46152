#include "gp/acquisition/knowledge_gradient.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "tests/gp/support.h"

namespace krige::gp {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

// By the trapezoidal rule over z, which for such integrands is accurate to many digits.
double fall_by_integration(const VectorXd& intercepts, const VectorXd& slopes) {
  constexpr double kLimit = 10, kStep = 4e-3;
  double sum = 0;
  for (double z = -kLimit; z <= kLimit; z += kStep) {
    sum += kStep * std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi) * (intercepts + z * slopes).minCoeff();
  }
  return intercepts.minCoeff() - sum;
}

TEST(ExpectedFallOfMinimum, AgreesWithIntegration) {
  Rng rng(3);
  for (int round = 0; round < 60; ++round) {
    const Index n = 1 + static_cast<Index>(rng.below(12));
    VectorXd intercepts = VectorXd::NullaryExpr(n, [&] { return rng.normal(); });
    VectorXd slopes = VectorXd::NullaryExpr(n, [&] { return rng.normal(); });
    if (n > 3) slopes(1) = slopes(0);          // parallel
    if (n > 4) intercepts(2) = intercepts(3);  // crossing at 0
    if (n > 6) {
      slopes(5) = slopes(6);  // the same line twice
      intercepts(5) = intercepts(6);
    }
    EXPECT_NEAR(expected_fall_of_minimum(intercepts, slopes), fall_by_integration(intercepts, slopes), 2e-6);
  }
}

TEST(ExpectedFallOfMinimum, IsZeroWhenNothingChangesTheChoice) {
  EXPECT_EQ(expected_fall_of_minimum(VectorXd::Constant(1, 2.0), VectorXd::Constant(1, 5.0)), 0);
  EXPECT_EQ(expected_fall_of_minimum(VectorXd::LinSpaced(5, 0, 1), VectorXd::Constant(5, 0.3)), 0);
}

GaussianProcess noisy_process(double log_noise, std::vector<double> x, std::vector<double> y) {
  State state;
  state.space = continuous_space(1);
  state.points = {1, std::move(x)};
  state.observations = std::move(y);
  Hyperparameters hyperparameters;
  hyperparameters.log_lengthscales = {-2};
  hyperparameters.log_noise = log_noise;
  state.hyperparameters = {hyperparameters};
  return GaussianProcess::from_state(std::move(state)).value();
}

// By drawing what the measurement shows and conditioning on it anew.
TEST(KnowledgeGradient, AgreesWithMeasuringManyTimes) {
  const std::vector<double> x{0.1, 0.4, 0.45, 0.9}, y{0.5, -0.6, -0.4, 1.0};
  const double log_noise = -1.5;
  const GaussianProcess process = noisy_process(log_noise, x, y);
  const double scale = process.transform().scale();
  Rng rng(11);
  for (const double at : {0.4, 0.6}) {
    const double found = knowledge_gradient(process, {1, {at}})[0];
    Points all{1, x};
    all.append(std::span<const double>(&at, 1));
    const JointPrediction now = process.predict_jointly(all);
    const std::size_t n = all.size(), last = n - 1;
    const double variance = now.covariance[last * n + last] + std::exp(log_noise) * scale * scale;
    const auto best = static_cast<std::size_t>(std::ranges::min_element(now.mean) - now.mean.begin());
    constexpr int kDraws = 200'000;
    double fall = 0;
    for (int i = 0; i < kDraws; ++i) {
      const double surprise = std::sqrt(variance) * rng.normal();
      const auto after = [&](std::size_t j) {
        return now.mean[j] + now.covariance[j * n + last] / variance * surprise;
      };
      double lowest = after(0);
      for (std::size_t j = 1; j < n; ++j) lowest = std::min(lowest, after(j));
      fall += after(best) - lowest;  // the best one's own mean moves by nothing, on average
    }
    EXPECT_NEAR(found * scale, fall / kDraws, 0.02 * fall / kDraws);
  }
}

TEST(KnowledgeGradient, MeasuringAgainIsWorthNothingWithoutNoiseAndSomethingWithIt) {
  const std::vector<double> x{0.1, 0.4, 0.6, 0.9}, y{0.5, -0.6, -0.5, 1.0};
  EXPECT_LT(knowledge_gradient(noisy_process(-18, x, y), {1, {0.4}})[0], 1e-4);
  EXPECT_GT(knowledge_gradient(noisy_process(-1, x, y), {1, {0.4}})[0], 1e-2);
}

TEST(KnowledgeGradient, AveragesOverPendingResults) {
  Rng rng(5);
  const GaussianProcess process = noisy_process(-2, {0.1, 0.5, 0.9}, {-0.15, -0.2, 0.8});
  const GaussianProcess given = process.with_pending({1, {0.5}}, rng, 200).value();
  EXPECT_LT(knowledge_gradient(given, {1, {0.5}})[0], knowledge_gradient(process, {1, {0.5}})[0])
      << "the second measurement of a point is worth less than the first";
}

}  // namespace
}  // namespace krige::gp
