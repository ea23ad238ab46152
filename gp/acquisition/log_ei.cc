#include "gp/acquisition/log_ei.h"

#include <cmath>
#include <numbers>

namespace krige::gp {
namespace {

const double kLogRoot2Pi = 0.5 * std::log(2 * std::numbers::pi);
// Below, the two terms of h cancel; there the continued fraction has converged to the last bits after kTerms.
constexpr double kTail = -5;
constexpr int kTerms = 40;

}  // namespace

LogH log_h(double u) {
  if (u > kTail) {
    const double pdf = std::exp(-0.5 * u * u - kLogRoot2Pi);
    const double cdf = 0.5 * std::erfc(-u / std::numbers::sqrt2);
    const double h = pdf + u * cdf;
    return {std::log(h), cdf / h, pdf / h};
  }
  // Mills' ratio as 1/(x + 1/(x + 2/(x + …))): with t the fraction 1/(x + 2/(x + 3/…)), Φ(−x) = φ(x)/(x + t), so that
  // h = φ·t/(x + t).
  const double x = -u;
  double t = 0;
  for (int k = kTerms; k >= 1; --k) t = k / (x + t);
  return {-0.5 * u * u - kLogRoot2Pi + std::log(t / (x + t)), 1 / t, (x + t) / t};
}

LogEi log_ei(double mean, double sd, double best) {
  const LogH h = log_h((best - mean) / sd);
  return {std::log(sd) + h.value, -h.cdf_ratio / sd, h.pdf_ratio / sd};
}

}  // namespace krige::gp
