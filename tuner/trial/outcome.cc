#include "tuner/trial/outcome.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>

#include "base/json.h"

namespace krige::tuner {
namespace {

std::optional<double> find(const Metrics& metrics, std::string_view name) {
  const auto found = std::ranges::find(metrics, name, &Metrics::value_type::first);
  return found == metrics.end() ? std::nullopt : std::optional(found->second);
}

// What a trial ended with under a required metric's name.
std::optional<double> measured(const StudySpec& spec, const Trial& trial, std::string_view name) {
  if (spec.objectives.empty() && name == spec.metric.name) return trial.value;
  if (const std::optional<double> value = find(trial.values, name)) return value;
  const auto found = std::ranges::find(trial.constraints, name, &ConstraintResult::name);
  return found == trial.constraints.end() ? std::nullopt : std::optional(found->value);
}

double as_loss(Goal goal, double value) { return goal == Goal::minimize ? value : -value; }

}  // namespace

std::vector<RequiredMetric> required_metrics(const StudySpec& spec) {
  std::vector<RequiredMetric> out;
  for (const Objective& objective : spec.objectives) out.push_back({objective.name, objective.goal, objective.reduce});
  if (out.empty()) out.push_back({spec.metric.name, spec.metric.goal, spec.metric.reduce});
  for (const Constraint& constraint : spec.constraints)
    if (std::ranges::find(out, constraint.name, &RequiredMetric::name) == out.end()) out.push_back({constraint.name});
  return out;
}

RequiredMetric early_metric(const StudySpec& spec) {
  for (const Objective& objective : spec.objectives)
    if (spec.early_terminate && spec.early_terminate->metric == objective.name)
      return {objective.name, objective.goal, objective.reduce};
  return {spec.metric.name, spec.metric.goal, spec.metric.reduce};
}

Result<Verdict> judge(const StudySpec& spec, const Metrics& metrics) {
  Verdict verdict;
  Faults missing;
  for (const RequiredMetric& required : required_metrics(spec)) {
    const std::optional<double> value = find(metrics, required.name);
    if (!value) {
      missing.add(required.name, "is missing");
      continue;
    }
    if (verdict.state == TrialState::infeasible || std::isfinite(*value)) continue;
    verdict.state = TrialState::infeasible;
    verdict.reason = fmt::format("{} became {}", required.name, std::isnan(*value) ? "NaN" : "infinite");
  }
  if (!missing.empty()) return fail(missing.error());
  if (verdict.state == TrialState::infeasible) return verdict;
  if (spec.objectives.empty()) verdict.measured.value = find(metrics, spec.metric.name);
  for (const Objective& objective : spec.objectives)
    verdict.measured.values.emplace_back(objective.name, *find(metrics, objective.name));
  for (const Constraint& constraint : spec.constraints) {
    const double value = *find(metrics, constraint.name);
    verdict.measured.constraints.push_back({constraint.name, value, constraint.holds(value)});
  }
  return verdict;
}

bool came_of(const StudySpec& spec, const Trial& ended, const Metrics& metrics) {
  Metrics required;
  for (const RequiredMetric& one : required_metrics(spec))
    if (const std::optional<double> value = find(metrics, one.name)) required.emplace_back(one.name, *value);
  // Of what is not finite the trial keeps nothing.
  if (std::ranges::any_of(required, [](const auto& one) { return !std::isfinite(one.second); }))
    return ended.state == TrialState::infeasible;
  const bool judged = ended.state == TrialState::completed || ended.state == TrialState::pruned;
  const auto is_the_same = [&](const auto& one) { return measured(spec, ended, one.first) == one.second; };
  return judged && !required.empty() && std::ranges::all_of(required, is_the_same);
}

bool is_measured(const StudySpec& spec, const Trial& trial) {
  const auto finite = [](const auto& pair) { return std::isfinite(pair.second); };
  const bool has_objectives = spec.objectives.empty() ? trial.value && std::isfinite(*trial.value)
                                                      : trial.values.size() == spec.objectives.size() &&
                                                            std::ranges::all_of(trial.values, finite);
  return has_objectives && trial.constraints.size() == spec.constraints.size();
}

std::vector<double> losses(const StudySpec& spec, const Trial& trial) {
  if (spec.objectives.empty()) return {as_loss(spec.metric.goal, *trial.value)};
  std::vector<double> out;
  for (std::size_t j = 0; j < spec.objectives.size(); ++j)
    out.push_back(as_loss(spec.objectives[j].goal, trial.values[j].second));
  return out;
}

}  // namespace krige::tuner
