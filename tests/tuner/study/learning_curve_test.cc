#include "tuner/study/learning_curve.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/rng.h"

namespace krige::tuner {
namespace {

double gamma_of_shape_2(Rng& rng) { return -std::log(1 - rng.uniform()) - std::log(1 - rng.uniform()); }

// The definition by Monte Carlo: models drawn from the prior count by the likelihood of the curve.
double by_sampling(const Curve& curve, std::int64_t step, double level, double scale, Rng& rng) {
  constexpr double kVariance = 0.05 * 0.05;
  const std::vector<double> exponents{0.25, 0.5, 0.75, 1.0, 1.5, 2.0, 3.0};
  const std::vector<double> parts{0.02, 0.05, 0.1, 0.2, 0.5, 1.0};
  const double origin = curve.back().second;
  double total = 0;
  double below = 0;
  for (int draw = 0; draw < 2'000'000; ++draw) {
    const std::size_t kind = rng.below(exponents.size() + parts.size());
    const auto phi = [&](double t) {
      return kind < exponents.size() ? std::pow(t, -exponents[kind])
                                     : std::exp(-t / (parts[kind - exponents.size()] * static_cast<double>(step)));
    };
    const double variance = kVariance / gamma_of_shape_2(rng);
    const double sd = std::sqrt(variance / kVariance);
    const double c = sd * rng.normal();
    const double a = sd * rng.normal();
    double log_likelihood = 0;
    for (const auto& [t, value] : curve) {
      const double error = (value - origin) / scale - c - a * phi(static_cast<double>(t));
      log_likelihood -= 0.5 * (error * error / variance + std::log(variance));
    }
    const double weight = std::exp(log_likelihood);
    total += weight;
    const double distance = (level - origin) / scale - c - a * phi(static_cast<double>(step));
    below += weight * 0.5 * std::erfc(-distance / std::sqrt(2 * variance));
  }
  return below / total;
}

TEST(LearningCurve, IsTheDefinitionBySampling) {
  Rng rng(4);
  const Curve curve{{1, 2.0}, {2, 1.5}, {4, 1.35}};
  for (const double level : {0.9, 1.2, 1.3, 1.6})
    EXPECT_NEAR(probability_below(curve, 12, level, 0.8), by_sampling(curve, 12, level, 0.8, rng), 0.02) << level;
}

TEST(LearningCurve, FollowsAPowerLawAndAPlateau) {
  Curve falling;
  Curve flat;
  for (std::int64_t t = 1; t <= 20; ++t) {
    falling.emplace_back(t, 1 + 3 / std::sqrt(static_cast<double>(t)));
    flat.emplace_back(t, 2 + std::exp(-static_cast<double>(t)));
  }
  // At 100 the first is at 1.3; the second stays at 2.
  EXPECT_GT(probability_below(falling, 100, 1.45, 1), 0.9);
  EXPECT_LT(probability_below(falling, 100, 1.15, 1), 0.1);
  EXPECT_LT(probability_below(flat, 100, 1.8, 1), 0.05);
  EXPECT_GT(probability_below(flat, 100, 2.2, 1), 0.95);
}

TEST(LearningCurve, GrowsWithTheLevelAndKnowsOneUnitFromAnother) {
  const Curve curve{{1, 5}, {2, 3}, {3, 2.5}, {5, 2.2}};
  double last = 0;
  for (double level = -5; level < 8; level += 0.25) {
    const double now = probability_below(curve, 30, level, 2);
    EXPECT_GE(now, last);
    last = now;
  }
  Curve in_hundreds = curve;
  for (auto& [step, value] : in_hundreds) value = 100 * value + 700;
  EXPECT_NEAR(probability_below(in_hundreds, 30, 100 * 1.9 + 700, 200), probability_below(curve, 30, 1.9, 2), 1e-9);
}

// What it says to be 10 % likely should happen about as often.
TEST(LearningCurve, IsCalibratedOnCurvesOfItsKind) {
  Rng rng(8);
  constexpr int kCurves = 2000;
  int below_tenth = 0;
  int below_half = 0;
  for (int i = 0; i < kCurves; ++i) {
    const double c = rng.normal();
    const double a = std::abs(rng.normal());
    const double exponent = 0.3 + 1.5 * rng.uniform();
    const auto at = [&](double t) { return c + a * std::pow(t, -exponent) + 0.03 * rng.normal(); };
    Curve curve;
    for (std::int64_t t = 1; t <= 10; ++t) curve.emplace_back(t, at(static_cast<double>(t)));
    const double p = probability_below(curve, 40, at(40), 1);
    below_tenth += p < 0.1 ? 1 : 0;
    below_half += p < 0.5 ? 1 : 0;
  }
  EXPECT_NEAR(below_tenth / static_cast<double>(kCurves), 0.1, 0.06);
  EXPECT_NEAR(below_half / static_cast<double>(kCurves), 0.5, 0.12);
}

}  // namespace
}  // namespace krige::tuner
