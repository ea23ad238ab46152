// The quantile function of the standard normal distribution.
#pragma once

namespace krige::tuner {

// Φ⁻¹(p) for p in (0, 1); relative error below 1e-15 (Wichura 1988, AS 241, PPND16).
[[nodiscard]] double normal_quantile(double p);

}  // namespace krige::tuner
