// From observations to what the Gaussian process models: a monotone warp, then standardization. Small is good.
#pragma once

#include <cstdint>
#include <span>

namespace krige::gp {

enum class OutputWarp : std::uint8_t {
  none,
  // The half of the observations above the median is compressed logarithmically: how bad a bad point is hardly matters,
  // and it must not hide differences between good ones. Below the median nothing changes.
  log_above_median,
};

// A value. Never fails: constant observations have scale 1, and no finite observation overflows.
class OutputTransform {
 public:
  // `observations`: at least one, finite.
  OutputTransform(OutputWarp warp, std::span<const double> observations);

  // Rises with y; from some 1e6 spreads above the median on it is constant.
  [[nodiscard]] double forward(double y) const;
  [[nodiscard]] double inverse(double z) const;
  // First and second derivative of inverse().
  [[nodiscard]] double inverse_slope(double z) const;
  [[nodiscard]] double inverse_curvature(double z) const;
  // The slope of the warp alone at y: what the evidence of a warp needs of its Jacobian.
  [[nodiscard]] double warp_slope(double y) const;
  // Units of y in one unit of z, where nothing is warped.
  [[nodiscard]] double scale() const { return unit_ * scale_; }

 private:
  [[nodiscard]] double warp(double u) const;
  [[nodiscard]] double unwarp(double w) const;

  double unit_ = 1;    // u = y/unit, so that squares do not overflow
  double knee_ = 0;    // in units of u
  double spread_ = 0;  // 0: nothing is warped
  double center_ = 0;
  double scale_ = 1;
};

}  // namespace krige::gp
