#include "gp/acquisition/additive_terms.h"

#include <cmath>
#include <vector>

#include "gp/acquisition/averages.h"
#include "gp/acquisition/log_cdf.h"
#include "gp/posterior.h"

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

// Of a term of the acquisition, with its derivatives by a mean and a standard deviation.
struct Term {
  double value, by_mean, by_sd;
};

// log Φ(u), u = (mean − threshold)/√(sd² + latent²).
Term log_feasibility(const Prediction& label) {
  const double variance = label.sd * label.sd + kLatentSd * kLatentSd;
  const double u = (label.mean - kThreshold) / std::sqrt(variance);
  const auto [value, slope] = log_cdf(u);
  return {value, slope / std::sqrt(variance), -slope * u * label.sd / variance};
}

// A constraint in the units of its process's posteriors.
struct Bounds {
  double low, high;
};

Bounds transformed(const OutcomeConstraint& constraint) {
  const OutputTransform& transform = constraint.process->transform();
  return {std::isinf(constraint.low) ? constraint.low : transform.forward(constraint.low),
          std::isinf(constraint.high) ? constraint.high : transform.forward(constraint.high)};
}

void add_constraint(const OutcomeConstraint& constraint, std::span<const double> point, Acquisition::Value& out) {
  const Bounds bounds = transformed(constraint);
  std::vector<double> logs;
  std::vector<VectorXd> gradients;
  for (const Posterior& posterior : constraint.process->posteriors()) {
    const Posterior::Local local = posterior.predict_with_gradient(point);
    const double sd = std::sqrt(local.variance);
    for (Index j = 0; j < local.means.size(); ++j) {
      const LogProbability term = log_probability_between(local.means(j), sd, bounds.low, bounds.high);
      logs.push_back(term.value);
      gradients.emplace_back(term.by_mean * local.mean_gradients.col(j) +
                             term.by_sd / (2 * sd) * local.variance_gradient);
    }
  }
  const VectorXd all = Eigen::Map<const VectorXd>(logs.data(), static_cast<Index>(logs.size()));
  const VectorXd equal = equal_weights(all.size());
  const VectorXd shares = log_average_shares(all, equal);
  out.value += log_average(all, equal);
  for (Index k = 0; k < all.size(); ++k) out.gradient += shares(k) * gradients[static_cast<std::size_t>(k)];
}

}  // namespace

VectorXd log_probability_of(const OutcomeConstraint& constraint, const Points& points) {
  const Bounds bounds = transformed(constraint);
  const auto n = static_cast<Index>(points.size());
  std::vector<Posterior::Batch> batches;
  Index columns = 0;
  for (const Posterior& posterior : constraint.process->posteriors()) {
    batches.push_back(posterior.predict(points));
    columns += batches.back().means.cols();
  }
  VectorXd out(n), logs(columns);
  const VectorXd equal = equal_weights(columns);
  for (Index i = 0; i < n; ++i) {
    Index k = 0;
    for (const Posterior::Batch& batch : batches) {
      const double sd = std::sqrt(batch.variances(i));
      for (Index j = 0; j < batch.means.cols(); ++j)
        logs(k++) = log_probability_between(batch.means(i, j), sd, bounds.low, bounds.high).value;
    }
    out(i) = log_average(logs, equal);
  }
  return out;
}

void AdditiveTerms::add(const Points& points, VectorXd& values) const {
  if (options_.feasibility != nullptr) {
    const std::vector<Prediction> labels = options_.feasibility->predict(points);
    for (Index i = 0; i < values.size(); ++i) values(i) += log_feasibility(labels[static_cast<std::size_t>(i)]).value;
  }
  for (const OutcomeConstraint& constraint : options_.constraints) values += log_probability_of(constraint, points);
  if (options_.log_cost != nullptr) {
    const std::vector<Prediction> costs = options_.log_cost->predict(points);
    for (Index i = 0; i < values.size(); ++i) values(i) -= costs[static_cast<std::size_t>(i)].mean;
  }
  if (options_.log_prior) {
    for (Index i = 0; i < values.size(); ++i) values(i) += options_.log_prior(points.row(static_cast<std::size_t>(i)));
  }
}

void AdditiveTerms::add(std::span<const double> point, Acquisition::Value& out) const {
  if (options_.feasibility != nullptr) {
    const PredictionGradient label = options_.feasibility->predict_with_gradient(point);
    const Term term = log_feasibility(label.prediction);
    out.value += term.value;
    for (std::size_t d = 0; d < point.size(); ++d) {
      out.gradient(static_cast<Index>(d)) += term.by_mean * label.mean[d] + term.by_sd * label.sd[d];
    }
  }
  for (const OutcomeConstraint& constraint : options_.constraints) add_constraint(constraint, point, out);
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
}

VectorXd FeasibilityAcquisition::evaluate(const Points& points) const {
  VectorXd values = VectorXd::Zero(static_cast<Index>(points.size()));
  terms_.add(points, values);
  return values;
}

Acquisition::Value FeasibilityAcquisition::evaluate_with_gradient(std::span<const double> point) const {
  Value value{0, VectorXd::Zero(static_cast<Index>(point.size()))};
  terms_.add(point, value);
  return value;
}

}  // namespace krige::gp
