#include "tests/tuner/storage/values.h"

#include <fmt/format.h>

namespace krige::tuner {

WallTime at(std::int64_t ms) { return WallTime(Millis(ms)); }

StudyRow study_row(const StudyId& id) {
  StudyRow row;
  row.id = id;
  row.name = "digits";
  row.spec = R"({"name": "digits"})";
  row.created_at = at(1'700'000'000'123);
  return row;
}

Trial full_trial(TrialId id) {
  Trial trial;
  trial.id = id;
  trial.state = TrialState::completed;
  trial.reason = fmt::format("because {}", id);
  trial.params = {{"zeta", 0.1 * static_cast<double>(id)}, {"alpha", id}, {"on", true}, {"optimizer", "adam"}};
  trial.value = 1.0 / static_cast<double>(id + 2);
  trial.suggestion.method = "gp";
  trial.suggestion.mean = 0.3;
  trial.suggestion.sd = 0.01 * static_cast<double>(id);
  trial.suggestion.log_ei = -4.0;
  trial.suggestion.note = "jitter 1e-8";
  trial.attempts = {
      {1, fmt::format("token-{}", id), AttemptState::lost, "local", "gone", at(1'700'000'001'000),
       at(1'700'000'002'001)},
      {3, fmt::format("token-{}b", id), AttemptState::succeeded, "w7", "", at(1'700'000'003'000), std::nullopt}};
  trial.created_at = at(1'700'000'000'999);
  trial.ended_at = at(1'700'000'009'999);
  trial.end_number = id;
  return trial;
}

Trial full_trial_of_several(TrialId id) {
  Trial trial = full_trial(id);
  trial.value = std::nullopt;
  trial.values = {{"größe", 0.1 * static_cast<double>(id)}, {"latency", -0.0}};
  trial.constraints = {{"memory", 512.5, false}, {"latency", 1e-300, true}};
  trial.suggestion.means = {{"größe", 0.25}, {"latency", 3}};
  trial.suggestion.sds = {{"größe", 0.5}, {"latency", 0.125}};
  trial.suggestion.feasible = 0.75;
  return trial;
}

Record record(TrialId trial, AttemptId attempt, std::int64_t step, double loss) {
  return {trial, attempt, step, {{"train_loss", loss}, {"accuracy", 1 - loss}}};
}

Change change_of(const StudyId& study, std::uint64_t epoch, TrialId trial) {
  Change change;
  change.study = study;
  change.epoch = epoch;
  change.time = at(1'700'000'100'000 + trial);
  change.trials = {full_trial(trial)};
  change.records = {record(trial, 1, 1, 0.5)};
  change.events = {{"TRIAL_CREATED", fmt::format(R"({{"trial": {}}})", trial)}};
  return change;
}

}  // namespace krige::tuner
