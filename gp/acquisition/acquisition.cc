#include "gp/acquisition/acquisition.h"

#include <cmath>

#include "gp/acquisition/log_ei.h"

namespace krige::gp {

using Eigen::Index;
using Eigen::VectorXd;

Eigen::VectorXd Acquisition::evaluate(const Points& points) const {
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
  return out;
}

}  // namespace krige::gp
