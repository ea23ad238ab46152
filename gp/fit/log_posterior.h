// The density that a fit maximizes: log marginal likelihood (GPML eq. 2.30) + log prior, as a function of θ
// (fit/prior.h).
//
// The constant mean, with prior N(0, 1), is maximized out in closed form: mean = 1′K⁻¹y/(1′K⁻¹1 + 1). At its optimum it
// adds nothing to the gradient. With W = αα′ − K⁻¹:  ∂ log p/∂θ = ½ tr(W·∂K/∂θ)  (GPML eq. 5.9).
#pragma once

#include <Eigen/Core>
#include <optional>
#include <utility>

#include "gp/fit/prior.h"
#include "gp/kernels/mixed_kernel.h"

namespace krige::gp {

class LogPosterior {
 public:
  // `targets`: transformed observations, one a point.
  LogPosterior(const InputSpace& space, const Points& points, Eigen::VectorXd targets, HyperparameterPrior prior);

  struct Value {
    double value = 0;
    double mean = 0;
    Eigen::VectorXd gradient;
  };
  // nullopt where the covariance cannot be factored.
  [[nodiscard]] std::optional<Value> evaluate(const Eigen::VectorXd& theta) const;
  // Without prior and gradient.
  [[nodiscard]] std::optional<double> log_likelihood(const Eigen::VectorXd& theta) const;
  // The Cholesky factor of the covariance, n × n; nullopt as above.
  [[nodiscard]] std::optional<Eigen::MatrixXd> factor(const Eigen::VectorXd& theta) const;
  void set_targets(Eigen::VectorXd targets) { targets_ = std::move(targets); }
  [[nodiscard]] const HyperparameterPrior& prior() const { return prior_; }

 private:
  Eigen::Index dims_;
  MixedKernel kernel_;
  Inputs inputs_;
  Eigen::VectorXd targets_;
  HyperparameterPrior prior_;
};

}  // namespace krige::gp
