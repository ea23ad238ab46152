// The acquisition of several objectives: log of the expected hypervolume improvement averaged over hyperparameters and
// fantasies, each against its own front, with the additive terms. In transformed units. Internal to krige::gp.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "gp/acquisition/acquisition.h"
#include "gp/acquisition/additive_terms.h"
#include "gp/acquisition/suggest.h"
#include "gp/hypervolume/log_ehvi.h"
#include "gp/posterior.h"

namespace krige::gp {

class HypervolumeAcquisition final : public Acquisition {
 public:
  // `objectives`: one process each, all with the same pending points and fantasies. `reference` in the units of their
  // observations. The front is that of the posterior means at `candidates`. All must outlive it; of `options` what the
  // additive terms take.
  HypervolumeAcquisition(std::span<const GaussianProcess* const> objectives, std::span<const double> reference,
                         const Points& candidates, const AcquisitionOptions& options);

  [[nodiscard]] Eigen::VectorXd evaluate(const Points& points) const override;
  [[nodiscard]] Value evaluate_with_gradient(std::span<const double> point) const override;

 private:
  // One posterior for each objective.
  struct Component {
    std::vector<const Posterior*> posteriors;
    std::vector<HypervolumeImprovement> improvements;  // by fantasy
  };

  std::vector<Component> components_;
  AdditiveTerms terms_;
};

}  // namespace krige::gp
