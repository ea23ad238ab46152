// How workers outside get their trials: those that wait are given by the request itself, new ones by the runner's
// thread.
#include <fmt/format.h>

#include <algorithm>

#include "tuner/study/events.h"
#include "tuner/study/study_runner.h"

namespace krige::tuner {
bool StudyRunner::can_give() const { return !exhausted_ && image_.budget_allows(planned_trials() + 1); }

bool StudyRunner::proposes_at_once() const {
  const Method method = image_.spec().method;
  return method == Method::random || method == Method::sobol || method == Method::grid;
}

bool StudyRunner::quarantined(const std::string& client) const {
  return quarantine_.until(client, services_.options->clock->wall_now()).has_value();
}

bool StudyRunner::blocked() const {
  return image_.row().state != StudyState::active || draining_ || retired_ ||
         (image_.in_state(TrialState::waiting).empty() && !can_give());
}

std::vector<Assignment> StudyRunner::assignments_of(const std::string& client_id, std::size_t limit) const {
  std::vector<Assignment> held;
  // leases_ has the running trials only, so that a long study costs nothing here.
  for (const auto& [id, lease] : leases_) {
    if (held.size() == limit) break;
    const Trial* trial = image_.trial(id);
    if (trial == nullptr || trial->state != TrialState::running || trial->attempts.back().worker != client_id) continue;
    const Attempt& attempt = trial->attempts.back();
    held.push_back({id, trial->params, attempt.id, attempt.token,
                    services_.options->clock->wall_now() + services_.options->lease});
  }
  return held;
}

Result<SuggestAnswer> StudyRunner::suggest(int count, const std::string& client_id, Millis timeout) {
  if (image_.spec().runs_locally())
    return fail(ErrorCode::conflict, "the study runs its own trials (train or command): it has none to give");
  const MonotonicTime deadline = std::chrono::steady_clock::now() + timeout;
  Waiter waiter;
  waiter.client = client_id;
  waiter.wanted = static_cast<std::size_t>(count);
  std::vector<TrialId> begun;
  const auto plan = [&]() -> Result<Change> {
    Change change = plan_assignments(client_id, waiter.wanted);
    begun.clear();
    for (const Trial& trial : change.trials) begun.push_back(trial.id);
    return change;
  };
  bool waits = false;
  Result<SuggestAnswer> answer = SuggestAnswer();
  const auto conclude = [&] {
    answer = answer_to(client_id, waiter.wanted);
    if (answer->trials.empty() && is_final(image_.row().state))
      answer = fail(ErrorCode::study_finished,
                    fmt::format("the study is {} ({})", name(image_.row().state), image_.row().state_reason));
  };
  const auto then = [&]() -> Status {
    for (const TrialId id : begun) leases_[id] = now() + services_.options->lease;
    waits = assignments_of(client_id, waiter.wanted).size() < waiter.wanted && !blocked() && !quarantined(client_id);
    if (!waits) {
      conclude();
      return {};
    }
    const auto asked = std::ranges::find(wanted_, client_id, &Wanted::client);
    if (asked == wanted_.end())
      wanted_.push_back({client_id, waiter.wanted});
    else
      asked->count = std::max(asked->count, waiter.wanted);
    waiters_.push_back(&waiter);
    return {};
  };
  KRIGE_CHECK(write(plan, then));
  if (!waits) return answer;
  wait_for_trials(waiter, deadline);
  const Lock lock(mutex_);
  waiters_.remove(&waiter);
  conclude();
  return answer;
}

SuggestAnswer StudyRunner::answer_to(const std::string& client, std::size_t wanted) {
  SuggestAnswer answer;
  answer.trials = assignments_of(client, wanted);
  for (const Assignment& given : answer.trials) leases_[given.trial] = now() + services_.options->lease;
  if (!answer.trials.empty()) return answer;
  const WallTime time = services_.options->clock->wall_now();
  if (const std::optional<WallTime> until = quarantine_.until(client, time)) {
    answer.kind = SuggestAnswer::Kind::nothing_now;
    answer.retry_after = *until - time;
    answer.reason = fmt::format("the attempts of {} fail one after the other: it gets no trials until {}", client,
                                to_rfc3339(*until));
    return answer;
  }
  answer.kind = blocked() ? SuggestAnswer::Kind::nothing_now : SuggestAnswer::Kind::computing;
  return answer;
}

void StudyRunner::wait_for_trials(Waiter& waiter, MonotonicTime deadline) {
  Lock lock(waiter.mutex);
  waiter.told.wait_until(lock, deadline, [&] { return waiter.ready; });
}

// A lock of its own for each, so that those who wait do not come to mutex_ all at once.
void StudyRunner::tell_waiters() {
  if (waiters_.empty()) return;
  const bool none = blocked();
  std::erase_if(waiters_, [&](Waiter* waiter) {
    if (!none && assignments_of(waiter->client, waiter->wanted).size() < waiter->wanted) return false;
    const Lock lock(waiter->mutex);
    waiter->ready = true;
    waiter->told.notify_one();
    return true;
  });
}

Change StudyRunner::plan_assignments(const std::string& client, std::size_t wanted) {
  Change change;
  if (image_.row().state != StudyState::active || draining_ || quarantined(client)) return change;
  const std::size_t lacking = wanted - std::min(wanted, assignments_of(client, wanted).size());
  plan_waiting(client, lacking, change);
  if (proposes_at_once()) plan_proposals(client, lacking - change.trials.size(), change);
  return change;
}

void StudyRunner::plan_waiting(const std::string& client, std::size_t lacking, Change& change) const {
  for (const TrialId id : image_.in_state(TrialState::waiting)) {
    if (lacking == 0) return;
    if (planned_.contains(id) || !is_ready(id)) continue;
    plan_attempt(*image_.trial(id), client, AttemptState::running, change);
    --lacking;
  }
}

void StudyRunner::plan_proposals(const std::string& client, std::size_t lacking, Change& change) {
  update_history();
  for (const Trial& trial : group_.trials) history_.put(trial);
  for (; lacking > 0; --lacking) {
    const TrialId next = history_.next();
    if (exhausted_ || !image_.budget_allows(next - image_.next_trial() + 1)) return;
    Result<Suggestion> suggestion = sampler_->propose(history_.trials(), next, nullptr);
    // Whatever is the matter, the runner's thread meets it too, and deals with it.
    if (!suggestion) return;
    Trial trial;
    trial.id = next;
    trial.params = std::move(suggestion->params);
    trial.suggestion = std::move(suggestion->info);
    // What is planned before it will be events before it.
    trial.suggestion.through = image_.row().seq + group_.events.size() + change.events.size();
    trial.created_at = services_.options->clock->wall_now();
    plan_attempt(std::move(trial), client, AttemptState::running, change);
    history_.put(change.trials.back());
  }
}

Status StudyRunner::serve_clients(Lock& lock) {
  const auto is_served = [&](const Wanted& one) {
    return quarantined(one.client) || assignments_of(one.client, one.count).size() >= one.count;
  };
  while (!wanted_.empty() && image_.row().state == StudyState::active && !draining_) {
    KRIGE_CHECK(take_in_messages());  // a new fit, however busy the clients are
    std::erase_if(wanted_, is_served);
    if (wanted_.empty()) return {};
    const std::string client = wanted_.front().client;
    std::optional<Trial> trial;
    if (const std::optional<TrialId> ready = first_ready()) {
      trial = *image_.trial(*ready);
    } else if (can_give()) {
      KRIGE_TRY(trial, propose(lock));
    }
    if (!trial) {
      const bool active = image_.row().state == StudyState::active;
      if (active && first_ready()) continue;                                   // one was added meanwhile
      if (active && !image_.in_state(TrialState::waiting).empty()) return {};  // they wait for its retry
      if (active) wanted_.clear();                                             // nobody can get one now
      KRIGE_CHECK(end_if_due());
      tell_waiters();
      return {};
    }
    KRIGE_CHECK(begin_attempt(std::move(*trial), client, AttemptState::running));
  }
  return {};
}

}  // namespace krige::tuner
