// Proposes points. A sampler knows no store and no clock: the same spec, history, fit and next id give the same
// suggestion.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "tuner/spec/study_spec.h"
#include "tuner/trial/trial.h"

namespace krige::tuner {

struct Suggestion {
  Params params;
  SuggestionInfo info;
};

// What a method learned from a history and keeps, so that the next suggestions need not learn it again. Whoever runs
// the study numbers the fits and keeps them with the events: a replay reads them instead of making them again.
struct SurrogateFit {
  std::int64_t id = 0;        // 1, 2, … in its study
  std::int64_t finished = 0;  // how many finished trials it saw
  std::uint64_t through = 0;  // the study's event sequence it saw; 0 where there are no events
  std::string model;          // the method's own, JSON text
  friend bool operator==(const SurrogateFit&, const SurrogateFit&) = default;
};

// refit_due() and refit() may be called from another thread while propose() runs.
class Sampler {
 public:
  virtual ~Sampler() = default;
  // A point for trial `next`, given every earlier trial by id: finished ones teach, running ones are pending, and none
  // of their points is proposed again. `fit`: the latest, or null; the suggestion's info names it when it was used.
  // Error: space_exhausted, when a finite space has no other point.
  [[nodiscard]] virtual Result<Suggestion> propose(std::span<const Trial> history, TrialId next,
                                                   const SurrogateFit* fit) = 0;

  // Whether so much was learned since `last` (null: ever) that a new fit is worth its time. Never, for a method that
  // does not learn.
  [[nodiscard]] virtual bool refit_due(std::span<const Trial> /*history*/, const SurrogateFit* /*last*/) const {
    return false;
  }
  // The same history and `last`, the same fit. Takes milliseconds for tens of trials, a second or so for a thousand.
  [[nodiscard]] virtual Result<SurrogateFit> refit(std::span<const Trial> history, const SurrogateFit* last) const;
};

// The sampler of spec.method; `spec` must outlive it.
[[nodiscard]] std::unique_ptr<Sampler> make_sampler(const StudySpec& spec);

// A sampler that makes its fits itself, before the suggestion for which they are due: at points fixed by the order of
// questions and results. For callers without a store. Not thread-safe.
class FittingSampler {
 public:
  // `spec` must outlive it.
  explicit FittingSampler(const StudySpec& spec) : sampler_(make_sampler(spec)) {}
  [[nodiscard]] Result<Suggestion> propose(std::span<const Trial> history, TrialId next);
  // The latest; null before the first.
  [[nodiscard]] const SurrogateFit* fit() const { return fit_ ? &*fit_ : nullptr; }

 private:
  std::unique_ptr<Sampler> sampler_;
  std::optional<SurrogateFit> fit_;
};

}  // namespace krige::tuner
