// What every acquisition has besides the logarithm of its gain: the log of the probability that there is a value at
// all (Gelbart, Snoek, Adams, "Bayesian optimization with unknown constraints", 2014) and that outcome constraints hold
// (Gardner et al., "Bayesian optimization with inequality constraints", 2014), less the log of what the evaluation
// costs (Snoek et al., "Practical Bayesian Optimization", 2012, §3.2), and what is known beforehand. Internal to
// krige::gp.
#pragma once

#include <Eigen/Core>
#include <span>

#include "gp/acquisition/acquisition.h"
#include "gp/acquisition/suggest.h"

namespace krige::gp {

class AdditiveTerms {
 public:
  // Of `options` its feasibility, constraints, log_cost and log_prior. Must outlive it.
  explicit AdditiveTerms(const AcquisitionOptions& options) : options_(options) {}

  // Adds the terms at each point to `values`.
  void add(const Points& points, Eigen::VectorXd& values) const;
  void add(std::span<const double> point, Acquisition::Value& value) const;

 private:
  const AcquisitionOptions& options_;
};

// log P(the constraint holds), averaged over the process's hyperparameters and fantasies.
[[nodiscard]] Eigen::VectorXd log_probability_of(const OutcomeConstraint& constraint, const Points& points);

// Nothing but the terms: as long as no point is known where the constraints hold, to find one is all that counts.
class FeasibilityAcquisition final : public Acquisition {
 public:
  explicit FeasibilityAcquisition(const AcquisitionOptions& options) : terms_(options) {}
  [[nodiscard]] Eigen::VectorXd evaluate(const Points& points) const override;
  [[nodiscard]] Value evaluate_with_gradient(std::span<const double> point) const override;

 private:
  AdditiveTerms terms_;
};

}  // namespace krige::gp
