#include "gp/acquisition/log_cdf.h"

#include <cmath>
#include <limits>
#include <numbers>

namespace krige::gp {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// φ(u)/exp(log_scale).
double scaled_pdf(double u, double log_scale) {
  return std::exp(-0.5 * u * u - 0.5 * std::log(2 * std::numbers::pi) - log_scale);
}

}  // namespace

LogCdf log_cdf(double u) {
  if (u > -10) {
    const double cdf = 0.5 * std::erfc(-u / std::numbers::sqrt2);
    return {std::log(cdf), std::exp(-0.5 * u * u) / std::sqrt(2 * std::numbers::pi) / cdf};
  }
  // Φ(u) = φ(u)/(x + 1/(x + 2/(x + …))) with x = −u: Mills' ratio as a continued fraction.
  double fraction = 0;
  for (int k = 20; k >= 1; --k) fraction = k / (-u + fraction);
  const double slope = -u + fraction;
  return {-0.5 * u * u - 0.5 * std::log(2 * std::numbers::pi) - std::log(slope), slope};
}

LogProbability log_probability_between(double mean, double sd, double low, double high) {
  const double a = (low - mean) / sd, b = (high - mean) / sd;
  if (low == -kInfinity) {
    const auto [value, slope] = log_cdf(b);
    return {value, -slope / sd, -slope * b / sd};
  }
  if (high == kInfinity) {
    const auto [value, slope] = log_cdf(-a);
    return {value, slope / sd, slope * a / sd};
  }
  // The tail in which both bounds lie is the accurate one: Φ(b) − Φ(a) = Φ(−a) − Φ(−b).
  const bool upper = a + b > 0;
  const double more = log_cdf(upper ? -a : b).value, less = log_cdf(upper ? -b : a).value;
  const double value = more + std::log(-std::expm1(less - more));
  const double at_a = scaled_pdf(a, value), at_b = scaled_pdf(b, value);
  return {value, (at_a - at_b) / sd, (a * at_a - b * at_b) / sd};
}

}  // namespace krige::gp
