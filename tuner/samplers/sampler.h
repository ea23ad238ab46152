// Proposes points. A sampler knows no store and no clock: the same spec, history and next id give the same suggestion.
#pragma once

#include <memory>
#include <span>

#include "tuner/spec/study_spec.h"
#include "tuner/trial/trial.h"

namespace krige::tuner {

struct Suggestion {
  Params params;
  SuggestionInfo info;
};

class Sampler {
 public:
  virtual ~Sampler() = default;
  // A point for trial `next`, given every earlier trial by id: finished ones teach, running ones are pending, and none
  // of their points is proposed again. Error: space_exhausted, when a finite space has no other point.
  [[nodiscard]] virtual Result<Suggestion> propose(std::span<const Trial> history, TrialId next) = 0;
};

// The sampler of spec.method; `spec` must outlive it. Not thread-safe.
[[nodiscard]] std::unique_ptr<Sampler> make_sampler(const StudySpec& spec);

}  // namespace krige::tuner
