// Test problems with several objectives or with constraints. All objectives are minimized, all constraints are upper
// bounds.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/spec/study_spec.h"

namespace krige::bench {

struct Outcomes {
  std::vector<double> objectives;
  std::vector<double> constraints;  // of each, above 0 where it is broken
};

struct OutcomeProblem {
  std::string name;
  std::vector<std::pair<double, double>> bounds;  // of the parameters x0, x1, …
  std::size_t objectives = 1;
  std::size_t constraints = 0;
  // Several objectives: from where the hypervolume is measured when runs are judged, which no method is told.
  std::vector<double> reference;
  // The hypervolume of the whole Pareto set; of one objective the least feasible value.
  double best = 0;
  // Safe from any thread.
  std::function<Outcomes(const std::vector<double>&)> evaluate;

  // A study of it with the objectives f0, f1, … and the constraints c0, c1, … ≤ 0.
  [[nodiscard]] Result<tuner::StudySpec> study(tuner::Method method, std::uint64_t seed) const;
  // Of a point of that study. The objectives come first.
  [[nodiscard]] Outcomes at(const tuner::Params& params) const;
};

[[nodiscard]] const std::vector<OutcomeProblem>& outcome_problems();

}  // namespace krige::bench
