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
  while (!group.empty()) group = write_some(group);
}

std::vector<StudyRunner::Write*> StudyRunner::write_some(const std::vector<Write*>& group) {
  std::vector<Change> changes;
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
    planned_.merge(trials);
    planned.push_back(write);
    changes.push_back(std::move(*change));
  }
  planned_.clear();
  const std::vector<Status> committed = commit_each(changes);
  for (std::size_t i = 0; i < planned.size(); ++i)
    planned[i]->outcome = committed[i] ? planned[i]->then() : committed[i];
  return later;
}

Status StudyRunner::commit(Change change) {
  std::vector<Change> one;
  one.push_back(std::move(change));
  return std::move(commit_each(one).front());
}

std::vector<Status> StudyRunner::commit_each(std::vector<Change>& changes) {
  if (changes.empty()) return {};
  std::vector<Status> outcomes(changes.size(),
                               retired_ ? fail(ErrorCode::unavailable, "the study is closed") : Status());
  for (std::size_t i = 0; i < changes.size(); ++i) {
    Change& change = changes[i];
    change.study = image_.row().id;
    change.epoch = image_.row().epoch;
    change.time = services_.options->clock->wall_now();
    // The time of being ACTIVE, which one of them keeps for all.
    if (!change.row && i == 0) change.row = current_row();
    if (outcomes[i]) outcomes[i] = image_.check(change);
    // One that is wrong is our own bug: nothing of the group is kept.
    if (!outcomes[i]) return std::vector<Status>(changes.size(), outcomes[i]);
  }
  const std::vector<Result<std::uint64_t>> kept = services_.storage->commit_each(changes);
  bool any = false, may_serve = false;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    if (!kept[i]) {
      outcomes[i] = fail(kept[i].error());
      continue;
    }
    const Change& change = changes[i];
    any = true;
    may_serve = may_serve || change.row ||
                std::ranges::any_of(change.trials, [](const Trial& trial) { return !is_final(trial.state); });
    if (change.row) active_since_ = now();
    image_.apply(change, *kept[i]);
    for (const Trial& trial : change.trials) changed_trials_.insert(trial.id);
  }
  if (!any) return outcomes;
  changed_.notify_all();
  if (may_serve) served_.notify_all();
  services_.on_change(image_.row().id);
  return outcomes;
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
  KRIGE_CHECK(commit(std::move(change)));
  leases_[begun.id] = now() + services_.options->lease;
  return begun;
}

Change StudyRunner::ending(Trial trial, AttemptState how, TrialState state, std::string reason,
                           std::optional<double> value) const {
  const WallTime time = services_.options->clock->wall_now();
  Attempt& attempt = trial.attempts.back();
  attempt.state = how;
  attempt.reason = reason;
  attempt.ended_at = time;
  trial.state = state;
  trial.value = value;
  if (is_final(state)) {
    trial.reason = std::move(reason);
    trial.ended_at = time;
  }
  Change change;
  change.events.push_back(trial_state_changed(trial));
  change.trials.push_back(std::move(trial));
  return change;
}

Change StudyRunner::failing(Trial trial, std::string reason) const {
  const auto failed = 1 + std::ranges::count(trial.attempts, AttemptState::failed, &Attempt::state);
  const bool again = failed <= image_.spec().retries && trial.state == TrialState::running &&
                     image_.row().state != StudyState::stopping;
  return ending(std::move(trial), AttemptState::failed, again ? TrialState::waiting : TrialState::failed,
                std::move(reason));
}

Status StudyRunner::end(Change change) {
  const TrialId id = change.trials.front().id;
  KRIGE_CHECK(commit(std::move(change)));
  leases_.erase(id);
  return {};
}

}  // namespace krige::tuner
