#include "gp/acquisition/acquisition.h"

#include <cmath>
#include <numbers>
#include <utility>

#include "gp/acquisition/log_ei.h"

namespace krige::gp {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

namespace {

// Labels: feasible when the latent value is nearer to 1 than to 0.
constexpr double kThreshold = 0.5;
// Of the latent value, besides what the process is unsure of: keeps one label from deciding for good.
constexpr double kLatentSd = 0.1;

// Of the central differences of a prior, which is smooth and costs next to nothing.
constexpr double kStep = 1e-6;

// Standard deviations below the mean that a confidence bound takes.
constexpr double kBound = 1.8;

// Of a term of the acquisition, with its derivatives by a mean and a standard deviation.
struct Term {
  double value, by_mean, by_sd;
};

// log Φ(u) and its derivative.
std::pair<double, double> log_cdf(double u) {
  if (u > -10) {
    const double cdf = 0.5 * std::erfc(-u / std::numbers::sqrt2);
    return {std::log(cdf), std::exp(-0.5 * u * u) / std::sqrt(2 * std::numbers::pi) / cdf};
  }
  // Φ(u) = φ(u)/(x + 1/(x + 2/(x + …))) with x = −u: Mills' ratio as a continued fraction.
  double fraction = 0;
  for (int k = 20; k >= 1; --k) fraction = k / (-u + fraction);
  const double slope = -u + fraction;
  return {-0.5 * u * u - 0.5 * std::log(2 * std::numbers::pi) - std::log(slope), slope};
}

// log Φ(u), u = (mean − threshold)/√(sd² + latent²).
Term log_feasibility(const Prediction& label) {
  const double variance = label.sd * label.sd + kLatentSd * kLatentSd;
  const double u = (label.mean - kThreshold) / std::sqrt(variance);
  const auto [value, slope] = log_cdf(u);
  return {value, slope / std::sqrt(variance), -slope * u * label.sd / variance};
}

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
  if (kind == AcquisitionKind::confidence_bound) return values.dot(weights);
  const double top = values.maxCoeff();
  return top + std::log((values.array() - top).exp().matrix().dot(weights));
}

// ∂average/∂values.
VectorXd shares(AcquisitionKind kind, const VectorXd& values, const VectorXd& weights) {
  if (kind == AcquisitionKind::confidence_bound) return weights;
  const VectorXd parts = (values.array() - values.maxCoeff()).exp() * weights.array();
  return parts / parts.sum();
}

VectorXd equal_weights(Index n) { return VectorXd::Constant(n, 1 / static_cast<double>(n)); }

// The best mean over the points tried; before any was, the mean of the observations.
VectorXd best_of_tried(const Posterior& posterior, const Points* tried) {
  if (tried == nullptr || tried->size() == 0) return VectorXd::Constant(1, posterior.observed_means().mean());
  return posterior.predict(*tried).means.colwise().minCoeff().transpose();
}

}  // namespace

Acquisition::Acquisition(std::span<const Posterior> posteriors, const AcquisitionOptions& options) : options_(options) {
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
      components_.push_back({&posterior, posterior.incumbents()});
      weights.push_back(std::max(own, 1e-3) / static_cast<double>(posteriors.size()));
    }
  }
  weights_ = Eigen::Map<const VectorXd>(weights.data(), static_cast<Index>(weights.size()));
  weights_ /= weights_.sum();
}

VectorXd Acquisition::evaluate(const Points& points) const {
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
  if (options_.feasibility != nullptr) {
    const std::vector<Prediction> labels = options_.feasibility->predict(points);
    for (Index i = 0; i < out.size(); ++i) out(i) += log_feasibility(labels[static_cast<std::size_t>(i)]).value;
  }
  if (options_.log_cost != nullptr) {
    const std::vector<Prediction> costs = options_.log_cost->predict(points);
    for (Index i = 0; i < out.size(); ++i) out(i) -= costs[static_cast<std::size_t>(i)].mean;
  }
  if (options_.log_prior) {
    for (Index i = 0; i < n; ++i) out(i) += options_.log_prior(points.row(static_cast<std::size_t>(i)));
  }
  return out;
}

Acquisition::Value Acquisition::evaluate_with_gradient(std::span<const double> point) const {
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
  if (options_.feasibility != nullptr) {
    const PredictionGradient label = options_.feasibility->predict_with_gradient(point);
    const Term term = log_feasibility(label.prediction);
    out.value += term.value;
    for (std::size_t d = 0; d < point.size(); ++d) {
      out.gradient(static_cast<Index>(d)) += term.by_mean * label.mean[d] + term.by_sd * label.sd[d];
    }
  }
  if (options_.log_cost != nullptr) {
    const PredictionGradient cost = options_.log_cost->predict_with_gradient(point);
    out.value -= cost.prediction.mean;
    for (std::size_t d = 0; d < point.size(); ++d) out.gradient(static_cast<Index>(d)) -= cost.mean[d];
  }
  if (options_.log_prior) {
    out.value += options_.log_prior(point);
    std::vector<double> moved(point.begin(), point.end());
    for (std::size_t d = 0; d < moved.size(); ++d) {
      if (std::isnan(moved[d])) continue;
      moved[d] = point[d] + kStep;
      const double above = options_.log_prior(moved);
      moved[d] = point[d] - kStep;
      out.gradient(static_cast<Index>(d)) += (above - options_.log_prior(moved)) / (2 * kStep);
      moved[d] = point[d];
    }
  }
  return out;
}

}  // namespace krige::gp
