// What charts show of many trials at once: pure functions of them, which leave out what nobody could tell apart.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "tuner/spec/study_spec.h"
#include "tuner/trial/trial.h"

namespace krige::tuner {

// Ascending by its first member, a trial or a step.
using ChartPoint = std::pair<std::int64_t, double>;

// At most `most` (at least 2) of the points: the first, the last and, of each of even stretches between, the least and
// the greatest, so that no spike is lost.
[[nodiscard]] std::vector<ChartPoint> thinned(const std::vector<ChartPoint>& points, std::size_t most);

// What a chart shows of each trial.
struct ShownObjective {
  std::string name;
  Goal goal = Goal::minimize;
  bool one_of_several = false;
  // A finite value, of COMPLETED and PRUNED trials only.
  [[nodiscard]] std::optional<double> of(const Trial& trial) const;
};
// The study's metric, or one of its objectives; an empty name: the first. nullopt: there is none of that name.
[[nodiscard]] std::optional<ShownObjective> shown_objective(const StudySpec& spec, const std::string& name);

// Every trial that ended, but the CANCELLED: those with a value, and those without.
struct TrialHistory {
  std::vector<ChartPoint> completed;
  std::vector<ChartPoint> pruned;
  std::vector<TrialId> lost;
  std::vector<ChartPoint> improvements;  // each trial that was the best so far and met all constraints
};
[[nodiscard]] TrialHistory history_of(const std::vector<Trial>& trials, const ShownObjective& objective);

// Which trials stand for all: of those with a value the best `percent` (at least one), and of these at most `limit`:
// the best tenth of the limit, those in `kept`, and of the rest every so-manieth. Ids, ascending.
struct TrialSample {
  std::vector<TrialId> trials;
  std::size_t valued = 0;            // with a value
  std::size_t chosen = 0;            // among the best `percent`
  std::vector<double> distribution;  // the values at 0, 1/200, … 1 of the way from the best to the worst of all
};
[[nodiscard]] TrialSample sample_of(const std::vector<Trial>& trials, const ShownObjective& objective, double percent,
                                    std::size_t limit, const std::vector<TrialId>& kept);

// How much of several objectives the front dominates, up to the study's reference where it gives one and else to one
// from what was found. `front`: ids of the Pareto set. nullopt: one objective, or none on the front.
struct FrontVolume {
  double volume = 0;
  Metrics reference;  // in the objectives' own units and directions
};
[[nodiscard]] std::optional<FrontVolume> front_volume(const StudySpec& spec, const std::vector<Trial>& trials,
                                                      const std::vector<TrialId>& front);

}  // namespace krige::tuner
