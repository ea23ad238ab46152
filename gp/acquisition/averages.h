// Averages of logarithms, over fantasies and posteriors.
#pragma once

#include <Eigen/Core>
#include <cmath>
#include <limits>

namespace krige::gp {

// log Σ weights·exp(values); the weights are of sum 1.
inline double log_average(const Eigen::VectorXd& values, const Eigen::VectorXd& weights) {
  const double top = values.maxCoeff();
  if (top == -std::numeric_limits<double>::infinity()) return top;
  return top + std::log((values.array() - top).exp().matrix().dot(weights));
}

// ∂log_average/∂values; zeros where nothing is above −∞.
inline Eigen::VectorXd log_average_shares(const Eigen::VectorXd& values, const Eigen::VectorXd& weights) {
  const double top = values.maxCoeff();
  if (top == -std::numeric_limits<double>::infinity()) return Eigen::VectorXd::Zero(values.size());
  const Eigen::VectorXd parts = (values.array() - top).exp() * weights.array();
  return parts / parts.sum();
}

inline Eigen::VectorXd equal_weights(Eigen::Index n) {
  return Eigen::VectorXd::Constant(n, 1 / static_cast<double>(n));
}

}  // namespace krige::gp
