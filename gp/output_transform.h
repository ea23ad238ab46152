// From observations to what the Gaussian process models: a monotone warp, then standardization. Small is good.
#pragma once

#include <span>

namespace krige::gp {

// With t = (y − median)/(median − best):
//
//   w(t) = log(1 + t)                    above the median, where `compress_above`, else t
//   w(t) = (1 + c)·log(1 + t/(1 + c))    below it, where c = `expand_below` > 0, else t
//
// Above: how bad a bad point is hardly matters, and it must not hide differences between good ones. Below: the smaller
// c, the more the differences among the best are spread out, as a logarithm does with losses that come near their
// minimum. Value and slope are continuous.
struct OutputWarp {
  bool compress_above = false;
  double expand_below = 0;
  friend bool operator==(const OutputWarp&, const OutputWarp&) = default;
};

// A value. Never fails: constant observations have scale 1, and no finite observation overflows.
class OutputTransform {
 public:
  // `observations`: at least one, finite.
  OutputTransform(OutputWarp warp, std::span<const double> observations);

  // Rises with y. Constant from some 1e6 spreads above the median on, and where an expanded warp would fall to −∞.
  [[nodiscard]] double forward(double y) const;
  [[nodiscard]] double inverse(double z) const;
  // First and second derivative of inverse().
  [[nodiscard]] double inverse_slope(double z) const;
  [[nodiscard]] double inverse_curvature(double z) const;
  // The slope of the warp at y, before standardization, in units of 1/(median − best): the Jacobian of the evidence.
  [[nodiscard]] double warp_slope(double y) const;
  // Units of y in one unit of z, where nothing is warped.
  [[nodiscard]] double scale() const { return unit_ * scale_; }

 private:
  // Where the warp is neither the identity nor capped.
  [[nodiscard]] double warp(double u) const;
  [[nodiscard]] double unwarp(double w) const;

  OutputWarp warp_;
  double unit_ = 1;    // u = y/unit, so that squares do not overflow
  double knee_ = 0;    // the median, in units of u
  double spread_ = 0;  // 0: nothing is warped
  double center_ = 0;
  double scale_ = 1;
};

}  // namespace krige::gp
