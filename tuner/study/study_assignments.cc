// How workers outside get their trials: those that wait are given by the request itself, new ones by the runner's
// thread.
#include <fmt/format.h>

#include <algorithm>

#include "tuner/study/events.h"
#include "tuner/study/study_runner.h"

namespace krige::tuner {
namespace {

constexpr std::size_t kMostAtOnce = 256;  // trials in one change

// Whether a point costs so little that the study may wait for it.
bool proposes_at_once(Method method) {
  return method == Method::random || method == Method::sobol || method == Method::grid;
}

}  // namespace

bool StudyRunner::can_give(std::int64_t already_planned) const {
  return !exhausted_ && image_.budget_allows(already_planned + 1);
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
  const auto wanted = static_cast<std::size_t>(count);
  KRIGE_CHECK(give_waiting(client_id, wanted));
  Lock lock(mutex_);
  const auto blocked = [&] {
    const StudyState state = image_.row().state;
    return state != StudyState::active || draining_ || retired_ ||
           (image_.in_state(TrialState::waiting).empty() && !can_give());
  };
  const auto settled = [&] { return assignments_of(client_id, wanted).size() >= wanted || blocked(); };
  if (!settled()) {
    const auto asked = std::ranges::find(wanted_, client_id, &Wanted::client);
    if (asked == wanted_.end())
      wanted_.push_back({client_id, wanted});
    else
      asked->count = std::max(asked->count, wanted);
    wake();
    served_.wait_for(lock, timeout, settled);
  }
  SuggestAnswer answer;
  answer.trials = assignments_of(client_id, wanted);
  if (!answer.trials.empty()) {
    for (const Assignment& given : answer.trials) leases_[given.trial] = now() + services_.options->lease;
    return answer;
  }
  if (is_final(image_.row().state)) {
    return fail(ErrorCode::study_finished,
                fmt::format("the study is {} ({})", name(image_.row().state), image_.row().state_reason));
  }
  answer.kind = blocked() ? SuggestAnswer::Kind::nothing_now : SuggestAnswer::Kind::computing;
  return answer;
}

void StudyRunner::begin_leases(const Change& begun) {
  for (const Trial& trial : begun.trials) leases_[trial.id] = now() + services_.options->lease;
}

void StudyRunner::plan_waiting(const std::string& client, std::size_t lacking, Change& change) const {
  for (const TrialId id : image_.in_state(TrialState::waiting)) {
    if (lacking == 0 || change.trials.size() == kMostAtOnce) return;
    if (planned_.contains(id) || std::ranges::find(change.trials, id, &Trial::id) != change.trials.end()) continue;
    plan_attempt(*image_.trial(id), client, AttemptState::running, change);
    --lacking;
  }
}

Status StudyRunner::give_waiting(const std::string& client, std::size_t wanted) {
  {
    const Lock lock(mutex_);
    if (image_.in_state(TrialState::waiting).empty()) return {};
  }
  std::vector<TrialId> begun;
  const auto plan = [&]() -> Result<Change> {
    Change change;
    begun.clear();
    if (image_.row().state != StudyState::active || draining_) return change;
    plan_waiting(client, wanted - std::min(wanted, assignments_of(client, wanted).size()), change);
    for (const Trial& trial : change.trials) begun.push_back(trial.id);
    return change;
  };
  return write(plan, [&]() -> Status {
    for (const TrialId id : begun) leases_[id] = now() + services_.options->lease;
    return {};
  });
}

Status StudyRunner::plan_proposals(const std::string& client, std::size_t lacking, Change& change) {
  for (; lacking > 0 && change.trials.size() < kMostAtOnce; --lacking) {
    const auto created = static_cast<std::int64_t>(history_.next() - image_.next_trial());
    if (!can_give(created)) return {};
    Trial trial;
    trial.id = history_.next();
    KRIGE_TRY(Suggestion suggestion, sampler_->propose(history_.trials(), trial.id, nullptr));
    trial.params = std::move(suggestion.params);
    trial.suggestion = std::move(suggestion.info);
    // What is planned before it will be events before it.
    trial.suggestion.through = image_.row().seq + change.events.size();
    trial.created_at = services_.options->clock->wall_now();
    plan_attempt(std::move(trial), client, AttemptState::running, change);
    history_.put(change.trials.back());
  }
  return {};
}

Result<bool> StudyRunner::give_at_once() {
  Change change;
  update_history();
  bool proposes = proposes_at_once(image_.spec().method);
  for (const auto& [client, count] : wanted_) {
    std::size_t lacking = count - std::min(count, assignments_of(client, count).size());
    const std::size_t before = change.trials.size();
    plan_waiting(client, lacking, change);
    lacking -= change.trials.size() - before;
    if (proposes) proposes = plan_proposals(client, lacking, change).has_value();
  }
  if (change.trials.empty()) return false;
  const Change begun = change;
  const TrialId first_new = image_.next_trial();
  if (Status committed = commit(std::move(change)); !committed) {
    history_.truncate(first_new);
    return fail(committed.error());
  }
  begin_leases(begun);
  return true;
}

void StudyRunner::drop_served() {
  std::erase_if(wanted_, [&](const Wanted& one) { return assignments_of(one.client, one.count).size() >= one.count; });
}

Status StudyRunner::serve_clients(Lock& lock) {
  while (!wanted_.empty() && image_.row().state == StudyState::active && !draining_) {
    KRIGE_CHECK(take_in_messages());  // a new fit, however busy the clients are
    drop_served();
    if (wanted_.empty()) return {};
    KRIGE_TRY(const bool gave, give_at_once());
    if (gave) continue;
    const std::string client = wanted_.front().client;
    std::optional<Trial> trial;
    if (can_give()) {
      KRIGE_TRY(trial, propose(lock));
    }
    if (!trial) {
      // Another thread may have made it possible meanwhile; else nobody can get one now.
      if (image_.row().state == StudyState::active && !image_.in_state(TrialState::waiting).empty()) continue;
      if (image_.row().state == StudyState::active) wanted_.clear();
      served_.notify_all();
      return end_if_due();
    }
    KRIGE_CHECK(begin_attempt(std::move(*trial), client, AttemptState::running));
  }
  return {};
}

}  // namespace krige::tuner
