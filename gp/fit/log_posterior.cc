#include "gp/fit/log_posterior.h"

#include <cmath>
#include <numbers>
#include <span>
#include <utility>

#include "gp/cholesky.h"

namespace krige::gp {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

LogPosterior::LogPosterior(const InputSpace& space, const Points& points, VectorXd targets, HyperparameterPrior prior)
    : dims_(static_cast<Index>(space.size())),
      kernel_(space),
      inputs_(kernel_.embedding().embed(points)),
      targets_(std::move(targets)),
      prior_(std::move(prior)) {}

std::optional<LogPosterior::Value> LogPosterior::evaluate(const VectorXd& theta) const {
  const Index n = targets_.size();
  const auto dims = static_cast<std::size_t>(dims_);
  const std::span<const double> span(theta.data(), static_cast<std::size_t>(theta.size()));
  const Hyperparameters hyperparameters = from_theta(span, dims, 0);
  const double noise = std::exp(hyperparameters.log_noise);
  MixedKernel kernel = kernel_;
  kernel.set(hyperparameters);
  const Inputs scaled = kernel.scale(inputs_);
  MatrixXd covariance = kernel.gram(scaled);
  covariance.diagonal().array() += noise;
  const Result<CholeskyFactor> factor = safe_cholesky(covariance, kernel.variance() + noise);
  if (!factor) return std::nullopt;

  // The triangular inverse and its product cost half of solving for the identity.
  const MatrixXd inverse_lower = factor->lower.triangularView<Eigen::Lower>().solve(MatrixXd::Identity(n, n));
  MatrixXd inverse(n, n);
  inverse.noalias() = inverse_lower.transpose() * inverse_lower;
  const VectorXd row_sums = inverse.rowwise().sum();

  Value out;
  out.mean = row_sums.dot(targets_) / (row_sums.sum() + 1);
  const VectorXd residual = targets_.array() - out.mean;
  const VectorXd alpha = inverse * residual;
  out.value = -0.5 * residual.dot(alpha) - factor->lower.diagonal().array().log().sum() -
              0.5 * static_cast<double>(n) * std::log(2 * std::numbers::pi) - 0.5 * out.mean * out.mean;

  MatrixXd weight = -inverse;
  weight.noalias() += alpha * alpha.transpose();
  const MixedKernel::Gradient by_kernel = kernel.gradient(scaled, weight);
  out.gradient = VectorXd(theta.size());
  out.gradient.head(dims_) = 0.5 * by_kernel.lengthscales;
  if (hyperparameters.log_main_lengthscales.empty()) {
    out.gradient(dims_) = 0.5 * by_kernel.signal;
  } else {
    out.gradient.segment(dims_, dims_) = 0.5 * by_kernel.main_lengthscales;
    out.gradient(2 * dims_) = 0.5 * by_kernel.signal;
    out.gradient(2 * dims_ + 1) = 0.5 * by_kernel.main_signal;
  }
  out.gradient(theta.size() - 1) = 0.5 * noise * weight.trace();
  out.value += log_density(prior_, theta, out.gradient);
  return out;
}

std::optional<MatrixXd> LogPosterior::factor(const VectorXd& theta) const {
  const std::span<const double> span(theta.data(), static_cast<std::size_t>(theta.size()));
  const Hyperparameters hyperparameters = from_theta(span, static_cast<std::size_t>(dims_), 0);
  MixedKernel kernel = kernel_;
  kernel.set(hyperparameters);
  MatrixXd covariance = kernel.gram(kernel.scale(inputs_));
  const double noise = std::exp(hyperparameters.log_noise);
  covariance.diagonal().array() += noise;
  Result<CholeskyFactor> factor = safe_cholesky(covariance, kernel.variance() + noise);
  if (!factor) return std::nullopt;
  return std::move(factor->lower);
}

std::optional<double> LogPosterior::log_likelihood(const VectorXd& theta) const {
  const std::optional<MatrixXd> lower = factor(theta);
  if (!lower) return std::nullopt;
  const auto triangle = lower->triangularView<Eigen::Lower>();
  const VectorXd ones = triangle.solve(VectorXd::Ones(targets_.size()));
  VectorXd residual = triangle.solve(targets_);
  const double mean = ones.dot(residual) / (ones.squaredNorm() + 1);
  residual -= mean * ones;
  return -0.5 * residual.squaredNorm() - lower->diagonal().array().log().sum() -
         0.5 * static_cast<double>(targets_.size()) * std::log(2 * std::numbers::pi) - 0.5 * mean * mean;
}

}  // namespace krige::gp
