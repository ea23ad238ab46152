#include "gp/acquisition/hypervolume_acquisition.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "gp/acquisition/averages.h"

namespace krige::gp {

using Eigen::Index;
using Eigen::VectorXd;
using Normals = std::array<HypervolumeImprovement::Normal, kMaxObjectives>;

HypervolumeAcquisition::HypervolumeAcquisition(std::span<const GaussianProcess* const> objectives,
                                               std::span<const double> reference, const Points& candidates,
                                               const AcquisitionOptions& options)
    : terms_(options) {
  std::size_t count = 0;
  Objectives transformed;
  for (std::size_t j = 0; j < objectives.size(); ++j) {
    count = std::max(count, objectives[j]->posteriors().size());
    transformed.push_back(objectives[j]->transform().forward(reference[j]));
  }
  for (std::size_t k = 0; k < count; ++k) {
    // The draws of the hyperparameters of different objectives are independent: each is paired with one of the others.
    Component& component = components_.emplace_back();
    std::vector<Eigen::MatrixXd> means;
    for (const GaussianProcess* process : objectives) {
      const std::span<const Posterior> posteriors = process->posteriors();
      component.posteriors.push_back(&posteriors[k % posteriors.size()]);
      means.push_back(component.posteriors.back()->predict(candidates).means);
    }
    for (Index f = 0; f < means.front().cols(); ++f) {
      std::vector<Objectives> points(candidates.size());
      for (std::size_t i = 0; i < points.size(); ++i)
        for (const Eigen::MatrixXd& of : means) points[i].push_back(of(static_cast<Index>(i), f));
      component.improvements.emplace_back(points, transformed);
    }
  }
}

VectorXd HypervolumeAcquisition::evaluate(const Points& points) const {
  const auto n = static_cast<Index>(points.size());
  const auto fantasies = static_cast<Index>(components_.front().improvements.size());
  Eigen::MatrixXd logs(fantasies * static_cast<Index>(components_.size()), n);
  Index row = 0;
  for (const auto& [posteriors, improvements] : components_) {
    std::vector<Posterior::Batch> batches;
    for (const Posterior* posterior : posteriors) batches.push_back(posterior->predict(points));
    for (Index f = 0; f < fantasies; ++f, ++row) {
      for (Index i = 0; i < n; ++i) {
        Normals normals;
        for (std::size_t j = 0; j < batches.size(); ++j)
          normals[j] = {batches[j].means(i, f), std::sqrt(batches[j].variances(i))};
        logs(row, i) = improvements[static_cast<std::size_t>(f)].log_expected(std::span(normals).first(batches.size()));
      }
    }
  }
  const VectorXd equal = equal_weights(logs.rows());
  VectorXd out(n);
  for (Index i = 0; i < n; ++i) out(i) = log_average(logs.col(i), equal);
  terms_.add(points, out);
  return out;
}

Acquisition::Value HypervolumeAcquisition::evaluate_with_gradient(std::span<const double> point) const {
  const auto dims = static_cast<Index>(point.size());
  const auto fantasies = static_cast<Index>(components_.front().improvements.size());
  const Index count = fantasies * static_cast<Index>(components_.size());
  VectorXd logs(count);
  Eigen::MatrixXd gradients = Eigen::MatrixXd::Zero(dims, count);
  Index column = 0;
  for (const auto& [posteriors, improvements] : components_) {
    std::vector<Posterior::Local> locals;
    for (const Posterior* posterior : posteriors) locals.push_back(posterior->predict_with_gradient(point));
    for (Index f = 0; f < fantasies; ++f, ++column) {
      Normals normals;
      for (std::size_t j = 0; j < locals.size(); ++j) normals[j] = {locals[j].means(f), std::sqrt(locals[j].variance)};
      const HypervolumeImprovement::Value value =
          improvements[static_cast<std::size_t>(f)].log_expected_with_gradient(std::span(normals).first(locals.size()));
      logs(column) = value.log_improvement;
      for (std::size_t j = 0; j < locals.size(); ++j) {
        gradients.col(column) += value.by_mean[j] * locals[j].mean_gradients.col(f) +
                                 value.by_sd[j] / (2 * normals[j].sd) * locals[j].variance_gradient;
      }
    }
  }
  const VectorXd equal = equal_weights(count);
  Value out{log_average(logs, equal), gradients * log_average_shares(logs, equal)};
  terms_.add(point, out);
  return out;
}

}  // namespace krige::gp
