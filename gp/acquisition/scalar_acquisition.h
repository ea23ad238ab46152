// The acquisition of one objective, as log of the expected improvement averaged over posteriors and their fantasies,
// each against its own incumbent, with the additive terms. Models of related objectives take part with their weights
// (Wistuba et al., "Scalable Gaussian process-based transfer surrogates", 2018). In transformed units. Internal to
// krige::gp.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "gp/acquisition/acquisition.h"
#include "gp/acquisition/additive_terms.h"
#include "gp/acquisition/suggest.h"
#include "gp/posterior.h"

namespace krige::gp {

class ScalarAcquisition final : public Acquisition {
 public:
  // Of `options` its kind, feasible points, sources, tried points and what the additive terms take. Both must outlive
  // it.
  ScalarAcquisition(std::span<const Posterior> posteriors, const AcquisitionOptions& options);

  [[nodiscard]] Eigen::VectorXd evaluate(const Points& points) const override;
  [[nodiscard]] Value evaluate_with_gradient(std::span<const double> point) const override;

 private:
  // One posterior and what is to be improved on, as it sees it.
  struct Component {
    const Posterior* posterior;
    Eigen::VectorXd best;  // by fantasy
  };

  std::vector<Component> components_;
  Eigen::VectorXd weights_;  // by component, of sum 1
  const AcquisitionOptions& options_;
  AdditiveTerms terms_;
};

}  // namespace krige::gp
