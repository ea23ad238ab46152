// A study's history as the Gaussian process sees it. Losses: small is good, whatever the metric's goal.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "gp/points.h"
#include "tuner/spec/study_spec.h"
#include "tuner/trial/trial.h"

namespace krige::tuner {

// The posterior is cubic in the observations: at this many a suggestion still takes some tens of milliseconds.
inline constexpr std::size_t kMaxObservations = 400;

struct GpHistory {
  gp::Points points;           // of trials with a finite value of every outcome
  std::vector<double> losses;  // of the first objective
  gp::Points timed;            // of completed trials whose time is known
  std::vector<double> log_seconds;
  gp::Points labelled;         // of every finished trial that shows whether there is a value there
  std::vector<double> labels;  // 1: there is; below 0: there is none, the lower the surer
  // Of trials that are not finished, and of those that were vetoed: as with a result that is still to come, there is
  // nothing to be gained near them.
  gp::Points pending;
  std::size_t vetoed = 0;    // of the pending ones
  std::size_t finished = 0;  // without the cancelled
  // By outcome, one a point: the losses of the objectives after the first; the values of the constraints, turned round
  // where only low ones are bad.
  std::vector<std::vector<double>> further{};
  std::vector<std::vector<double>> constrained{};
  std::vector<bool> feasible{};  // whether all constraints hold, by point

  [[nodiscard]] std::size_t tried() const { return finished + pending.size() - vetoed; }
  [[nodiscard]] bool has_failures() const {
    return std::ranges::any_of(labels, [](double label) { return label < 0; });
  }
};

// At most `limit` observations, those that matter: the best, the latest, and some of every rank.
void keep_what_matters(gp::Points& points, std::vector<double>& losses, std::size_t limit);

// Beyond `limit` of each, the observations that matter stand for all: the best, the latest, and some of every rank.
// `dims`: of the input space.
[[nodiscard]] GpHistory read_history(const StudySpec& spec, std::size_t dims, std::span<const Trial> trials,
                                     std::size_t limit);

}  // namespace krige::tuner
