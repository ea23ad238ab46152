// What a sampler is shown of a study.
#pragma once

#include <span>
#include <vector>

#include "tuner/trial/trial.h"

namespace krige::tuner {

// Of every trial its id, state, point, outcome and how it was suggested. The study's events hold these too, so that a
// replay shows a sampler what it was shown; attempts and times are for nobody to learn from. Not thread-safe.
class History {
 public:
  // A new trial must be the next.
  void put(const Trial& trial);
  // Forgets the trials from this one on.
  void truncate(TrialId first);
  [[nodiscard]] std::span<const Trial> trials() const { return trials_; }
  [[nodiscard]] TrialId next() const { return static_cast<TrialId>(trials_.size()) + 1; }

 private:
  std::vector<Trial> trials_;  // by id: 1, 2, …
};

}  // namespace krige::tuner
