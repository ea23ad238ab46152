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

// Moments of a mixture: each component's mean, and a variance that all columns of one posterior share.
struct Moments {
  double mean = 0;
  double variance = 0;
};

class Mixture {
 public:
  void add(const Eigen::Ref<const VectorXd>& means, double variance) {
    const auto n = static_cast<double>(means.size());
    sum_ += means.sum() / n;
    squares_ += means.squaredNorm() / n;
    variance_ += variance;
    ++count_;
  }
  [[nodiscard]] Moments moments() const {
    const double mean = sum_ / count_;
    return {mean, std::max((variance_ + squares_) / count_ - mean * mean, variance_ / count_)};
  }

 private:
  double sum_ = 0, squares_ = 0, variance_ = 0;
  int count_ = 0;
};

// In transformed units, one an observation.
std::vector<Mixture> leave_one_out_of(std::span<const Posterior> posteriors, std::size_t observations) {
  std::vector<Mixture> mixtures(observations);
  for (const Posterior& posterior : posteriors) {
    const Posterior::LeaveOneOut loo = posterior.leave_one_out();
    for (std::size_t i = 0; i < observations; ++i) {
      const auto row = static_cast<Index>(i);
      mixtures[i].add(loo.means.segment(row, 1), loo.variances(row));
    }
  }
  return mixtures;
}

// In units of the observations.
Prediction to_prediction(const OutputTransform& transform, const Moments& moments) {
  return {transform.inverse(moments.mean),
          std::min(std::sqrt(moments.variance) * transform.inverse_slope(moments.mean), kLargest)};
}

}  // namespace

GaussianProcess::GaussianProcess(std::shared_ptr<const State> state, OutputTransform transform,
                                 std::vector<Posterior> posteriors)
    : state_(std::move(state)),
      transform_(transform),
      posteriors_(std::make_shared<const std::vector<Posterior>>(std::move(posteriors))) {}

std::span<const Posterior> GaussianProcess::posteriors() const { return *posteriors_; }

Result<GaussianProcess> GaussianProcess::from_state(State state) {
  KRIGE_CHECK(canonicalize(state));
  const OutputTransform transform(state.warp, state.observations);
  VectorXd targets(static_cast<Index>(state.observations.size()));
  for (Index i = 0; i < targets.size(); ++i) {
    targets(i) = transform.forward(state.observations[static_cast<std::size_t>(i)]);
  }
  std::vector<Posterior> posteriors;
  for (const Hyperparameters& one : state.hyperparameters) {
    KRIGE_TRY(Posterior posterior, Posterior::make(state.space, state.points, targets, one));
    posteriors.push_back(std::move(posterior));
  }
  return GaussianProcess(std::make_shared<const State>(std::move(state)), transform, std::move(posteriors));
}

Prediction GaussianProcess::predict(std::span<const double> point) const {
  return predict(Points{point.size(), {point.begin(), point.end()}})[0];
}

std::vector<Prediction> GaussianProcess::predict(const Points& points) const {
  const Points nearest = canonical(space(), points);
  std::vector<Mixture> mixtures(points.size());
  for (const Posterior& posterior : *posteriors_) {
    const Posterior::Batch batch = posterior.predict(nearest);
    for (std::size_t i = 0; i < mixtures.size(); ++i) {
      const auto row = static_cast<Index>(i);
      mixtures[i].add(batch.means.row(row).transpose(), batch.variances(row));
    }
  }
  std::vector<Prediction> out;
  for (const Mixture& mixture : mixtures) out.push_back(to_prediction(transform_, mixture.moments()));
  return out;
}

PredictionGradient GaussianProcess::predict_with_gradient(std::span<const double> point) const {
  std::vector<double> nearest(point.begin(), point.end());
  canonicalize(space(), nearest);
  const auto dims = static_cast<Index>(space().size());
  Mixture mixture;
  VectorXd by_mean = VectorXd::Zero(dims), by_second = VectorXd::Zero(dims);  // of the mean, the second moment
  for (const Posterior& posterior : *posteriors_) {
    const Posterior::Local local = posterior.predict_with_gradient(nearest);
    mixture.add(local.means, local.variance);
    by_mean += local.mean_gradients.rowwise().mean();
    by_second +=
        local.variance_gradient + 2 * (local.mean_gradients * local.means) / static_cast<double>(local.means.size());
  }
  const auto count = static_cast<double>(posteriors_->size());
  by_mean /= count;
  by_second /= count;
  const Moments moments = mixture.moments();
  const double sd = std::sqrt(moments.variance);
  const VectorXd by_sd = (by_second - 2 * moments.mean * by_mean) / (2 * sd);

  PredictionGradient out{to_prediction(transform_, moments), {}, {}};
  const double slope = transform_.inverse_slope(moments.mean);
  const VectorXd mean_out = slope * by_mean;
  const VectorXd sd_out = slope * by_sd + sd * transform_.inverse_curvature(moments.mean) * by_mean;
  out.mean.assign(mean_out.begin(), mean_out.end());
  out.sd.assign(sd_out.begin(), sd_out.end());
  return out;
}

JointPrediction GaussianProcess::predict_jointly(const Points& points) const {
  const Points nearest = canonical(space(), points);
  const auto n = static_cast<Index>(points.size());
  VectorXd means = VectorXd::Zero(n);
  MatrixXd second = MatrixXd::Zero(n, n);  // covariance within, plus the outer products of the means
  for (const Posterior& posterior : *posteriors_) {
    const Posterior::Joint joint = posterior.predict_jointly(nearest);
    means += joint.means.rowwise().mean();
    second += joint.covariance + joint.means * joint.means.transpose() / static_cast<double>(joint.means.cols());
  }
  const auto count = static_cast<double>(posteriors_->size());
  means /= count;
  const MatrixXd covariance = second / count - means * means.transpose();
  JointPrediction out;
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
  const Points nearest = canonical(space(), points);
  std::vector<Posterior::Joint> joints;
  std::vector<CholeskyFactor> factors;
  for (const Posterior& posterior : *posteriors_) {
    joints.push_back(posterior.predict_jointly(nearest));
    KRIGE_TRY(CholeskyFactor factor, safe_cholesky(joints.back().covariance, posterior.prior_variance()));
    factors.push_back(std::move(factor));
  }
  std::vector<double> out;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t which = i % joints.size();
    const MatrixXd& means = joints[which].means;
    VectorXd z(means.rows());
    for (Index k = 0; k < z.size(); ++k) z(k) = rng.normal();
    const Index fantasy = static_cast<Index>(i / joints.size()) % means.cols();
    const VectorXd draw = means.col(fantasy) + factors[which].lower * z;
    for (const double value : draw) out.push_back(transform_.inverse(value));
  }
  return out;
}

std::vector<Prediction> GaussianProcess::leave_one_out() const {
  std::vector<Prediction> out;
  for (const Mixture& mixture : leave_one_out_of(*posteriors_, state_->observations.size()))
    out.push_back(to_prediction(transform_, mixture.moments()));
  return out;
}

std::vector<double> GaussianProcess::leave_one_out_residuals() const {
  std::vector<double> out;
  for (const Mixture& mixture : leave_one_out_of(*posteriors_, state_->observations.size())) {
    const Moments moments = mixture.moments();
    out.push_back((transform_.forward(state_->observations[out.size()]) - moments.mean) / std::sqrt(moments.variance));
  }
  return out;
}

double GaussianProcess::correlation(std::span<const double> a, std::span<const double> b) const {
  Points first{a.size(), {a.begin(), a.end()}};
  std::vector<double> second(b.begin(), b.end());
  canonicalize(space(), first.row(0));
  canonicalize(space(), second);
  return posteriors_->front().correlations(first, second)(0);
}

Result<GaussianProcess> GaussianProcess::with_pending(const Points& pending, Rng& rng, std::size_t fantasies) const {
  Points points = pending;
  KRIGE_CHECK(canonicalize(space(), points));
  if (points.size() == 0) return *this;
  std::vector<Posterior> posteriors;
  for (const Posterior& posterior : *posteriors_) {
    KRIGE_TRY(Posterior conditioned, posterior.with_pending(points, fantasies, rng));
    posteriors.push_back(std::move(conditioned));
  }
  return GaussianProcess(state_, transform_, std::move(posteriors));
}

std::pair<std::size_t, Prediction> GaussianProcess::incumbent() const {
  VectorXd means = VectorXd::Zero(static_cast<Index>(state_->observations.size()));
  for (const Posterior& posterior : *posteriors_) means += posterior.observed_means();
  Index best = 0;
  means.minCoeff(&best);
  const auto index = static_cast<std::size_t>(best);
  return {index, predict(state_->points.row(index))};
}

double GaussianProcess::log_marginal_likelihood() const { return posteriors_->front().log_marginal_likelihood(); }

int GaussianProcess::jitter_level() const {
  int level = 0;
  for (const Posterior& posterior : *posteriors_) level = std::max(level, posterior.jitter_level());
  return level;
}

}  // namespace krige::gp
