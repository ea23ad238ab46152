// The files of a study's trainings: which are kept, and what is removed of trials that have ended long ago.
#include <fmt/format.h>

#include <algorithm>

#include "tuner/study/events.h"
#include "tuner/study/study_runner.h"

namespace krige::tuner {
namespace {

std::string_view verb(TrialState state) { return state == TrialState::completed ? "was beaten" : "was not COMPLETED"; }

}  // namespace

TrainingRun StudyRunner::files_of(const Trial& trial) const {
  if (!image_.spec().train) return {};
  files_.make_folder();
  return {checkpoint_of(trial), image_.spec().keep_models > 0 ? files_.model(trial.id) : "",
          files_.cluster(trial.id, trial.attempts.back().id)};
}

std::set<TrialId> StudyRunner::models_to_keep() const {
  const auto wanted = static_cast<std::size_t>(image_.spec().keep_models);
  if (wanted == 0) return {};
  if (image_.spec().has_several_objectives()) {
    const std::vector<TrialId> optimal = image_.view().optimal;
    return {optimal.begin(), optimal.end()};
  }
  const bool minimize = image_.spec().metric.goal == Goal::minimize;
  const TrialQuery best{.order = minimize ? TrialOrder::value : TrialOrder::value_descending,
                        .from = {},
                        .limit = image_.trials().size(),
                        .states = {TrialState::completed}};
  std::set<TrialId> kept;
  // Of equal ones the study's best is the one that was first.
  if (const auto named = image_.view().best) kept.insert(named->trial);
  for (const TrialId id : image_.index().page(best))
    if (kept.size() < wanted && image_.trial(id)->feasible()) kept.insert(id);
  return kept;
}

void StudyRunner::drop_files(const Change& change) {
  if (!image_.spec().train) return;
  bool ended = false;
  for (const Trial& trial : change.trials) {
    if (!is_final(trial.state)) continue;
    ended = true;
    files_.forget_checkpoint(trial.id);
    models_.insert(trial.id);
  }
  if (!ended || image_.spec().keep_models == 0) return;
  std::set<TrialId> kept = models_to_keep();
  for (const TrialId id : models_)
    if (!kept.contains(id)) files_.forget_model(id);
  models_ = std::move(kept);
}

Result<std::string> StudyRunner::model_path(TrialId id) const {
  const Lock lock(mutex_);
  const Trial* trial = image_.trial(id);
  if (trial == nullptr) return fail(ErrorCode::not_found, fmt::format("the study has no trial {}", id));
  if (!image_.spec().train || image_.spec().keep_models == 0)
    return fail(ErrorCode::not_found, "the study keeps no models: its study file needs train and keep_models");
  if (!is_final(trial->state))
    return fail(ErrorCode::not_found, fmt::format("trial {} has no model yet: it is {}", id, name(trial->state)));
  if (trial->files_removed_at)
    return fail(ErrorCode::not_found, fmt::format("the model of trial {} was removed on {}, as this service is told to",
                                                  id, to_rfc3339(*trial->files_removed_at)));
  if (!models_.contains(id))
    return fail(ErrorCode::not_found,
                fmt::format("the study keeps the models of its best trials, keep_models: {}; trial "
                            "{} {}",
                            image_.spec().keep_models, id, verb(trial->state)));
  return files_.model(id);
}

Result<ClusterFile> StudyRunner::cluster_file(TrialId id) const {
  const Lock lock(mutex_);
  const Trial* trial = image_.trial(id);
  if (trial == nullptr) return fail(ErrorCode::not_found, fmt::format("the study has no trial {}", id));
  if (!image_.spec().train || trial->attempts.empty())
    return fail(ErrorCode::not_found, fmt::format("trial {} was not trained by this server", id));
  const Attempt& attempt = trial->attempts.back();
  return ClusterFile{files_.cluster(id, attempt.id), attempt.id, !is_final(attempt.state)};
}

// Committed before anything is removed: what a crash leaves is found by who looks for files that should be gone.
Result<std::vector<TrialId>> StudyRunner::forget(const std::vector<TrialId>& ids, const Forgetting& what) {
  const Lock lock(mutex_);
  const WallTime time = services_.options->clock->wall_now();
  Change change;
  for (const TrialId id : ids) {
    const Trial* held = image_.trial(id);
    if (held == nullptr || !is_final(held->state)) continue;
    Trial trial = *held;
    const bool records = what.records && !trial.records_removed_at, files = what.files && !trial.files_removed_at;
    if (!records && !files) continue;
    if (records) trial.records_removed_at = time;
    if (files) trial.files_removed_at = time;
    if (records) change.forgotten.push_back(id);
    change.trials.push_back(std::move(trial));
  }
  std::vector<TrialId> done;
  if (change.trials.empty()) return done;
  change.events.push_back(trials_forgotten(change.trials, what.records, what.files, what.reason));
  const std::vector<Trial> forgotten = change.trials;
  KRIGE_CHECK(commit(std::move(change)));
  for (const Trial& trial : forgotten) {
    done.push_back(trial.id);
    const AttemptId last = trial.attempts.empty() ? 0 : trial.attempts.back().id;
    if (what.files) files_.forget(trial.id, last);
    // As after a restart: what the store has not is no measure for others.
    if (what.records) curves_.forget(trial.id);
  }
  return done;
}

}  // namespace krige::tuner
