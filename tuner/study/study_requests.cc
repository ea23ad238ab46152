// What callers ask of a study: to look at it, to steer it, and the protocol of workers outside.
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "tuner/study/events.h"
#include "tuner/study/study_runner.h"
#include "tuner/study/trial_selection.h"
#include "tuner/trial/outcome.h"

namespace krige::tuner {
namespace {

// What became of it, and by whom.
std::string outcome_of(const Trial& trial) {
  std::string text(name(trial.state));
  if (trial.state == TrialState::completed && trial.value) text += fmt::format(" with value {}", *trial.value);
  if (!trial.attempts.empty())
    text += fmt::format(" by attempt {} of {}", trial.attempts.back().id, trial.attempts.back().worker);
  return text;
}

Unexpected finished(const StudyRow& row) {
  return fail(ErrorCode::study_finished,
              fmt::format("the study is {} ({}) and cannot go on: a clone of it with warm_start can, from its trials",
                          name(row.state), row.state_reason));
}

// `reported`: what the trial reported before, which counts where the completion says no metrics.
Result<Verdict> judge_completion(const StudySpec& spec, const Completion& completion, Metrics reported) {
  Metrics metrics = completion.metrics.empty() ? std::move(reported) : completion.metrics;
  if (completion.value && spec.has_several_objectives())
    return fail(ErrorCode::invalid_argument, "the study has several objectives: give metrics", "value");
  if (completion.value) {
    std::erase_if(metrics, [&](const auto& metric) { return metric.first == spec.metric.name; });
    metrics.emplace_back(spec.metric.name, *completion.value);
  }
  Result<Verdict> verdict = judge(spec, metrics);
  if (verdict) return verdict;
  return fail(verdict.error().within("metrics"));
}

// Whether the trial has ended as the completion says.
bool ended_so(const StudySpec& spec, const Trial& trial, const Completion& completion) {
  if (completion.state) return trial.state == *completion.state;
  if (!completion.value && completion.metrics.empty()) return counts_towards_budget(trial.state);
  Metrics said = completion.metrics;
  if (completion.value && !spec.has_several_objectives()) said.emplace_back(spec.metric.name, *completion.value);
  return came_of(spec, trial, said);
}

}  // namespace

StudyView StudyRunner::view() const {
  const ImageLock lock(image_mutex_);
  StudyView view = image_.view();
  view.row = current_row();
  return view;
}

Result<TrialPage> StudyRunner::trials(const TrialQuery& query) const {
  const ImageLock lock(image_mutex_);
  TrialPage page;
  page.seq = image_.row().seq;
  if (query.is_scan()) {
    KRIGE_TRY(const TrialSelection selection, select_trials(image_.trials(), image_.spec(), query));
    for (const TrialId id : selection.ids) page.trials.push_back(*image_.trial(id));
    page.next = selection.next;
    page.total = selection.total;
    return page;
  }
  for (const auto& [state, count] : image_.index().counts())
    if (query.states.empty() || std::ranges::find(query.states, state) != query.states.end())
      page.total += static_cast<std::size_t>(count);
  for (const TrialId id : image_.index().page(query)) {
    const Trial& trial = *image_.trial(id);
    if (page.trials.size() == query.limit) {
      page.next = TrialPlace{id, trial.value ? TrialKey(*trial.value) : TrialKey(std::monostate())};
      break;
    }
    page.trials.push_back(trial);
  }
  return page;
}

void StudyRunner::look_at(const Engine::Look& look) const {
  const ImageLock lock(image_mutex_);
  look(image_.view(), image_.spec(), image_.trials());
}

std::vector<StopLimit> StudyRunner::stop_limits() const {
  const Lock lock(mutex_);
  const std::optional<EarlyTerminate>& rule = image_.spec().early_terminate;
  return rule ? tuner::stop_limits(*rule, early_metric(image_.spec()).goal, curves_) : std::vector<StopLimit>();
}

Result<Trial> StudyRunner::trial(TrialId id) const {
  const ImageLock lock(image_mutex_);
  const Trial* trial = image_.trial(id);
  if (trial == nullptr) return fail(ErrorCode::not_found, fmt::format("the study has no trial {}", id));
  return *trial;
}

TrialPage StudyRunner::optimal() const {
  const ImageLock lock(image_mutex_);
  return {image_.optimal(), std::nullopt, image_.row().seq};
}

Status StudyRunner::set_state(StudyState to, std::string reason) {
  Change change;
  change.row = current_row();
  change.row->state = to;
  change.row->state_reason = std::move(reason);
  change.events.push_back(study_state_changed(*change.row));
  return commit(std::move(change));
}

Result<StudyView> StudyRunner::change_state(StudyState from, StudyState to) {
  {
    const Lock lock(mutex_);
    const StudyState state = image_.row().state;
    if (state == to) return image_.view();
    if (state != from) {
      if (is_final(state)) return finished(image_.row());
      return fail(ErrorCode::conflict,
                  fmt::format("the study is {}, only {} can become {}", name(state), name(from), name(to)));
    }
    KRIGE_CHECK(set_state(to, to == StudyState::paused ? "user" : ""));
  }
  wake();
  return view();
}

Result<StudyView> StudyRunner::update(const StudySpec& changed, const std::string& read_spec) {
  {
    const Lock lock(mutex_);
    const StudyRow& row = image_.row();
    if (is_final(row.state) || row.state == StudyState::stopping) return finished(row);
    if (row.spec != read_spec)
      return fail(ErrorCode::precondition_failed, "the study has been changed since it was read: read it again");
    Change change;
    change.row = current_row();
    change.row->name = changed.name;
    change.row->spec = dump(to_json(changed));
    StudyView after = image_.view();
    after.row = *change.row;
    change.events.push_back(study_updated(after));
    KRIGE_CHECK(commit(std::move(change)));
    // The sampler reads the rest of the specification without the lock, which stays as it is.
    const ImageLock shown(image_mutex_);
    image_.set_budget(changed.budget);
  }
  wake();
  return view();
}

Result<StudyView> StudyRunner::pause() { return change_state(StudyState::active, StudyState::paused); }
Result<StudyView> StudyRunner::resume() {
  KRIGE_CHECK(may_run());
  return change_state(StudyState::paused, StudyState::active);
}

Result<StudyView> StudyRunner::stop() {
  {
    const Lock lock(mutex_);
    const StudyState state = image_.row().state;
    if (is_final(state)) {
      return fail(ErrorCode::study_finished,
                  fmt::format("the study is {} already ({})", name(state), image_.row().state_reason));
    }
    if (state != StudyState::stopping) {
      KRIGE_CHECK(begin_stopping("user"));
      KRIGE_CHECK(end_if_due());
    }
  }
  wake();
  return view();
}

Result<Trial> StudyRunner::add_trial(NewTrial wanted, const AnswerOf<Trial>& answer) {
  Trial trial;
  const auto plan = [&]() -> Result<Change> {
    const StudyRow& row = image_.row();
    if (is_final(row.state) || row.state == StudyState::stopping) return finished(row);
    Result<Params> params = image_.spec().space.check(wanted.params);
    if (!params) return fail(params.error().within("params"));
    const std::int64_t planned = planned_trials();
    const bool vetoed = wanted.state == TrialState::cancelled;
    if (!vetoed && !image_.budget_allows(planned + 1))
      return fail(ErrorCode::conflict,
                  fmt::format("all of budget.max_trials, {}, is used or in flight: raise it for one more",
                              *image_.spec().budget.max_trials));
    const WallTime time = services_.options->clock->wall_now();
    trial.id = image_.next_trial() + planned;
    trial.params = std::move(*params);
    trial.suggestion.method = vetoed ? kVetoed : wanted.state ? "imported" : "enqueued";
    trial.created_at = time;
    trial.state = wanted.state.value_or(TrialState::waiting);
    trial.reason = wanted.reason;
    if (trial.state == TrialState::completed) {
      KRIGE_TRY(Verdict verdict, judge_completion(image_.spec(), {wanted.value, wanted.metrics}, {}));
      if (verdict.state != TrialState::completed) return fail(ErrorCode::invalid_argument, verdict.reason, "metrics");
      trial.set(std::move(verdict.measured));
    }
    if (wanted.state) trial.ended_at = time;
    Change change;
    change.events.push_back(trial_created(trial));
    change.trials.push_back(trial);
    if (answer) change.answers.push_back(answer(trial));
    return change;
  };
  KRIGE_CHECK(write(plan, [] { return Status(); }));
  if (image_.spec().runs_locally()) wake();
  return trial;
}

Result<Trial> StudyRunner::retry(TrialId id, const AnswerOf<Trial>& answer) {
  KRIGE_TRY(const Trial ended, trial(id));
  if (!is_final(ended.state))
    return fail(ErrorCode::conflict,
                fmt::format("trial {} is {}: only one that has ended can be tried again", id, name(ended.state)));
  NewTrial again;
  again.params = ended.params;
  return add_trial(std::move(again), answer);
}

Result<Trial> StudyRunner::stop_trial(TrialId id, const AnswerOf<Trial>& answer) {
  Trial stopped;
  bool was_running = false;
  const auto plan = [&]() -> Result<Change> {
    const Trial* held = image_.trial(id);
    if (held == nullptr) return fail(ErrorCode::not_found, fmt::format("the study has no trial {}", id));
    if (is_final(held->state))
      return fail(ErrorCode::trial_finished, fmt::format("trial {} is {} already", id, outcome_of(*held)));
    was_running = held->state == TrialState::running;
    if (held->state == TrialState::stopping) return Change();
    Change change = stopping_by_hand(*held);
    if (answer) change.answers.push_back(answer(change.trials.front()));
    return change;
  };
  const auto then = [&]() -> Status {
    stopped = *image_.trial(id);
    if (was_running) stop_attempt(stopped);
    return {};
  };
  KRIGE_CHECK(write(plan, then));
  if (image_.spec().runs_locally()) wake();
  return stopped;
}

Change StudyRunner::stopping_by_hand(Trial trial) const {
  const bool runs = trial.state == TrialState::running;
  // What is PAUSED has its values.
  if (trial.state == TrialState::waiting) trial.set(reached(trial.id));
  trial.state = runs ? TrialState::stopping : end_of_stopped(trial.id);
  trial.reason = "stopped by the user";
  if (!runs) trial.ended_at = services_.options->clock->wall_now();
  Change change;
  change.events.push_back(trial_state_changed(trial));
  change.trials.push_back(std::move(trial));
  return change;
}

OlderStudy StudyRunner::as_older_study(std::size_t limit) const {
  const ImageLock lock(image_mutex_);
  OlderStudy study{image_.row().name.empty() ? image_.row().id : image_.row().name, {}};
  for (const Trial& trial : image_.trials())
    if (trial.state == TrialState::completed && trial.value) study.trials.emplace_back(trial.params, *trial.value);
  const bool minimize = image_.spec().metric.goal == Goal::minimize;
  std::ranges::stable_sort(
      study.trials, [&](const auto& a, const auto& b) { return minimize ? a.second < b.second : a.second > b.second; });
  if (study.trials.size() > limit) study.trials.resize(limit);
  return study;
}

Result<Trial> StudyRunner::held_trial(TrialId id, const std::optional<std::string>& token) const {
  const Trial* trial = image_.trial(id);
  if (trial == nullptr) return fail(ErrorCode::not_found, fmt::format("the study has no trial {}", id));
  if (image_.spec().runs_locally()) return fail(ErrorCode::conflict, fmt::format("trial {} is run by this server", id));
  if (is_final(trial->state))
    return fail(ErrorCode::trial_finished, fmt::format("trial {} is {} already", id, outcome_of(*trial)));
  if (trial->attempts.empty()) return fail(ErrorCode::conflict, fmt::format("trial {} was given to nobody yet", id));
  const Attempt& attempt = trial->attempts.back();
  if (!token && trial->attempts.size() > 1) {
    return fail(
        ErrorCode::stale_token,
        fmt::format("trial {} has had {} attempts: say by its token which one you are", id, trial->attempts.size()),
        "token");
  }
  if (token && *token != attempt.token) {
    return fail(ErrorCode::stale_token,
                fmt::format("the token is not of the current attempt {} of trial {}, which {} holds", attempt.id, id,
                            attempt.worker),
                "token");
  }
  // Its worker has said so itself; only LOST is a guess that a sign of life takes back.
  if (is_final(attempt.state) && attempt.state != AttemptState::lost)
    return fail(ErrorCode::stale_token,
                fmt::format("attempt {} of trial {} has ended, it is {}", attempt.id, id, name(attempt.state)),
                "token");
  return *trial;
}

Lease StudyRunner::renew(const Trial& trial) {
  const bool stops = trial.state == TrialState::stopping;
  const auto lease = leases_.try_emplace(trial.id, now() + services_.options->lease).first;
  if (!stops) lease->second = now() + services_.options->lease;
  return {services_.options->clock->wall_now() + std::chrono::ceil<Millis>(lease->second - now()),
          stops || image_.row().state == StudyState::stopping};
}

namespace {

// LOST was our guess; its worker has just shown that it lives.
void revive(Trial& trial, Change& change) {
  if (trial.state != TrialState::waiting) return;
  trial.state = TrialState::running;
  Attempt& attempt = trial.attempts.back();
  attempt.state = AttemptState::running;
  attempt.reason.clear();
  attempt.ended_at.reset();
  change.events.push_back(trial_state_changed(trial));
  change.trials.push_back(trial);
}

}  // namespace

Result<Lease> StudyRunner::report(TrialId id, const std::optional<std::string>& token, std::int64_t step,
                                  const std::vector<std::pair<std::string, double>>& metrics) {
  Record record{id, 0, step, metrics};
  Lease lease;
  const auto plan = [&]() -> Result<Change> {
    KRIGE_TRY(Trial trial, held_trial(id, token));
    Change change;
    revive(trial, change);
    record.attempt = trial.attempts.back().id;
    change.events.push_back(trial_reported(record));
    change.records.push_back(record);
    return change;
  };
  const auto then = [&]() -> Status {
    renew(*image_.trial(id));
    KRIGE_CHECK(stop_early({record}));
    lease = renew(*image_.trial(id));
    return {};
  };
  KRIGE_CHECK(write(plan, then));
  return lease;
}

Result<Lease> StudyRunner::heartbeat(TrialId id, const std::optional<std::string>& token) {
  Lease lease;
  const auto plan = [&]() -> Result<Change> {
    KRIGE_TRY(Trial trial, held_trial(id, token));
    Change change;
    revive(trial, change);
    return change;
  };
  KRIGE_CHECK(write(plan, [&]() -> Status {
    lease = renew(*image_.trial(id));
    return {};
  }));
  return lease;
}

Result<Change> StudyRunner::plan_completion(TrialId id, const std::optional<std::string>& token,
                                            const Completion& completion) const {
  const Trial* ended = image_.trial(id);
  // The answer to the first call was lost on its way: the same again is no conflict.
  if (ended != nullptr && is_final(ended->state) && token && !ended->attempts.empty() &&
      ended->attempts.back().token == *token && ended_so(image_.spec(), *ended, completion))
    return Change();
  if (ended != nullptr && ended->state == TrialState::waiting && completion.state == TrialState::failed && token &&
      !ended->attempts.empty() && ended->attempts.back().token == *token &&
      ended->attempts.back().state == AttemptState::failed)
    return Change();
  KRIGE_TRY(Trial trial, held_trial(id, token));
  Verdict verdict;
  if (!completion.state) {
    KRIGE_TRY(verdict, judge_completion(image_.spec(), completion, image_.reduced(id)));
  }
  // Whoever was told to stop early has no result of a whole training.
  const bool pruned = stops_alone(trial);
  TrialState state = completion.state.value_or(pruned ? TrialState::pruned : TrialState::completed);
  std::string reason = pruned && !completion.state ? trial.reason : completion.reason;
  if (verdict.state == TrialState::infeasible) {
    state = verdict.state;
    reason = std::move(verdict.reason);
  }
  const Record record{id, trial.attempts.back().id, image_.reported_steps(id) + 1, completion.metrics};
  Change change = state == TrialState::failed ? failing(std::move(trial), std::move(reason))
                                              : ending(std::move(trial), AttemptState::succeeded, state,
                                                       std::move(reason), std::move(verdict.measured));
  if (!completion.metrics.empty()) {
    change.events.insert(change.events.begin(), trial_reported(record));
    change.records.push_back(record);
  }
  return change;
}

Result<Trial> StudyRunner::complete(TrialId id, const std::optional<std::string>& token, const Completion& completion,
                                    const AnswerOf<Trial>& answer) {
  Trial ended;
  std::vector<Record> reported;
  const auto plan = [&]() -> Result<Change> {
    KRIGE_TRY(Change change, plan_completion(id, token, completion));
    reported = change.records;
    if (answer && !change.trials.empty()) change.answers.push_back(answer(change.trials.front()));
    return change;
  };
  const auto then = [&]() -> Status {
    ended = *image_.trial(id);
    for (const Record& record : reported) note_curve(record);
    leases_.erase(id);
    return {};
  };
  KRIGE_CHECK(write(plan, then));
  return ended;
}

}  // namespace krige::tuner
