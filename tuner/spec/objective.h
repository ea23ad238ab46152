// What a study optimizes, and what else must hold: `metric`, `objectives` and `constraints` of the study file.
#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace krige::tuner {

enum class Goal { minimize, maximize };
enum class Reduce { last, best };  // which of a trial's records is its value

// The only objective of a study.
struct Metric {
  std::string name = "value";
  Goal goal = Goal::minimize;
  Reduce reduce = Reduce::last;
  std::optional<double> target;  // reached: the study ends
};

// One of several.
struct Objective {
  std::string name;
  Goal goal = Goal::minimize;
  Reduce reduce = Reduce::last;
  // The worst value that is still of interest: from here the hypervolume is measured. None: from what was found.
  std::optional<double> reference;
};

// Of a metric that trials report: the last report counts, or what an objective of that name reduces to. At least one
// bound; min < max.
struct Constraint {
  std::string name;
  std::optional<double> min;
  std::optional<double> max;
  [[nodiscard]] bool holds(double value) const { return (!min || value >= *min) && (!max || value <= *max); }
};

inline constexpr std::size_t kMinObjectives = 2;
inline constexpr std::size_t kMaxObjectives = 4;
inline constexpr std::size_t kMaxConstraints = 16;

// Faults go below the key of the study file.
[[nodiscard]] Metric read_metric(const OrderedJson& json, Faults& faults);
[[nodiscard]] std::vector<Objective> read_objectives(const OrderedJson& json, Faults& faults);
[[nodiscard]] std::vector<Constraint> read_constraints(const OrderedJson& json, Faults& faults);
[[nodiscard]] OrderedJson to_json(const Metric& metric);
[[nodiscard]] OrderedJson to_json(const std::vector<Objective>& objectives);
[[nodiscard]] OrderedJson to_json(const std::vector<Constraint>& constraints);

[[nodiscard]] std::string_view name(Goal goal);
[[nodiscard]] std::string_view name(Reduce reduce);

}  // namespace krige::tuner
