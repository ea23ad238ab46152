// How a study's changes are kept: planned as values, committed, then shown.
#include <fmt/format.h>

#include <algorithm>

#include "tuner/study/events.h"
#include "tuner/study/study_runner.h"

namespace krige::tuner {

// After LevelDB's DBImpl::Write: who is first in the queue writes for all that are in it, the others wait.
Status StudyRunner::write(std::function<Result<Change>()> plan, std::function<Status()> then) {
  Write mine;
  mine.plan = std::move(plan);
  mine.then = std::move(then);
  Lock queue(writes_mutex_);
  writes_.push_back(&mine);
  mine.turned.wait(queue, [&] { return mine.done || writes_.front() == &mine; });
  if (mine.done) return mine.outcome;
  const std::vector<Write*> group(writes_.begin(), writes_.end());
  queue.unlock();
  write_together(group);
  queue.lock();
  writes_.erase(writes_.begin(), writes_.begin() + static_cast<std::ptrdiff_t>(group.size()));
  for (Write* write : group) {
    write->done = true;
    if (write != &mine) write->turned.notify_one();
  }
  if (!writes_.empty()) writes_.front()->turned.notify_one();
  return mine.outcome;
}

void StudyRunner::write_together(std::vector<Write*> group) {
  const Lock lock(mutex_);
  if (const Status ready = catch_up(); !ready) {
    for (Write* write : group) write->outcome = ready;
    return;
  }
  (void)keep_active_time();  // where the store refuses it, no request has to
  while (!group.empty()) group = write_some(group);
  tell_waiters();
  wake_if_due();
}

// What time has brought comes before what is asked, whether or not the runner's thread had its turn.
Status StudyRunner::catch_up() {
  if (retired_) return {};
  KRIGE_CHECK(recover());
  KRIGE_CHECK(expire_leases());
  return end_if_due();
}

// Every commit keeps it; where none comes, the study's time would begin anew with a restart.
Status StudyRunner::keep_active_time() {
  const bool counts = image_.row().state == StudyState::active && image_.spec().budget.max_time;
  if (!counts || now() - active_since_ < kActiveTimeIsKept) return {};
  return commit({});
}

std::vector<StudyRunner::Write*> StudyRunner::write_some(const std::vector<Write*>& group) {
  std::vector<Write*> planned, later;
  for (Write* write : group) {
    Result<Change> change = write->plan();
    if (!change) {
      write->outcome = fail(change.error());
      continue;
    }
    if (change->events.empty()) {
      write->outcome = write->then();
      continue;
    }
    std::set<TrialId> trials;
    for (const Trial& trial : change->trials) trials.insert(trial.id);
    for (const Record& record : change->records) trials.insert(record.trial);
    if (std::ranges::any_of(trials, [&](TrialId id) { return planned_.contains(id); })) {
      later.push_back(write);  // it was planned from what the other one is about to change
      continue;
    }
    planned.push_back(write);
    planned_.merge(trials);
    std::ranges::move(change->trials, std::back_inserter(group_.trials));
    std::ranges::move(change->records, std::back_inserter(group_.records));
    std::ranges::move(change->events, std::back_inserter(group_.events));
    std::ranges::move(change->answers, std::back_inserter(group_.answers));
  }
  planned_.clear();
  const Status committed = planned.empty() ? Status() : commit(std::exchange(group_, {}));
  for (Write* write : planned) {
    if (committed)
      write->outcome = write->then();
    else if (planned.size() == 1)
      write->outcome = committed;
    else
      write_alone(*write);  // so that one that the store refuses fails for none but itself
  }
  return later;
}

void StudyRunner::write_alone(Write& write) {
  Result<Change> change = write.plan();
  write.outcome = change ? Status() : fail(change.error());
  if (change && !change->events.empty()) write.outcome = commit(std::move(*change));
  if (write.outcome) write.outcome = write.then();
}

std::int64_t StudyRunner::planned_trials() const {
  return std::ranges::count_if(group_.trials, [&](const Trial& trial) { return trial.id >= image_.next_trial(); });
}

// Its thread need not look at every change: only at what it has to act on.
void StudyRunner::wake_if_due() {
  const bool ends = image_.in_flight() == 0 && (exhausted_ || image_.row().state == StudyState::stopping);
  const bool lease_ends_first = !leases_.empty() && now() + services_.options->lease < next_look_;
  if (!wanted_.empty() || ends || image_.end_reason() || lease_ends_first) wake();
}

Status StudyRunner::commit(Change change) {
  if (retired_) return fail(ErrorCode::unavailable, "the study is closed");
  change.study = image_.row().id;
  change.epoch = image_.row().epoch;
  change.time = services_.options->clock->wall_now();
  if (!change.row) change.row = current_row();
  KRIGE_CHECK(image_.check(change));
  image_.number_ends(change);
  const Result<std::uint64_t> seq = services_.storage->commit(change);
  if (!seq) return fail(seq.error());
  note_attempts(change);
  {
    const ImageLock shown(image_mutex_);
    active_since_ = now();
    image_.apply(change, *seq);
  }
  feed_.publish(change.events, change.time, *seq);
  for (const Trial& trial : change.trials) changed_trials_.insert(trial.id);
  drop_files(change);
  changed_.notify_all();
  tell_waiters();
  services_.on_change(image_.row().id);
  return {};
}

void StudyRunner::note_attempts(const Change& change) {
  for (const Trial& trial : change.trials) {
    pausing_.erase(trial.id);
    if (trial.attempts.empty()) continue;
    const Trial* before = image_.trial(trial.id);
    const bool ends = before != nullptr && before->attempts.size() == trial.attempts.size() &&
                      before->attempts.back().state != trial.attempts.back().state;
    if (ends) quarantine_.note(trial.attempts.back());
    if (trial.state == TrialState::waiting) pausing_.insert(trial.id);
  }
}

WallTime StudyRunner::retry_at(const Trial& trial) const {
  const Attempt& last = trial.attempts.back();
  if (!has_failed(last) || !last.ended_at) return WallTime();
  const EngineOptions& options = *services_.options;
  Millis pause = options.retry_pause;
  for (auto failed = std::ranges::count_if(trial.attempts, has_failed);
       failed > 1 && pause < options.longest_retry_pause; --failed)
    pause *= 2;
  return *last.ended_at + std::min(pause, options.longest_retry_pause);
}

bool StudyRunner::is_ready(TrialId waiting) const {
  return !pausing_.contains(waiting) || retry_at(*image_.trial(waiting)) <= services_.options->clock->wall_now();
}

std::optional<TrialId> StudyRunner::first_ready() const {
  for (const TrialId id : image_.in_state(TrialState::waiting))
    if (is_ready(id)) return id;
  return std::nullopt;
}

void StudyRunner::plan_attempt(Trial trial, const std::string& worker, AttemptState state, Change& change) const {
  Attempt attempt;
  attempt.id = static_cast<AttemptId>(trial.attempts.size()) + 1;
  attempt.token = random_id(32);
  attempt.state = state;
  attempt.worker = worker;
  attempt.started_at = services_.options->clock->wall_now();
  trial.attempts.push_back(std::move(attempt));
  trial.state = TrialState::running;
  trial.reason.clear();
  change.events.push_back(image_.trial(trial.id) == nullptr ? trial_created(trial) : trial_state_changed(trial));
  change.trials.push_back(std::move(trial));
}

Result<Trial> StudyRunner::begin_attempt(Trial trial, const std::string& worker, AttemptState state) {
  Change change;
  plan_attempt(std::move(trial), worker, state, change);
  Trial begun = change.trials.front();
  // Before the commit, which tells who waits for it.
  const auto lease = leases_.insert_or_assign(begun.id, now() + services_.options->lease).first;
  if (Status committed = commit(std::move(change)); !committed) {
    leases_.erase(lease);
    return fail(committed.error());
  }
  return begun;
}

Change StudyRunner::ending(Trial trial, AttemptState how, TrialState state, std::string reason,
                           Measurement measured) const {
  const WallTime time = services_.options->clock->wall_now();
  Attempt& attempt = trial.attempts.back();
  attempt.state = how;
  attempt.reason = reason;
  attempt.ended_at = time;
  trial.state = state;
  trial.set(std::move(measured));
  if (is_final(state) || state == TrialState::paused) trial.reason = std::move(reason);
  if (is_final(state)) trial.ended_at = time;
  Change change;
  change.events.push_back(trial_state_changed(trial));
  change.trials.push_back(std::move(trial));
  return change;
}

Change StudyRunner::failing(Trial trial, std::string reason, AttemptState how) const {
  // So often a trial is spared for a worker's sake; then it is the trial.
  constexpr int kSpared = 3;
  const auto failed = 1 + std::ranges::count_if(trial.attempts, has_failed);
  const std::string worker = trial.attempts.back().worker;
  const WallTime time = services_.options->clock->wall_now();
  const std::optional<WallTime> until =
      image_.spec().runs_locally() ? std::nullopt : quarantine_.until_after_failure(worker, time);
  const std::optional<std::int64_t>& max_failures = image_.spec().budget.max_failures;
  const bool ends_study = max_failures && image_.failures_in_row() + 1 >= *max_failures;
  const bool spared = until && failed <= image_.spec().retries + kSpared && !ends_study;
  const bool again = (failed <= image_.spec().retries || spared) && trial.state == TrialState::running &&
                     image_.row().state != StudyState::stopping;
  Change change = ending(std::move(trial), how, again ? TrialState::waiting : TrialState::failed, std::move(reason));
  if (until && !quarantine_.until(worker, time)) change.events.push_back(worker_quarantined(worker, *until));
  return change;
}

Status StudyRunner::end(Change change) {
  const TrialId id = change.trials.front().id;
  KRIGE_CHECK(commit(std::move(change)));
  leases_.erase(id);
  return {};
}

}  // namespace krige::tuner
