// Each trial of a study that was the best up to its number, whatever the order in which they ended.
#pragma once

#include <cstddef>
#include <map>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "tuner/spec/objective.h"

namespace krige::tuner {

// Not thread-safe.
class BestSoFar {
 public:
  explicit BestSoFar(Goal goal) : goal_(goal) {}

  // A trial that was not put before, with a finite value.
  void put(TrialId trial, double value);
  // Ascending by trial, each better than the one before.
  [[nodiscard]] const std::map<TrialId, double>& steps() const { return steps_; }
  // At most so many of them (at least 2), with the first and the last.
  [[nodiscard]] std::vector<std::pair<TrialId, double>> steps(std::size_t most) const;

 private:
  [[nodiscard]] bool better(double a, double b) const { return goal_ == Goal::minimize ? a < b : a > b; }

  Goal goal_;
  std::map<TrialId, double> steps_;
};

}  // namespace krige::tuner
