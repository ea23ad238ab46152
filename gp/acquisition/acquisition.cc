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

struct LogFeasibility {
  double value, by_mean, by_sd;
};

// log Φ(u), u = (mean − threshold)/√(sd² + latent²).
LogFeasibility log_feasibility(const Prediction& label) {
  const double variance = label.sd * label.sd + kLatentSd * kLatentSd;
  const double u = (label.mean - kThreshold) / std::sqrt(variance);
  double value, slope;
  if (u > -10) {
    const double cdf = 0.5 * std::erfc(-u / std::numbers::sqrt2);
    value = std::log(cdf);
    slope = std::exp(-0.5 * u * u) / std::sqrt(2 * std::numbers::pi) / cdf;
  } else {  // by Mills' ratio, here to 1e-4
    slope = -u - 1 / u;
    value = -0.5 * u * u - 0.5 * std::log(2 * std::numbers::pi) - std::log(slope);
  }
  return {value, slope / std::sqrt(variance), -slope * u * label.sd / variance};
}

double log_mean_exp(const VectorXd& logs) {
  const double top = logs.maxCoeff();
  return top + std::log((logs.array() - top).exp().mean());
}

// Of the sum of exponentials, each one's part.
VectorXd shares(const VectorXd& logs) {
  const VectorXd parts = (logs.array() - logs.maxCoeff()).exp();
  return parts / parts.sum();
}

}  // namespace

VectorXd Acquisition::evaluate(const Points& points) const {
  const auto n = static_cast<Index>(points.size());
  MatrixXd logs(n, static_cast<Index>(posteriors_.size()));  // by posterior
  for (std::size_t k = 0; k < posteriors_.size(); ++k) {
    const Posterior::Batch batch = posteriors_[k].predict(points);
    const VectorXd& best = posteriors_[k].incumbents();
    VectorXd by_fantasy(best.size());
    for (Index i = 0; i < n; ++i) {
      const double sd = std::sqrt(batch.variances(i));
      for (Index j = 0; j < best.size(); ++j) by_fantasy(j) = log_ei(batch.means(i, j), sd, best(j)).value;
      logs(i, static_cast<Index>(k)) = log_mean_exp(by_fantasy);
    }
  }
  VectorXd out(n);
  for (Index i = 0; i < n; ++i) out(i) = log_mean_exp(logs.row(i).transpose());
  if (feasibility_ != nullptr) {
    const std::vector<Prediction> labels = feasibility_->predict(points);
    for (Index i = 0; i < out.size(); ++i) out(i) += log_feasibility(labels[static_cast<std::size_t>(i)]).value;
  }
  if (log_prior_) {
    for (Index i = 0; i < n; ++i) out(i) += log_prior_(points.row(static_cast<std::size_t>(i)));
  }
  return out;
}

Acquisition::Value Acquisition::evaluate_with_gradient(std::span<const double> point) const {
  const auto count = static_cast<Index>(posteriors_.size());
  VectorXd logs(count);
  MatrixXd gradients(static_cast<Index>(point.size()), count);
  for (Index k = 0; k < count; ++k) {
    const Posterior& posterior = posteriors_[static_cast<std::size_t>(k)];
    const Posterior::Local local = posterior.predict_with_gradient(point);
    const VectorXd& best = posterior.incumbents();
    const double sd = std::sqrt(local.variance);
    VectorXd by_fantasy(best.size()), by_mean(best.size()), by_sd(best.size());
    for (Index j = 0; j < best.size(); ++j) {
      const LogEi ei = log_ei(local.means(j), sd, best(j));
      by_fantasy(j) = ei.value;
      by_mean(j) = ei.by_mean;
      by_sd(j) = ei.by_sd;
    }
    logs(k) = log_mean_exp(by_fantasy);
    const VectorXd weights = shares(by_fantasy);
    gradients.col(k) =
        local.mean_gradients * weights.cwiseProduct(by_mean) + weights.dot(by_sd) / (2 * sd) * local.variance_gradient;
  }
  Value out{log_mean_exp(logs), gradients * shares(logs)};
  if (feasibility_ != nullptr) {
    const PredictionGradient label = feasibility_->predict_with_gradient(point);
    const LogFeasibility term = log_feasibility(label.prediction);
    out.value += term.value;
    for (std::size_t d = 0; d < point.size(); ++d) {
      out.gradient(static_cast<Index>(d)) += term.by_mean * label.mean[d] + term.by_sd * label.sd[d];
    }
  }
  if (log_prior_) {
    out.value += log_prior_(point);
    std::vector<double> moved(point.begin(), point.end());
    for (std::size_t d = 0; d < moved.size(); ++d) {
      if (std::isnan(moved[d])) continue;
      moved[d] = point[d] + kStep;
      const double above = log_prior_(moved);
      moved[d] = point[d] - kStep;
      out.gradient(static_cast<Index>(d)) += (above - log_prior_(moved)) / (2 * kStep);
      moved[d] = point[d];
    }
  }
  return out;
}

}  // namespace krige::gp
