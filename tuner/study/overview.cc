#include "tuner/study/overview.h"

#include <algorithm>
#include <cmath>
#include <compare>

#include "gp/hypervolume/hypervolume.h"
#include "tuner/study/best_so_far.h"
#include "tuner/trial/outcome.h"

namespace krige::tuner {
namespace {

constexpr std::size_t kQuantiles = 200;
constexpr std::size_t kBestPart = 10;  // one of so many places goes to the best

struct Valued {
  double loss = 0;
  TrialId id = 0;
  friend auto operator<=>(const Valued&, const Valued&) = default;
};

std::vector<double> quantiles(const std::vector<Valued>& sorted, double sign) {
  std::vector<double> out;
  const std::size_t steps = std::min(kQuantiles, sorted.size() - 1);
  for (std::size_t i = 0; i <= steps; ++i)
    out.push_back(sign * sorted[steps == 0 ? 0 : i * (sorted.size() - 1) / steps].loss);
  return out;
}

}  // namespace

std::vector<ChartPoint> thinned(const std::vector<ChartPoint>& points, std::size_t most) {
  if (points.size() <= most) return points;
  const std::size_t stretches = (most - 2) / 2;
  const std::size_t inner = points.size() - 2;
  std::vector<ChartPoint> out{points.front()};
  for (std::size_t i = 0; i < stretches; ++i) {
    const auto from = points.begin() + 1 + static_cast<std::ptrdiff_t>(i * inner / stretches);
    const auto to = points.begin() + 1 + static_cast<std::ptrdiff_t>((i + 1) * inner / stretches);
    auto [least, greatest] = std::ranges::minmax_element(from, to, {}, &ChartPoint::second);
    if (greatest < least) std::swap(least, greatest);
    out.push_back(*least);
    if (greatest != least) out.push_back(*greatest);
  }
  out.push_back(points.back());
  return out;
}

std::optional<double> ShownObjective::of(const Trial& trial) const {
  if (trial.state != TrialState::completed && trial.state != TrialState::pruned) return std::nullopt;
  std::optional<double> value = trial.value;
  if (one_of_several) {
    const auto found = std::ranges::find(trial.values, name, &Metrics::value_type::first);
    value = found == trial.values.end() ? std::nullopt : std::optional(found->second);
  }
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<ShownObjective> shown_objective(const StudySpec& spec, const std::string& name) {
  if (!spec.has_several_objectives()) {
    if (!name.empty() && name != spec.metric.name) return std::nullopt;
    return ShownObjective{spec.metric.name, spec.metric.goal, false};
  }
  const auto found =
      name.empty() ? spec.objectives.begin() : std::ranges::find(spec.objectives, name, &Objective::name);
  if (found == spec.objectives.end()) return std::nullopt;
  return ShownObjective{found->name, found->goal, true};
}

TrialHistory history_of(const std::vector<Trial>& trials, const ShownObjective& objective) {
  TrialHistory history;
  BestSoFar best(objective.goal);
  for (const Trial& trial : trials) {
    if (!is_final(trial.state) || trial.state == TrialState::cancelled) continue;
    const std::optional<double> value = objective.of(trial);
    if (!value) {
      history.lost.push_back(trial.id);
      continue;
    }
    const bool completed = trial.state == TrialState::completed;
    (completed ? history.completed : history.pruned).emplace_back(trial.id, *value);
    if (completed && trial.feasible()) best.put(trial.id, *value);
  }
  history.improvements.assign(best.steps().begin(), best.steps().end());
  return history;
}

TrialSample sample_of(const std::vector<Trial>& trials, const ShownObjective& objective, double percent,
                      std::size_t limit, const std::vector<TrialId>& kept) {
  const double sign = objective.goal == Goal::minimize ? 1 : -1;
  std::vector<Valued> valued;
  for (const Trial& trial : trials)
    if (const auto value = objective.of(trial)) valued.push_back({sign * *value, trial.id});
  TrialSample sample;
  sample.valued = valued.size();
  if (valued.empty()) return sample;
  std::ranges::sort(valued);
  sample.distribution = quantiles(valued, sign);
  const auto part = static_cast<std::size_t>(std::ceil(percent / 100 * static_cast<double>(valued.size())));
  sample.chosen = std::clamp<std::size_t>(part, 1, valued.size());
  valued.resize(sample.chosen);
  const std::size_t best = valued.size() <= limit ? valued.size() : limit / kBestPart;
  std::vector<TrialId> rest;
  for (std::size_t i = 0; i < valued.size(); ++i) {
    const bool keep = i < best || std::ranges::binary_search(kept, valued[i].id);
    (keep ? sample.trials : rest).push_back(valued[i].id);
  }
  std::ranges::sort(rest);
  const std::size_t places = std::min(rest.size(), limit - std::min(limit, sample.trials.size()));
  for (std::size_t i = 0; i < places; ++i) sample.trials.push_back(rest[i * rest.size() / places]);
  std::ranges::sort(sample.trials);
  return sample;
}

std::optional<FrontVolume> front_volume(const StudySpec& spec, const std::vector<Trial>& trials,
                                        const std::vector<TrialId>& front) {
  if (!spec.has_several_objectives() || front.empty()) return std::nullopt;
  std::vector<gp::Objectives> measured, best;
  for (const Trial& trial : trials)
    if (trial.state == TrialState::completed && trial.feasible() && is_measured(spec, trial))
      measured.push_back(losses(spec, trial));
  for (const TrialId id : front) best.push_back(losses(spec, trials[static_cast<std::size_t>(id - 1)]));
  gp::Objectives reference = gp::inferred_reference(measured);
  FrontVolume out;
  for (std::size_t i = 0; i < reference.size(); ++i) {
    const Objective& objective = spec.objectives[i];
    const double sign = objective.goal == Goal::minimize ? 1 : -1;
    if (objective.reference) reference[i] = sign * *objective.reference;
    out.reference.emplace_back(objective.name, sign * reference[i]);
  }
  out.volume = gp::hypervolume(best, reference);
  return out;
}

}  // namespace krige::tuner
