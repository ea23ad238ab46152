// The acquisition that is maximized, as log of the expected improvement averaged over posteriors and their fantasies,
// each against its own incumbent, plus the log of the probability that there is a value at all (Gelbart, Snoek, Adams,
// "Bayesian optimization with unknown constraints", 2014), less the log of what the evaluation costs (Snoek et al.,
// "Practical Bayesian Optimization", 2012, §3.2). Models of related objectives take part with their weights (Wistuba et
// al., "Scalable Gaussian process-based transfer surrogates", 2018). In transformed units. Internal to krige::gp.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "gp/acquisition/suggest.h"
#include "gp/posterior.h"

namespace krige::gp {

class Acquisition {
 public:
  // Of `options` its kind, feasibility, log_prior, log_cost, sources and tried count. Both must outlive it.
  Acquisition(std::span<const Posterior> posteriors, const AcquisitionOptions& options);

  // One value a point.
  [[nodiscard]] Eigen::VectorXd evaluate(const Points& points) const;

  struct Value {
    double value = 0;
    Eigen::VectorXd gradient;  // one a dimension; 0 for categorical and inactive ones
  };
  [[nodiscard]] Value evaluate_with_gradient(std::span<const double> point) const;

 private:
  // One posterior and what is to be improved on, as it sees it.
  struct Component {
    const Posterior* posterior;
    Eigen::VectorXd best;  // by fantasy
  };

  std::vector<Component> components_;
  Eigen::VectorXd weights_;  // by component, of sum 1
  const AcquisitionOptions& options_;
};

}  // namespace krige::gp
