// What a trial's metrics mean to its study: the values of its objectives, and whether its constraints hold.
#pragma once

#include <string>
#include <vector>

#include "tuner/spec/study_spec.h"
#include "tuner/trial/trial.h"

namespace krige::tuner {

// A metric that every trial must report.
struct RequiredMetric {
  std::string name;
  Goal goal = Goal::minimize;
  Reduce reduce = Reduce::last;
};

// The objectives in their order, then the constraints that are no objectives.
[[nodiscard]] std::vector<RequiredMetric> required_metrics(const StudySpec& spec);

// The objective by which early_terminate compares trials: its `metric`, or the only one.
[[nodiscard]] RequiredMetric early_metric(const StudySpec& spec);

struct Verdict {
  TrialState state = TrialState::completed;  // or infeasible, when a metric is not finite
  std::string reason;                        // of being infeasible
  Measurement measured;                      // empty when infeasible
};

// invalid_argument: required metrics are missing; their names are the fields.
[[nodiscard]] Result<Verdict> judge(const StudySpec& spec, const Metrics& metrics);

// Whether a trial that has ended can have been judged so by these metrics, with what was reported before them.
[[nodiscard]] bool came_of(const StudySpec& spec, const Trial& ended, const Metrics& metrics);

// Whether a trial has a finite value of every objective, and one of every constraint.
[[nodiscard]] bool is_measured(const StudySpec& spec, const Trial& trial);

// The values of a measured trial's objectives in their order, small is good.
[[nodiscard]] std::vector<double> losses(const StudySpec& spec, const Trial& trial);

}  // namespace krige::tuner
