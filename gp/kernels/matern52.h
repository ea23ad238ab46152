// Matérn correlation with ν = 5/2 (Rasmussen, Williams, "Gaussian Processes for Machine Learning", 2006, eq. 4.17).
// With t = √5·r at distance r:  k(t) = (1 + t + t²/3)·e⁻ᵗ.
#pragma once

#include <Eigen/Core>

namespace krige::gp {

// As a function of the squared distance s = r²: the value and k′(s) = −⁵⁄₆·(1 + t)·e⁻ᵗ, smooth at s = 0. `penalty` is
// subtracted in the exponent: the factor of the categorical dimensions at the cost of no further exponential.
template <typename Squared, typename Penalty, typename Value, typename Slope>
void matern52(const Eigen::ArrayBase<Squared>& squared, const Eigen::ArrayBase<Penalty>& penalty,
              Eigen::ArrayBase<Value>& value, Eigen::ArrayBase<Slope>& slope) {
  const auto t = (5.0 * squared).sqrt();
  slope = (-t - penalty).exp();
  value = (1.0 + t + (5.0 / 3.0) * squared) * slope;
  slope *= (-5.0 / 6.0) * (1.0 + t);
}

}  // namespace krige::gp
