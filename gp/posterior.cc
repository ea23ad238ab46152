#include "gp/posterior.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>

namespace krige::gp {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

// A variance below this part of the signal's is rounding of the subtraction that made it.
constexpr double kVarianceFloor = 1e-14;

Points one_point(std::span<const double> point) { return {point.size(), {point.begin(), point.end()}}; }

void append_rows(Inputs& to, const Inputs& from) {
  const Index n = to.size();
  to.features.conservativeResize(n + from.size(), Eigen::NoChange);
  to.features.bottomRows(from.size()) = from.features;
  to.categories.conservativeResize(n + from.size(), Eigen::NoChange);
  to.categories.bottomRows(from.size()) = from.categories;
}

}  // namespace

Posterior::Posterior(const InputSpace& space, const Hyperparameters& hyperparameters)
    : dims_(space.size()), kernel_(space), noise_(std::exp(hyperparameters.log_noise)), mean_(hyperparameters.mean) {
  kernel_.set(hyperparameters);
}

Result<Posterior> Posterior::make(const InputSpace& space, const Points& points, const VectorXd& targets,
                                  const Hyperparameters& hyperparameters) {
  Posterior out(space, hyperparameters);
  out.data_ = out.kernel_.scale(out.kernel_.embedding().embed(points));
  out.observed_ = out.data_.size();
  out.targets_ = targets;
  MatrixXd covariance = out.kernel_.gram(out.data_);
  covariance.diagonal().array() += out.noise_;
  KRIGE_TRY(CholeskyFactor factor, safe_cholesky(covariance, out.kernel_.variance() + out.noise_));
  out.lower_ = std::move(factor.lower);
  out.jitter_ = factor.jitter;
  out.jitter_level_ = factor.level;
  out.whitened_ = out.lower_.triangularView<Eigen::Lower>().solve((targets.array() - out.mean_).matrix());
  const auto n = static_cast<double>(out.observed_);
  out.log_marginal_likelihood_ = -0.5 * out.whitened_.squaredNorm() - out.lower_.diagonal().array().log().sum() -
                                 0.5 * n * std::log(2 * std::numbers::pi);
  out.solve();
  return out;
}

Result<Posterior> Posterior::with_pending(const Points& pending, std::size_t fantasies, Rng& rng) const {
  Posterior out = *this;
  const Index before = data_.size();
  const Inputs added = kernel_.scale(kernel_.embedding().embed(pending));
  const Index p = added.size();
  const auto m = static_cast<Index>(std::max<std::size_t>(fantasies, 1));

  const MatrixXd half =
      lower_.triangularView<Eigen::Lower>().solve(kernel_.cross(data_, added));  // L⁻¹·K(data, pending)
  MatrixXd rest = kernel_.gram(added) - half.transpose() * half;
  rest.diagonal().array() += noise_ + jitter_;
  KRIGE_TRY(const CholeskyFactor factor, safe_cholesky(rest, kernel_.variance() + noise_));
  out.lower_ = MatrixXd::Zero(before + p, before + p);
  out.lower_.topLeftCorner(before, before) = lower_;
  out.lower_.bottomLeftCorner(p, before) = half.transpose();
  out.lower_.bottomRightCorner(p, p) = factor.lower;
  out.jitter_level_ = std::max(jitter_level_, factor.level);

  out.whitened_ = MatrixXd(before + p, m);
  for (Index j = 0; j < m; ++j) out.whitened_.col(j).head(before) = whitened_.col(j % whitened_.cols());
  for (Index i = before; i < before + p; ++i) {
    // Antithetic pairs: the mean over the fantasies is then the mean itself.
    for (Index j = 0; j + 1 < m; j += 2) {
      out.whitened_(i, j) = rng.normal();
      out.whitened_(i, j + 1) = -out.whitened_(i, j);
    }
    if (m % 2 == 1) out.whitened_(i, m - 1) = 0;
  }
  append_rows(out.data_, added);
  out.solve();
  return out;
}

void Posterior::solve() {
  weights_ = lower_.triangularView<Eigen::Lower>().transpose().solve(whitened_);
  // (K − noise·I)·weights = y − noise·weights: the means at the points themselves. Also right where the noise is 0.
  const MatrixXd residuals = lower_.triangularView<Eigen::Lower>() * whitened_;
  const MatrixXd means = (residuals - (noise_ + jitter_) * weights_).array() + mean_;
  incumbents_ = means.colwise().minCoeff().transpose();
  observed_means_ = means.topRows(observed_).rowwise().mean();
}

Posterior::Batch Posterior::predict(const Points& points) const {
  const Inputs inputs = kernel_.scale(kernel_.embedding().embed(points));
  const MatrixXd cross = kernel_.cross(data_, inputs);
  Batch out{(cross.transpose() * weights_).array() + mean_, {}};
  const MatrixXd half = lower_.triangularView<Eigen::Lower>().solve(cross);
  out.variances =
      (kernel_.variance() - half.colwise().squaredNorm().transpose().array()).max(kVarianceFloor * kernel_.variance());
  return out;
}

VectorXd Posterior::means(const Points& points) const {
  const Inputs inputs = kernel_.scale(kernel_.embedding().embed(points));
  return (kernel_.cross(data_, inputs).transpose() * weights_.rowwise().mean()).array() + mean_;
}

Posterior::Local Posterior::predict_with_gradient(std::span<const double> point) const {
  const Inputs input = kernel_.scale(kernel_.embedding().embed(one_point(point)));
  const MixedKernel::Column column = kernel_.column(data_, input);
  const VectorXd half = lower_.triangularView<Eigen::Lower>().solve(column.value);
  const VectorXd solved = lower_.triangularView<Eigen::Lower>().transpose().solve(half);

  Local out;
  out.means = (weights_.transpose() * column.value).array() + mean_;
  out.mean_gradients = MatrixXd(static_cast<Index>(dims_), fantasies());
  const MatrixXd by_feature = column.by_feature.transpose() * weights_;
  for (Index j = 0; j < fantasies(); ++j) out.mean_gradients.col(j) = kernel_.to_dimensions(point, by_feature.col(j));
  const double variance = kernel_.variance() - half.squaredNorm();
  out.variance = std::max(variance, kVarianceFloor * kernel_.variance());
  out.variance_gradient = kernel_.to_dimensions(point, -2 * (column.by_feature.transpose() * solved));
  return out;
}

Posterior::Joint Posterior::predict_jointly(const Points& points) const {
  const Inputs inputs = kernel_.scale(kernel_.embedding().embed(points));
  const MatrixXd cross = kernel_.cross(data_, inputs);
  const MatrixXd half = lower_.triangularView<Eigen::Lower>().solve(cross);
  return {(cross.transpose() * weights_).array() + mean_, kernel_.gram(inputs) - half.transpose() * half};
}

VectorXd Posterior::correlations(const Points& points, std::span<const double> with) const {
  const Inputs inputs = kernel_.scale(kernel_.embedding().embed(points));
  const Inputs one = kernel_.scale(kernel_.embedding().embed(one_point(with)));
  return kernel_.cross(inputs, one) / kernel_.variance();
}

Posterior::LeaveOneOut Posterior::leave_one_out() const {
  const auto lower = lower_.topLeftCorner(observed_, observed_);
  const MatrixXd inverse_lower = lower.triangularView<Eigen::Lower>().solve(MatrixXd::Identity(observed_, observed_));
  const VectorXd inverse_diagonal = inverse_lower.colwise().squaredNorm().transpose();
  const VectorXd weights = inverse_lower.transpose() * whitened_.col(0).head(observed_);
  return {targets_ - weights.cwiseQuotient(inverse_diagonal), inverse_diagonal.cwiseInverse()};
}

}  // namespace krige::gp
