#include "gp/output_transform.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

namespace krige::gp {
namespace {

// Differences this small, relative to the values, are rounding.
constexpr double kRounding = 1e-14;
// Of the warped distance above the median, in spreads: one absurd observation must not flatten all others.
constexpr double kCap = 15;

double largest_finite(double value) {
  constexpr double kMax = std::numeric_limits<double>::max();
  return std::clamp(value, -kMax, kMax);
}

}  // namespace

OutputTransform::OutputTransform(OutputWarp warp_kind, std::span<const double> observations) {
  double magnitude = 0;
  for (const double y : observations) magnitude = std::max(magnitude, std::abs(y));
  // A power of two, so that scaling is exact; kept away from the subnormal numbers.
  if (magnitude > 0) unit_ = std::ldexp(1.0, std::clamp(std::ilogb(magnitude), -900, 1000));

  std::vector<double> values;
  for (const double y : observations) values.push_back(y / unit_);
  const auto n = static_cast<double>(values.size());
  if (warp_kind == OutputWarp::log_above_median) {
    std::vector<double> sorted = values;
    std::ranges::sort(sorted);
    knee_ = sorted[(sorted.size() - 1) / 2];
    spread_ = knee_ - sorted.front();
    if (spread_ <= kRounding) spread_ = 0;
  }
  for (double& value : values) value = warp(value);
  for (const double value : values) center_ += value / n;
  double variance = 0;
  for (const double value : values) variance += (value - center_) * (value - center_) / n;
  const double sd = std::sqrt(variance);
  if (sd > kRounding * std::max(1.0, std::abs(center_))) scale_ = sd;
}

double OutputTransform::warp(double u) const {
  if (spread_ == 0 || u <= knee_) return u;
  return knee_ + spread_ * std::min(std::log1p((u - knee_) / spread_), kCap);
}

double OutputTransform::unwarp(double w) const {
  if (spread_ == 0 || w <= knee_) return w;
  return knee_ + spread_ * std::expm1((w - knee_) / spread_);
}

double OutputTransform::forward(double y) const { return (warp(y / unit_) - center_) / scale_; }

double OutputTransform::inverse(double z) const { return largest_finite(unwarp(center_ + scale_ * z) * unit_); }

double OutputTransform::inverse_slope(double z) const {
  const double w = center_ + scale_ * z;
  const double slope = spread_ == 0 || w <= knee_ ? 1 : std::exp((w - knee_) / spread_);
  return largest_finite(slope * scale_ * unit_);
}

double OutputTransform::inverse_curvature(double z) const {
  const double w = center_ + scale_ * z;
  if (spread_ == 0 || w <= knee_) return 0;
  return largest_finite(inverse_slope(z) * (scale_ / spread_));
}

double OutputTransform::warp_slope(double y) const {
  const double u = y / unit_;
  return spread_ == 0 || u <= knee_ ? 1 : 1 / (1 + (u - knee_) / spread_);
}

}  // namespace krige::gp
