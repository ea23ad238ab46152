// What one more measurement is worth where measurements are noisy, also of a point that was measured before.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "gp/gaussian_process.h"

namespace krige::gp {

// For each of `points` (canonical), how much lower the best posterior mean is expected to be once the point
// has been measured, with noise, where the choice is among the observed points and itself: the knowledge gradient
// (Frazier, Powell, Dayanik, "The knowledge-gradient policy for correlated normal beliefs", 2009; Scott, Frazier,
// Powell 2011). Never below 0; in transformed units, averaged over hyperparameters and fantasies.
[[nodiscard]] std::vector<double> knowledge_gradient(const GaussianProcess& process, const Points& points);

// min_j intercepts_j − E min_j (intercepts_j + slopes_j Z), Z standard normal: exact, by the lower envelope of the
// lines. Both of the same size ≥ 1.
[[nodiscard]] double expected_fall_of_minimum(const Eigen::VectorXd& intercepts, const Eigen::VectorXd& slopes);

}  // namespace krige::gp
