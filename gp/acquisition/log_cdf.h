// Logarithms of normal probabilities, accurate where the probabilities underflow.
#pragma once

namespace krige::gp {

// log Φ(u) and its derivative φ(u)/Φ(u), for any finite u.
struct LogCdf {
  double value;
  double slope;
};
[[nodiscard]] LogCdf log_cdf(double u);

// log P(low ≤ f ≤ high) for f ~ N(mean, sd²), sd > 0, with its derivatives. One bound may be infinite; low < high.
struct LogProbability {
  double value;
  double by_mean;
  double by_sd;
};
[[nodiscard]] LogProbability log_probability_between(double mean, double sd, double low, double high);

}  // namespace krige::gp
