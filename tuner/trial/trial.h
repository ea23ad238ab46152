// A trial, its attempts and what it reported: plain values.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "tuner/space/value.h"
#include "tuner/trial/states.h"

namespace krige::tuner {

// How a point was made. A GP adds what it expected of the objective, in the metric's own unit and direction.
struct SuggestionInfo {
  std::string method;                    // gp, cmaes, random, sobol, grid, default
  std::optional<std::int64_t> fit;       // the id of the surrogate fit that was used
  std::optional<std::uint64_t> through;  // the study's event sequence of the history it was made from
  std::optional<double> mean;
  std::optional<double> sd;
  std::optional<double> log_ei;  // log of the expected improvement, in the metric's own unit
  std::string note;              // a fallback or a jitter worth knowing, else empty
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

struct Trial {
  TrialId id = 0;
  TrialState state = TrialState::waiting;
  std::string reason;
  Params params;
  std::optional<double> value;  // of the study's metric; finite when COMPLETED
  SuggestionInfo suggestion;
  std::vector<Attempt> attempts;  // by id, the last is the current one
  WallTime created_at;
  std::optional<WallTime> ended_at;
  friend bool operator==(const Trial&, const Trial&) = default;
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
