// A study file as a value that is valid by construction: parse_study is the only way to make one from outside.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/json.h"
#include "base/limits.h"
#include "tuner/space/space.h"
#include "tuner/spec/metric_patterns.h"
#include "tuner/spec/objective.h"
#include "tuner/spec/warm_start.h"

namespace krige::tuner {

enum class Acquisition { ei, ucb, pi, ei_per_second };  // what the GP maximizes
enum class Method { gp, random, sobol, grid, cmaes };

struct Budget {
  std::optional<std::int64_t> max_trials;    // none: until the space is exhausted or somebody stops it
  std::int64_t parallel = 1;                 // local attempts at once
  std::optional<Millis> max_time;            // of being ACTIVE
  std::optional<std::int64_t> max_failures;  // consecutive FAILED trials
  // Trials with an end since the best one's: so many without a better one end the study.
  std::optional<std::int64_t> no_improvement;
};

enum class EarlyTerminateKind { median, percentile, asha, hyperband, curve };

// When trials that do badly are ended before their time (tuner/study/early_stop.h).
struct EarlyTerminate {
  EarlyTerminateKind kind = EarlyTerminateKind::median;
  std::string metric;           // which of several objectives trials are compared by; empty: the only one
  std::int64_t min_iter = 1;    // no earlier than this step; of halving: its first rung; curve: so many reports
  std::int64_t min_trials = 5;  // median, percentile, curve: so many others must have got there
  double percentile = 50;       // percentile: the part that goes on, in (0, 100)
  std::int64_t eta = 3;         // halving: one of so many goes on
  // Halving by the end instead of by the beginning: rungs max_iter/ηᵏ, k = 1 … halvings. curve: where trials end.
  std::optional<std::int64_t> max_iter;
  // Halving in its first form: a trial pauses at each rung and goes on from its checkpoint when it is among the best.
  bool promote = false;
  double probability = 0.05;  // curve: a trial less likely to become the best is ended, in (0, 1)
  std::int64_t halvings = 1;
  std::int64_t brackets = 1;
};

struct StudySpec {
  std::string name;
  std::string description;
  Metric metric;                        // the objective, when there is one
  std::vector<Objective> objectives;    // else two to four, and `metric` means nothing
  std::vector<Constraint> constraints;  // outcomes that must hold for a trial to count
  Method method = Method::gp;
  Acquisition acquisition = Acquisition::ei;
  std::uint64_t seed = 0;
  Space space;
  std::int64_t retries = 0;  // how often a trial is run again whose attempt FAILED
  std::int64_t repeats = 1;  // how often the GP may measure one point, where noise makes that worth a trial
  std::optional<EarlyTerminate> early_terminate;
  std::int64_t keep_models = 0;        // of so many of the best trials; of several objectives all of the Pareto set
  std::vector<OlderStudy> warm_start;  // what the GP learns from besides
  Budget budget;
  std::optional<std::string> train;  // a training job, JSON text; a parameter named as one of its fields sets it
  std::optional<std::vector<std::string>> command;
  std::optional<std::string> program;
  std::vector<MetricPattern> metric_patterns;  // of what a command prints
  Limits limits;                               // of a trial that runs here
  std::vector<std::string> notes;              // what was accepted but has no meaning here, for the user to read

  [[nodiscard]] bool has_several_objectives() const { return !objectives.empty(); }
  [[nodiscard]] bool runs_locally() const { return train || command; }
};

struct SpecOptions {
  // Relative paths of data are taken from here; empty: left as they are.
  std::string data_root;
  // REST: every path of data must stay below data_root, and the environment is not given away.
  bool confine = false;
};

// Every fault with its path: parameters.learning_rate.min, budget.max_time, …
[[nodiscard]] Result<StudySpec> parse_study(const OrderedJson& json, const SpecOptions& options = {});
// Reads a file, YAML or JSON; its relative paths are taken from the file's folder.
[[nodiscard]] Result<StudySpec> load_study(const std::string& path);
// The same study in one form: defaults written out, W&B's names translated, paths resolved.
[[nodiscard]] OrderedJson to_json(const StudySpec& spec);

// YAML text as JSON: plain scalars take YAML 1.2's core types, keys given twice and aliases that explode are errors.
[[nodiscard]] Result<OrderedJson> yaml_to_json(std::string_view text);
// By its content: what starts with { is JSON.
[[nodiscard]] Result<OrderedJson> load_document(const std::string& path);

[[nodiscard]] std::string_view name(Method method);
[[nodiscard]] std::string_view name(Acquisition acquisition);
[[nodiscard]] std::string_view name(EarlyTerminateKind kind);

}  // namespace krige::tuner
