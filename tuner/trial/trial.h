// A trial, its attempts and what it reported: plain values.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "tuner/space/value.h"
#include "tuner/trial/states.h"

namespace krige::tuner {

// The method of a point that a user has refused: its trial is CANCELLED from the first.
inline constexpr char kVetoed[] = "vetoed";

// How a point was made. A GP adds what it expected of the objectives, in the metrics' own units and directions.
struct SuggestionInfo {
  std::string method;                    // gp, cmaes, random, sobol, grid, default; enqueued, imported, vetoed
  std::optional<std::int64_t> fit;       // the id of the surrogate fit that was used
  std::optional<std::uint64_t> through;  // the study's event sequence of the history it was made from
  std::optional<double> mean;
  std::optional<double> sd;
  std::vector<std::pair<std::string, double>> means{};  // of several objectives, instead of mean and sd
  std::vector<std::pair<std::string, double>> sds{};
  std::optional<double> log_ei;      // log of the expected improvement, in the metric's own unit; of several objectives
                                     // that of the hypervolume
  std::optional<double> feasible{};  // probability that the constraints hold
  std::string note;                  // a fallback or a jitter worth knowing, else empty
  friend bool operator==(const SuggestionInfo&, const SuggestionInfo&) = default;
};

// One run of a trial. Its loss never pollutes the trial: another attempt runs.
struct Attempt {
  AttemptId id = 1;
  std::string token;  // fencing token: who holds it may report
  AttemptState state = AttemptState::launching;
  std::string worker;  // "local", or the client_id of a worker outside
  std::string reason;
  WallTime started_at;
  std::optional<WallTime> ended_at;
  friend bool operator==(const Attempt&, const Attempt&) = default;
};

// By its own fault, so that `retries` counts it.
[[nodiscard]] inline bool has_failed(const Attempt& attempt) {
  return attempt.state == AttemptState::failed || attempt.state == AttemptState::timed_out;
}

using Metrics = std::vector<std::pair<std::string, double>>;

// An outcome constraint of the study, as a trial met it.
struct ConstraintResult {
  std::string name;
  double value = 0;
  bool feasible = false;
  friend bool operator==(const ConstraintResult&, const ConstraintResult&) = default;
};

// What a trial ended with; empty while it has no end, or where there is no value.
struct Measurement {
  std::optional<double> value;                // of the study's metric; none with several objectives
  Metrics values;                             // of several objectives, in their order
  std::vector<ConstraintResult> constraints;  // in the study's order
};

struct Trial {
  TrialId id = 0;
  TrialState state = TrialState::waiting;
  std::string reason;
  Params params;
  std::optional<double> value;  // of the study's metric, when that is its only objective; finite when COMPLETED
  Metrics values;               // of several objectives, in their order; finite
  std::vector<ConstraintResult> constraints;  // in the study's order; finite
  SuggestionInfo suggestion;
  std::vector<Attempt> attempts;  // by id, the last is the current one
  WallTime created_at;
  std::optional<WallTime> ended_at;
  // 1, 2, … in the order in which trials of its study ended, which their times alone do not tell; 0: it has not ended,
  // or before stores knew.
  std::int64_t end_number = 0;
  // When its records were removed, and its files: what it printed, its model.
  std::optional<WallTime> records_removed_at{};
  std::optional<WallTime> files_removed_at{};
  friend bool operator==(const Trial&, const Trial&) = default;

  void set(Measurement measured) {
    value = measured.value;
    values = std::move(measured.values);
    constraints = std::move(measured.constraints);
  }
  [[nodiscard]] bool vetoed() const { return suggestion.method == kVetoed; }
  // Whether all outcome constraints hold; true where there are none.
  [[nodiscard]] bool feasible() const {
    return std::ranges::all_of(constraints, [](const ConstraintResult& one) { return one.feasible; });
  }
};

// What an attempt reported at a step.
struct Record {
  TrialId trial = 0;
  AttemptId attempt = 1;
  std::int64_t step = 0;
  std::vector<std::pair<std::string, double>> metrics;  // any double, also NaN
  friend bool operator==(const Record&, const Record&) = default;
};

}  // namespace krige::tuner
