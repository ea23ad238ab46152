// The acquisition that is maximized, as log of the expected improvement averaged over posteriors and their fantasies,
// each against its own incumbent, plus the log of the probability that there is a value at all (Gelbart, Snoek, Adams,
// "Bayesian optimization with unknown constraints", 2014). In transformed units. Internal to krige::gp.
#pragma once

#include <Eigen/Core>
#include <span>

#include "gp/acquisition/suggest.h"
#include "gp/posterior.h"

namespace krige::gp {

class Acquisition {
 public:
  // Of `options` its kind, feasibility and log_prior count. Both must outlive it.
  Acquisition(std::span<const Posterior> posteriors, const AcquisitionOptions& options)
      : posteriors_(posteriors), options_(options) {}

  // One value a point.
  [[nodiscard]] Eigen::VectorXd evaluate(const Points& points) const;

  struct Value {
    double value = 0;
    Eigen::VectorXd gradient;  // one a dimension; 0 for categorical and inactive ones
  };
  [[nodiscard]] Value evaluate_with_gradient(std::span<const double> point) const;

 private:
  std::span<const Posterior> posteriors_;
  const AcquisitionOptions& options_;
};

}  // namespace krige::gp
