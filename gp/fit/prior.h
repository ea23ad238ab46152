// Prior and bounds of the hyperparameters: independent normal distributions of the logarithms.
#pragma once

#include <Eigen/Core>
#include <span>

#include "gp/gaussian_process.h"

namespace krige::gp {

// θ = (log ℓ of each dimension; log ℓ_m of each dimension; log signal; log signal of the main effects; log noise): the
// vector that a fit searches. Without main effects, as in a space of one dimension, their parts are left out.
struct HyperparameterPrior {
  Eigen::VectorXd mean;
  Eigen::VectorXd sd;
  Eigen::VectorXd low;
  Eigen::VectorXd high;
};

// Length-scales grow with the square root of the number of dimensions, as distances in the unit cube do (Hvarfner et
// al., "Vanilla Bayesian optimization performs great in high dimensions", 2024).
[[nodiscard]] HyperparameterPrior default_prior(const InputSpace& space);

// The log density without its constant, adding its gradient to `gradient`.
[[nodiscard]] double log_density(const HyperparameterPrior& prior, const Eigen::VectorXd& theta,
                                 Eigen::VectorXd& gradient);

[[nodiscard]] Eigen::VectorXd to_theta(const Hyperparameters& hyperparameters);
[[nodiscard]] Hyperparameters from_theta(std::span<const double> theta, std::size_t dims, double mean);

}  // namespace krige::gp
