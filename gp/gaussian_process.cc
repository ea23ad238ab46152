#include "gp/gaussian_process.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "gp/posterior.h"

namespace krige::gp {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

Points canonical(const InputSpace& space, const Points& points) {
  Points out = points;
  for (std::size_t i = 0; i < out.size(); ++i) canonicalize(space, out.row(i));
  return out;
}

constexpr double kLargest = std::numeric_limits<double>::max();

// The mixture over the fantasies, in units of the observations.
Prediction to_prediction(const OutputTransform& transform, const Eigen::Ref<const VectorXd>& means, double variance) {
  const double mean = means.mean();
  const double total = variance + (means.array() - mean).square().mean();
  return {transform.inverse(mean), std::min(std::sqrt(total) * transform.inverse_slope(mean), kLargest)};
}

}  // namespace

GaussianProcess::GaussianProcess(std::shared_ptr<const State> state, OutputTransform transform,
                                 std::shared_ptr<const Posterior> posterior)
    : state_(std::move(state)), transform_(transform), posterior_(std::move(posterior)) {}

Result<GaussianProcess> GaussianProcess::from_state(State state) {
  KRIGE_CHECK(canonicalize(state));
  const OutputTransform transform(state.warp, state.observations);
  VectorXd targets(static_cast<Index>(state.observations.size()));
  for (Index i = 0; i < targets.size(); ++i) {
    targets(i) = transform.forward(state.observations[static_cast<std::size_t>(i)]);
  }
  KRIGE_TRY(Posterior posterior, Posterior::make(state.space, state.points, targets, state.hyperparameters));
  return GaussianProcess(std::make_shared<const State>(std::move(state)), transform,
                         std::make_shared<const Posterior>(std::move(posterior)));
}

Prediction GaussianProcess::predict(std::span<const double> point) const {
  return predict(Points{point.size(), {point.begin(), point.end()}})[0];
}

std::vector<Prediction> GaussianProcess::predict(const Points& points) const {
  const Posterior::Batch batch = posterior_->predict(canonical(space(), points));
  std::vector<Prediction> out;
  for (Index i = 0; i < batch.variances.size(); ++i) {
    out.push_back(to_prediction(transform_, batch.means.row(i).transpose(), batch.variances(i)));
  }
  return out;
}

PredictionGradient GaussianProcess::predict_with_gradient(std::span<const double> point) const {
  std::vector<double> nearest(point.begin(), point.end());
  canonicalize(space(), nearest);
  const Posterior::Local local = posterior_->predict_with_gradient(nearest);
  const double mean = local.means.mean();
  const VectorXd deviations = local.means.array() - mean;
  const double sd = std::sqrt(local.variance + deviations.squaredNorm() / static_cast<double>(deviations.size()));
  const VectorXd by_mean = local.mean_gradients.rowwise().mean();
  const VectorXd by_sd =
      (0.5 * local.variance_gradient + local.mean_gradients * deviations / static_cast<double>(deviations.size())) / sd;

  PredictionGradient out{to_prediction(transform_, local.means, local.variance), {}, {}};
  const double slope = transform_.inverse_slope(mean);
  const VectorXd mean_out = slope * by_mean;
  const VectorXd sd_out = slope * by_sd + sd * transform_.inverse_curvature(mean) * by_mean;
  out.mean.assign(mean_out.begin(), mean_out.end());
  out.sd.assign(sd_out.begin(), sd_out.end());
  return out;
}

JointPrediction GaussianProcess::predict_jointly(const Points& points) const {
  const Posterior::Joint joint = posterior_->predict_jointly(canonical(space(), points));
  const VectorXd means = joint.means.rowwise().mean();
  const MatrixXd deviations = joint.means.colwise() - means;
  const MatrixXd covariance =
      joint.covariance + deviations * deviations.transpose() / static_cast<double>(deviations.cols());
  JointPrediction out;
  const Index n = means.size();
  for (Index i = 0; i < n; ++i) {
    out.mean.push_back(transform_.inverse(means(i)));
    for (Index j = 0; j < n; ++j) {
      out.covariance.push_back(covariance(i, j) * transform_.inverse_slope(means(i)) *
                               transform_.inverse_slope(means(j)));
    }
  }
  return out;
}

Result<std::vector<double>> GaussianProcess::sample(const Points& points, std::size_t count, Rng& rng) const {
  const Posterior::Joint joint = posterior_->predict_jointly(canonical(space(), points));
  const Index n = joint.means.rows();
  const double signal =
      std::exp(state_->hyperparameters.log_signal) + std::exp(state_->hyperparameters.log_main_signal);
  KRIGE_TRY(const CholeskyFactor factor, safe_cholesky(joint.covariance, signal));
  std::vector<double> out;
  for (std::size_t i = 0; i < count; ++i) {
    VectorXd z(n);
    for (Index k = 0; k < n; ++k) z(k) = rng.normal();
    const Index fantasy = static_cast<Index>(i) % joint.means.cols();
    const VectorXd draw = joint.means.col(fantasy) + factor.lower * z;
    for (const double value : draw) out.push_back(transform_.inverse(value));
  }
  return out;
}

std::vector<Prediction> GaussianProcess::leave_one_out() const {
  const Posterior::LeaveOneOut loo = posterior_->leave_one_out();
  std::vector<Prediction> out;
  for (Index i = 0; i < loo.means.size(); ++i) {
    out.push_back(to_prediction(transform_, loo.means.segment(i, 1), loo.variances(i)));
  }
  return out;
}

Result<GaussianProcess> GaussianProcess::with_pending(const Points& pending, Rng& rng, std::size_t fantasies) const {
  Points points = pending;
  KRIGE_CHECK(canonicalize(space(), points));
  if (points.size() == 0) return *this;
  KRIGE_TRY(Posterior posterior, posterior_->with_pending(points, fantasies, rng));
  return GaussianProcess(state_, transform_, std::make_shared<const Posterior>(std::move(posterior)));
}

std::pair<std::size_t, Prediction> GaussianProcess::incumbent() const {
  const auto index = static_cast<std::size_t>(posterior_->best_observed());
  return {index, predict(state_->points.row(index))};
}

double GaussianProcess::log_marginal_likelihood() const { return posterior_->log_marginal_likelihood(); }

int GaussianProcess::jitter_level() const { return posterior_->jitter_level(); }

}  // namespace krige::gp
