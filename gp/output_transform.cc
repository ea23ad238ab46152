#include "gp/output_transform.h"

#include <algorithm>
#include "gp/experiment.h"
#include <cmath>
#include <limits>
#include <vector>

namespace krige::gp {
namespace {

// Differences this small, relative to the values, are rounding.
constexpr double kRounding = 1e-14;
// Of the warped distance above the median, in spreads: one absurd observation must not flatten all others.
constexpr double kCap = 15;
// Of the distance to where an expanded warp is −∞, in spreads: nothing observed is that near.
constexpr double kFloor = 1e-6;

double largest_finite(double value) {
  constexpr double kMax = std::numeric_limits<double>::max();
  return std::clamp(value, -kMax, kMax);
}

}  // namespace

OutputTransform::OutputTransform(OutputWarp warp_kind, std::span<const double> observations) : warp_(warp_kind) {
  double magnitude = 0;
  for (const double y : observations) magnitude = std::max(magnitude, std::abs(y));
  // A power of two, so that scaling is exact; kept away from the subnormal numbers.
  if (magnitude > 0) unit_ = std::ldexp(1.0, std::clamp(std::ilogb(magnitude), -900, 1000));

  std::vector<double> values;
  for (const double y : observations) values.push_back(y / unit_);
  const auto n = static_cast<double>(values.size());
  if (warp_.compress_above || warp_.expand_below > 0) {
    std::vector<double> sorted = values;
    std::ranges::sort(sorted);
    knee_ = sorted[(sorted.size() - 1) / 2];
    spread_ = knee_ - sorted.front();
    const std::size_t k = std::min<std::size_t>(sorted.size() / 2, static_cast<std::size_t>(envd("WORST", 10)));
    const double bad = sorted[sorted.size() - 1 - k];
    if (envd("KNEE", 0) > 0) { knee_ = std::max(knee_, sorted.front() + envd("KNEE", 0) * (bad - sorted.front())); spread_ = knee_ - sorted.front(); }
    spread_ = std::max(spread_, envd("FLOOR", 0) * (bad - sorted.front()));
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
  if (spread_ == 0) return u;
  const double t = (u - knee_) / spread_;
  if (t > 0) return warp_.compress_above ? knee_ + spread_ * std::min(std::log1p(t), kCap) : u;
  if (warp_.expand_below == 0) return u;
  const double reach = 1 + warp_.expand_below;
  return knee_ + spread_ * reach * std::log(std::max(1 + t / reach, kFloor));
}

double OutputTransform::unwarp(double w) const {
  if (spread_ == 0) return w;
  const double v = (w - knee_) / spread_;
  if (v > 0) return warp_.compress_above ? knee_ + spread_ * std::expm1(v) : w;
  if (warp_.expand_below == 0) return w;
  const double reach = 1 + warp_.expand_below;
  return knee_ + spread_ * reach * std::expm1(v / reach);
}

double OutputTransform::forward(double y) const { return (warp(y / unit_) - center_) / scale_; }

double OutputTransform::inverse(double z) const { return largest_finite(unwarp(center_ + scale_ * z) * unit_); }

double OutputTransform::inverse_slope(double z) const {
  double slope = 1;
  if (spread_ != 0) {
    const double v = (center_ + scale_ * z - knee_) / spread_;
    if (v > 0 && warp_.compress_above) slope = std::exp(v);
    if (v <= 0 && warp_.expand_below > 0) slope = std::exp(v / (1 + warp_.expand_below));
  }
  return largest_finite(slope * scale_ * unit_);
}

double OutputTransform::inverse_curvature(double z) const {
  if (spread_ == 0) return 0;
  const double v = (center_ + scale_ * z - knee_) / spread_;
  const double slope = inverse_slope(z);
  if (v > 0 && warp_.compress_above) return largest_finite(slope * (scale_ / spread_));
  if (v <= 0 && warp_.expand_below > 0) return largest_finite(slope * (scale_ / spread_ / (1 + warp_.expand_below)));
  return 0;
}

double OutputTransform::warp_slope(double y) const {
  if (spread_ == 0) return 1;
  const double t = (y / unit_ - knee_) / spread_;
  if (t > 0) return warp_.compress_above ? 1 / (1 + t) : 1;
  return warp_.expand_below == 0 ? 1 : 1 / std::max(1 + t / (1 + warp_.expand_below), kFloor);
}

}  // namespace krige::gp
