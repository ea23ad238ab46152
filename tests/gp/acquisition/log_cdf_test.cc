#include "gp/acquisition/log_cdf.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numbers>

namespace krige::gp {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Simpson's rule over the density relative to its largest value in [a, b], so that nothing underflows.
double log_integral(double a, double b) {
  const double nearest = a > 0 ? a : b < 0 ? b : 0;
  const int steps = 20000;
  const double h = (b - a) / steps;
  double sum = 0;
  for (int i = 0; i <= steps; ++i) {
    const double u = a + i * h;
    sum += (i == 0 || i == steps ? 1 : i % 2 == 1 ? 4 : 2) * std::exp(-0.5 * (u * u - nearest * nearest));
  }
  return std::log(sum * h / 3) - 0.5 * nearest * nearest - 0.5 * std::log(2 * std::numbers::pi);
}

TEST(LogCdf, IsTheLogarithmOfTheDistributionFunctionAndKnownFarOut) {
  for (double u = -8; u <= 8; u += 0.25)
    EXPECT_NEAR(log_cdf(u).value, std::log(0.5 * std::erfc(-u / std::numbers::sqrt2)), 1e-13) << u;
  EXPECT_NEAR(log_cdf(-20).value, -203.91715537109727, 1e-9);  // R: pnorm(-20, log.p = TRUE)
  EXPECT_NEAR(log_cdf(-100).value, -5005.524208694205, 1e-8);  // R: pnorm(-100, log.p = TRUE)
  EXPECT_NEAR(log_cdf(-10 - 1e-9).value, log_cdf(-10 + 1e-9).value, 1e-7);
}

TEST(LogProbabilityBetween, AgreesWithAnIntegralAlsoInTheTails) {
  for (const auto& [low, high] :
       {std::pair{-1.0, 2.0}, {0.5, 0.75}, {3.0, 4.0}, {-9.0, -8.0}, {12.0, 15.0}, {30.0, 31.0}}) {
    const double mean = 0.3, sd = 0.7;
    EXPECT_NEAR(log_probability_between(mean, sd, low, high).value, log_integral((low - mean) / sd, (high - mean) / sd),
                1e-7)
        << low << " … " << high;
  }
  EXPECT_NEAR(log_probability_between(1, 2, -kInfinity, 3).value, log_cdf(1).value, 1e-15);
  EXPECT_NEAR(log_probability_between(1, 2, 3, kInfinity).value, log_cdf(-1).value, 1e-15);
}

TEST(LogProbabilityBetween, DerivativesAgreeWithFiniteDifferences) {
  for (const auto& [low, high] :
       {std::pair{-kInfinity, 1.5}, {1.5, kInfinity}, {-0.4, 0.9}, {4.0, 5.0}, {-30.0, -29.0}, {-kInfinity, -20.0}}) {
    for (const double sd : {0.2, 1.0, 3.0}) {
      const double mean = 0.4, step = 1e-6;
      const LogProbability found = log_probability_between(mean, sd, low, high);
      const auto at = [&](double m, double s) { return log_probability_between(m, s, low, high).value; };
      const double by_mean = (at(mean + step, sd) - at(mean - step, sd)) / (2 * step);
      const double by_sd = (at(mean, sd + step) - at(mean, sd - step)) / (2 * step);
      EXPECT_NEAR(found.by_mean, by_mean, 1e-5 * std::max(1.0, std::abs(by_mean)));
      EXPECT_NEAR(found.by_sd, by_sd, 1e-4 * std::max(1.0, std::abs(by_sd)));
    }
  }
}

}  // namespace
}  // namespace krige::gp
