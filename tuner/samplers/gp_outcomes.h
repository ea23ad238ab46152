// What a Gaussian-process sampler makes of several objectives and of constraints: an independent process for each
// outcome besides the first objective.
#pragma once

#include <span>
#include <vector>

#include "gp/acquisition/suggest.h"
#include "gp/gaussian_process.h"
#include "tuner/samplers/gp_history.h"
#include "tuner/samplers/gp_model.h"
#include "tuner/spec/study_spec.h"

namespace krige::tuner {

// The bounds of a constraint in the units of GpHistory::constrained.
[[nodiscard]] gp::OutcomeConstraint bounds_of(const Constraint& constraint);

// The trials' standing among each other, small is good: those that meet all constraints first, by loss (of several
// objectives the Pareto set, then by the sum of their ranks); then the others, by how much they violate. One a point.
[[nodiscard]] std::vector<double> standings(const StudySpec& spec, const GpHistory& data);

// Points of the best standing, the whole Pareto set if it is not too large: where a search may begin.
[[nodiscard]] gp::Points points_to_begin_from(const StudySpec& spec, const GpHistory& data);

// Where the hypervolume of several objectives is measured from, as losses: what the study says, else what was found.
[[nodiscard]] std::vector<double> reference_of(const StudySpec& spec, const GpHistory& data);

// Fits each outcome; `options` is that of the first objective, `previous` the model before. Errors: as gp::learn.
[[nodiscard]] Status learn_outcomes(const StudySpec& spec, const gp::InputSpace& space, const GpHistory& data,
                                    const gp::FitOptions& options, const GpModel& previous, Rng& rng, GpModel& model);

struct OutcomeProcesses {
  std::vector<gp::GaussianProcess> further;      // the objectives after the first
  std::vector<gp::GaussianProcess> constrained;  // by constraint
};
// Outcomes that `model` does not know have default hyperparameters. corrupt: it is of another number of outcomes.
[[nodiscard]] Result<OutcomeProcesses> outcome_processes(const gp::InputSpace& space, const GpHistory& data,
                                                         const GpModel& model);

}  // namespace krige::tuner
