// Logarithm of the expected improvement, accurate where the improvement itself underflows (Ament et al., "Unexpected
// improvements to expected improvement", 2023). Minimization: improvement is best − f.
#pragma once

namespace krige::gp {

// log h(u) of h(u) = φ(u) + u·Φ(u), with Φ/h (its derivative) and φ/h, for any finite u.
struct LogH {
  double value;
  double cdf_ratio;
  double pdf_ratio;
};
[[nodiscard]] LogH log_h(double u);

// log E max(best − f, 0) for f ~ N(mean, sd²), sd > 0, with its derivatives.
struct LogEi {
  double value;
  double by_mean;
  double by_sd;
};
[[nodiscard]] LogEi log_ei(double mean, double sd, double best);

}  // namespace krige::gp
