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
    : kernel_(space),
      inputs_(kernel_.embedding().embed(points)),
      targets_(std::move(targets)),
      prior_(std::move(prior)) {}

std::optional<LogPosterior::Value> LogPosterior::evaluate(const VectorXd& theta) const {
  const Index d = theta.size() - 2;
  const Index n = targets_.size();
  const double signal = std::exp(theta(d));
  const double noise = std::exp(theta(d + 1));
  MixedKernel kernel = kernel_;
  kernel.set_log_lengthscales(std::span(theta.data(), static_cast<std::size_t>(d)));
  const Inputs scaled = kernel.scale(inputs_);
  const Gram gram = kernel.gram(scaled);

  MatrixXd covariance = signal * gram.value;
  covariance.diagonal().array() += noise;
  const Result<CholeskyFactor> factor = safe_cholesky(covariance, signal + noise);
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
  out.gradient = VectorXd(d + 2);
  out.gradient.head(d) = 0.5 * signal * kernel.lengthscale_gradient(scaled, gram, weight);
  out.gradient(d) = 0.5 * signal * weight.cwiseProduct(gram.value).sum();
  out.gradient(d + 1) = 0.5 * noise * weight.trace();
  out.value += log_density(prior_, theta, out.gradient);
  return out;
}

}  // namespace krige::gp
