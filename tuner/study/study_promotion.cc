// Trials that pause at the rungs of successive halving and go on from their checkpoints.
#include <fmt/format.h>

#include <algorithm>

#include "tuner/study/events.h"
#include "tuner/study/study_runner.h"

namespace krige::tuner {

bool StudyRunner::promotes() const {
  const std::optional<EarlyTerminate>& rule = image_.spec().early_terminate;
  return rule && rule->promote && runs_locally();
}

std::optional<CheckpointRun> StudyRunner::checkpoint_of(const Trial& trial) const {
  if (!promotes()) return std::nullopt;
  const Curve& curve = curves_.of(trial.id);
  const std::int64_t epochs = curve.empty() ? 0 : curve.back().first;
  return CheckpointRun{files_.checkpoint(trial.id), next_rung(*image_.spec().early_terminate, trial.id, epochs)};
}

std::optional<TrialId> StudyRunner::promoted() const {
  if (!promotes()) return std::nullopt;
  return to_promote(*image_.spec().early_terminate, early_metric(image_.spec()).goal, curves_,
                    image_.in_state(TrialState::paused));
}

bool StudyRunner::is_at_rung(const Trial& trial) const {
  const Curve& curve = curves_.of(trial.id);
  return !curve.empty() && std::ranges::binary_search(rungs(*image_.spec().early_terminate), curve.back().first);
}

Change StudyRunner::pausing(Trial trial) const {
  const TrialId id = trial.id;
  const Curve& curve = curves_.of(id);
  std::string reason = fmt::format("paused after epoch {}", curve.empty() ? 0 : curve.back().first);
  return ending(std::move(trial), AttemptState::succeeded, TrialState::paused, std::move(reason), reached(id));
}

Result<std::optional<Trial>> StudyRunner::settle_paused() {
  const std::set<TrialId>& paused = image_.in_state(TrialState::paused);
  if (paused.empty()) return std::optional<Trial>();
  const auto best = furthest(early_metric(image_.spec()).goal, curves_, paused);
  if (best && image_.count(TrialState::completed) == 0) return std::optional<Trial>(*image_.trial(*best));
  Change change;
  plan_end_of_paused(change);
  KRIGE_CHECK(commit(std::move(change)));
  return std::optional<Trial>();
}

void StudyRunner::plan_end_of_paused(Change& change) const {
  for (const TrialId id : image_.in_state(TrialState::paused)) {
    Trial trial = *image_.trial(id);
    trial.state = TrialState::pruned;
    trial.ended_at = services_.options->clock->wall_now();
    change.events.push_back(trial_state_changed(trial));
    change.trials.push_back(std::move(trial));
  }
}

}  // namespace krige::tuner
