#include "gp/acquisition/scalar_acquisition.h"

#include <cmath>

#include "gp/acquisition/averages.h"
#include "gp/acquisition/log_cdf.h"
#include "gp/acquisition/log_ei.h"

namespace krige::gp {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

// Standard deviations below the mean that a confidence bound takes.
constexpr double kBound = 1.8;

// Of a term of the acquisition, with its derivatives by a mean and a standard deviation.
struct Term {
  double value, by_mean, by_sd;
};

Term gain(AcquisitionKind kind, double mean, double sd, double best) {
  switch (kind) {
    case AcquisitionKind::confidence_bound:
      return {best - mean + kBound * sd, -1, kBound};
    case AcquisitionKind::probability_of_improvement: {
      const double u = (best - mean) / sd;
      const auto [value, slope] = log_cdf(u);
      return {value, -slope / sd, -slope * u / sd};
    }
    case AcquisitionKind::expected_improvement:
      break;
  }
  const LogEi ei = log_ei(mean, sd, best);
  return {ei.value, ei.by_mean, ei.by_sd};
}

// Over fantasies and posteriors: a bound is averaged as it is, a logarithm as what it is the logarithm of. The weights
// are of sum 1.
double average(AcquisitionKind kind, const VectorXd& values, const VectorXd& weights) {
  return kind == AcquisitionKind::confidence_bound ? values.dot(weights) : log_average(values, weights);
}

// ∂average/∂values.
VectorXd shares(AcquisitionKind kind, const VectorXd& values, const VectorXd& weights) {
  return kind == AcquisitionKind::confidence_bound ? weights : log_average_shares(values, weights);
}

// The best mean over `points`, by fantasy.
VectorXd best_of(const Posterior& posterior, const Points& points) {
  return posterior.predict(points).means.colwise().minCoeff().transpose();
}

// The best mean over the points tried; before any was, the mean of the observations.
VectorXd best_of_tried(const Posterior& posterior, const Points* tried) {
  if (tried == nullptr || tried->size() == 0) return VectorXd::Constant(1, posterior.observed_means().mean());
  return best_of(posterior, *tried);
}

}  // namespace

ScalarAcquisition::ScalarAcquisition(std::span<const Posterior> posteriors, const AcquisitionOptions& options)
    : options_(options), terms_(options) {
  std::vector<double> weights;
  double own = 1;
  for (const RelatedProcess& source : options.sources) {
    if (source.weight <= 0) continue;
    own -= source.weight;
    for (const Posterior& posterior : source.process->posteriors()) {
      components_.push_back({&posterior, best_of_tried(posterior, options.tried)});
      weights.push_back(source.weight / static_cast<double>(source.process->posteriors().size()));
    }
  }
  if (own > 0 || components_.empty()) {
    for (const Posterior& posterior : posteriors) {
      components_.push_back(
          {&posterior, options.feasible == nullptr ? posterior.incumbents() : best_of(posterior, *options.feasible)});
      weights.push_back(std::max(own, 1e-3) / static_cast<double>(posteriors.size()));
    }
  }
  weights_ = Eigen::Map<const VectorXd>(weights.data(), static_cast<Index>(weights.size()));
  weights_ /= weights_.sum();
}

VectorXd ScalarAcquisition::evaluate(const Points& points) const {
  const auto n = static_cast<Index>(points.size());
  MatrixXd logs(n, weights_.size());  // by component
  for (std::size_t k = 0; k < components_.size(); ++k) {
    const auto& [posterior, best] = components_[k];
    const Posterior::Batch batch = posterior->predict(points);
    const VectorXd equal = equal_weights(best.size());
    VectorXd by_fantasy(best.size());
    for (Index i = 0; i < n; ++i) {
      const double sd = std::sqrt(batch.variances(i));
      for (Index j = 0; j < best.size(); ++j) by_fantasy(j) = gain(options_.kind, batch.means(i, j), sd, best(j)).value;
      logs(i, static_cast<Index>(k)) = average(options_.kind, by_fantasy, equal);
    }
  }
  VectorXd out(n);
  for (Index i = 0; i < n; ++i) out(i) = average(options_.kind, logs.row(i).transpose(), weights_);
  terms_.add(points, out);
  return out;
}

Acquisition::Value ScalarAcquisition::evaluate_with_gradient(std::span<const double> point) const {
  const Index count = weights_.size();
  VectorXd logs(count);
  MatrixXd gradients(static_cast<Index>(point.size()), count);
  for (Index k = 0; k < count; ++k) {
    const auto& [posterior, best] = components_[static_cast<std::size_t>(k)];
    const Posterior::Local local = posterior->predict_with_gradient(point);
    const double sd = std::sqrt(local.variance);
    VectorXd by_fantasy(best.size()), by_mean(best.size()), by_sd(best.size());
    for (Index j = 0; j < best.size(); ++j) {
      const Term term = gain(options_.kind, local.means(j), sd, best(j));
      by_fantasy(j) = term.value;
      by_mean(j) = term.by_mean;
      by_sd(j) = term.by_sd;
    }
    const VectorXd equal = equal_weights(best.size());
    logs(k) = average(options_.kind, by_fantasy, equal);
    const VectorXd weights = shares(options_.kind, by_fantasy, equal);
    gradients.col(k) =
        local.mean_gradients * weights.cwiseProduct(by_mean) + weights.dot(by_sd) / (2 * sd) * local.variance_gradient;
  }
  Value out{average(options_.kind, logs, weights_), gradients * shares(options_.kind, logs, weights_)};
  terms_.add(point, out);
  return out;
}

}  // namespace krige::gp
