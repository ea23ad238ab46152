#include "gp/acquisition/acquisition.h"

#include <cmath>
#include <numbers>
#include <utility>

#include "gp/acquisition/log_ei.h"

namespace krige::gp {

using Eigen::Index;
using Eigen::VectorXd;

namespace {

// Labels: feasible when the latent value is nearer to 1 than to 0.
constexpr double kThreshold = 0.5;
// Of the latent value, besides what the process is unsure of: keeps one label from deciding for good.
constexpr double kLatentSd = 0.1;

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

}  // namespace

VectorXd Acquisition::evaluate(const Points& points) const {
  const Posterior::Batch batch = posterior_->predict(points);
  const VectorXd& best = posterior_->incumbents();
  VectorXd out(batch.variances.size());
  VectorXd logs(best.size());
  for (Index i = 0; i < out.size(); ++i) {
    const double sd = std::sqrt(batch.variances(i));
    for (Index j = 0; j < best.size(); ++j) logs(j) = log_ei(batch.means(i, j), sd, best(j)).value;
    const double top = logs.maxCoeff();
    out(i) = top + std::log((logs.array() - top).exp().mean());
  }
  if (feasibility_ != nullptr) {
    const std::vector<Prediction> labels = feasibility_->predict(points);
    for (Index i = 0; i < out.size(); ++i) out(i) += log_feasibility(labels[static_cast<std::size_t>(i)]).value;
  }
  return out;
}

Acquisition::Value Acquisition::evaluate_with_gradient(std::span<const double> point) const {
  const Posterior::Local local = posterior_->predict_with_gradient(point);
  const VectorXd& best = posterior_->incumbents();
  const double sd = std::sqrt(local.variance);
  VectorXd logs(best.size()), by_mean(best.size()), by_sd(best.size());
  for (Index j = 0; j < best.size(); ++j) {
    const LogEi ei = log_ei(local.means(j), sd, best(j));
    logs(j) = ei.value;
    by_mean(j) = ei.by_mean;
    by_sd(j) = ei.by_sd;
  }
  const double top = logs.maxCoeff();
  const VectorXd shares = (logs.array() - top).exp();
  const double total = shares.sum();
  const VectorXd weights = shares / total;
  Value out{top + std::log(total / static_cast<double>(best.size())), {}};
  out.gradient =
      local.mean_gradients * weights.cwiseProduct(by_mean) + weights.dot(by_sd) / (2 * sd) * local.variance_gradient;
  if (feasibility_ != nullptr) {
    const PredictionGradient label = feasibility_->predict_with_gradient(point);
    const LogFeasibility term = log_feasibility(label.prediction);
    out.value += term.value;
    for (std::size_t d = 0; d < point.size(); ++d) {
      out.gradient(static_cast<Index>(d)) += term.by_mean * label.mean[d] + term.by_sd * label.sd[d];
    }
  }
  return out;
}

}  // namespace krige::gp
