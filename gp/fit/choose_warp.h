// Chooses the warp of the observations by evidence.
#pragma once

#include <Eigen/Core>
#include <span>

#include "gp/output_transform.h"

namespace krige::gp {

// The warp under which the observations are most probable: log marginal likelihood with the best signal and constant
// mean for each, plus the logarithm of the Jacobian (Snelson, Rasmussen, Ghahramani, "Warped Gaussian Processes",
// 2003). `lower`: n × n, the Cholesky factor of a covariance, of which only the shape matters. `current` is kept unless
// another is more probable by a factor that means something.
[[nodiscard]] OutputWarp choose_warp(const Eigen::MatrixXd& lower, std::span<const double> observations,
                                     OutputWarp current);

}  // namespace krige::gp
