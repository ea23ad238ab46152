#include "gp/acquisition/log_ei.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace krige::gp {
namespace {

// h, Φ and φ with 64 bits of mantissa and 15 of exponent: good for u ≥ −20.
struct Reference {
  long double log_h, cdf_ratio, pdf_ratio;
};
Reference reference(double u_double) {
  const long double u = u_double;
  const long double pdf = std::exp(-0.5L * u * u) / std::sqrt(2 * std::numbers::pi_v<long double>);
  const long double cdf = 0.5L * std::erfc(-u / std::numbers::sqrt2_v<long double>);
  const long double h = pdf + u * cdf;
  return {std::log(h), cdf / h, pdf / h};
}

void expect_relative(double value, long double expected, double tolerance, double u) {
  EXPECT_NEAR(value, static_cast<double>(expected), tolerance * std::abs(static_cast<double>(expected))) << "u = " << u;
}

TEST(LogEi, AgreesWithLongDouble) {
  for (double u = -20; u <= 40; u += 0.0371) {
    const LogH h = log_h(u);
    const Reference expected = reference(u);
    // Near the zero of log h its relative error has no meaning.
    EXPECT_NEAR(h.value, static_cast<double>(expected.log_h), 2e-13 * std::max(1.0, std::abs(h.value))) << "u = " << u;
    expect_relative(h.cdf_ratio, expected.cdf_ratio, 2e-12, u);
    if (u < 30) expect_relative(h.pdf_ratio, expected.pdf_ratio, 2e-12, u);
  }
}

// The asymptotic series Φ(−x) = φ/x·Σ (−1)ᵏ (2k−1)!!/x²ᵏ and h(−x) = φ/x²·Σ (−1)ᵏ (2k+1)!!/x²ᵏ, to the last bit from x
// = 20 on.
TEST(LogEi, AgreesWithTheAsymptoticSeries) {
  for (const double at : {20.0, 25.0, 38.5, 64.0, 99.0, 1e3, 1e5, 1e8}) {
    const long double x = at;
    long double term = 1, cdf = 0, h = 0;
    for (int k = 0; k < 30; ++k) {
      cdf += term;
      term *= -(2 * k + 1) / (x * x);
      h += -term * x * x;
    }
    const long double log_pdf = -0.5L * x * x - 0.5L * std::log(2 * std::numbers::pi_v<long double>);
    const LogH found = log_h(-at);
    expect_relative(found.value, log_pdf + std::log(h) - 2 * std::log(x), 1e-15, -at);
    expect_relative(found.cdf_ratio, x * cdf / h, 1e-13, -at);
    expect_relative(found.pdf_ratio, x * x / h, 1e-13, -at);
  }
}

TEST(LogEi, FarTailFollowsTheAsymptoticSeries) {
  for (const double x : {1e3, 1e5, 1e8, 1e12, 1e100}) {
    const double expected = -0.5 * x * x - 0.5 * std::log(2 * std::numbers::pi) - 2 * std::log(x) - 3 / (x * x);
    expect_relative(log_h(-x).value, expected, 1e-15, -x);
    expect_relative(log_h(-x).cdf_ratio, x, 1e-5, -x);
    expect_relative(log_h(-x).pdf_ratio, x * x, 1e-5, -x);
  }
  EXPECT_NEAR(log_h(1e9).value, std::log(1e9), 1e-14);
}

TEST(LogEi, IsContinuousAtTheSwitch) {
  const LogH below = log_h(std::nextafter(-5.0, -6.0)), above = log_h(std::nextafter(-5.0, 0.0));
  EXPECT_NEAR(below.value, above.value, 1e-13 * std::abs(above.value));
  EXPECT_NEAR(below.cdf_ratio, above.cdf_ratio, 1e-12 * above.cdf_ratio);
  EXPECT_NEAR(below.pdf_ratio, above.pdf_ratio, 1e-12 * above.pdf_ratio);
}

TEST(LogEi, GradientsAgreeWithFiniteDifferences) {
  for (const double mean : {-3.0, 0.0, 0.4, 2.0, 30.0}) {
    for (const double sd : {0.05, 1.0, 7.0}) {
      const LogEi ei = log_ei(mean, sd, 0.1);
      const double step = 1e-6 * sd;
      const double by_mean = (log_ei(mean + step, sd, 0.1).value - log_ei(mean - step, sd, 0.1).value) / (2 * step);
      const double by_sd = (log_ei(mean, sd + step, 0.1).value - log_ei(mean, sd - step, 0.1).value) / (2 * step);
      EXPECT_NEAR(ei.by_mean, by_mean, 1e-5 * std::max(1.0, std::abs(by_mean)));
      EXPECT_NEAR(ei.by_sd, by_sd, 1e-5 * std::max(1.0, std::abs(by_sd)));
    }
  }
}

TEST(LogEi, IsTheMeanImprovement) {
  // E max(1 − f, 0), f ~ N(0.5, 2²): by the formula σ·(φ(u) + uΦ(u)) at u = 0.25, digits from tables of φ and Φ.
  EXPECT_NEAR(std::exp(log_ei(0.5, 2, 1).value), 2 * (0.3866681168 + 0.25 * 0.5987063257), 1e-9);
  // A certain improvement is its size.
  EXPECT_NEAR(log_ei(-4, 1e-9, 1).value, std::log(5.0), 1e-12);
}

}  // namespace
}  // namespace krige::gp
