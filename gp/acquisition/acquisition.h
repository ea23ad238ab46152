// The acquisition that is maximized: log of the expected improvement averaged over posteriors and their fantasies, each
// against its own incumbent, plus the log of the probability that there is a value at all (Gelbart, Snoek, Adams,
// "Bayesian optimization with unknown constraints", 2014). In transformed units. Internal to krige::gp.
#pragma once

#include <Eigen/Core>
#include <functional>
#include <span>
#include <utility>

#include "gp/posterior.h"

namespace krige::gp {

class Acquisition {
 public:
  // `feasibility` and `log_prior`: as in AcquisitionOptions. All must outlive it.
  explicit Acquisition(std::span<const Posterior> posteriors, const GaussianProcess* feasibility = nullptr,
                       std::function<double(std::span<const double>)> log_prior = {})
      : posteriors_(posteriors), feasibility_(feasibility), log_prior_(std::move(log_prior)) {}

  // One value a point.
  [[nodiscard]] Eigen::VectorXd evaluate(const Points& points) const;

  struct Value {
    double value = 0;
    Eigen::VectorXd gradient;  // one a dimension; 0 for categorical and inactive ones
  };
  [[nodiscard]] Value evaluate_with_gradient(std::span<const double> point) const;

 private:
  std::span<const Posterior> posteriors_;
  const GaussianProcess* feasibility_;
  std::function<double(std::span<const double>)> log_prior_;
};

}  // namespace krige::gp
