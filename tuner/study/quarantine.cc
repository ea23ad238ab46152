#include "tuner/study/quarantine.h"

#include <algorithm>

namespace krige::tuner {

void Quarantine::note(const Attempt& attempt) {
  if (attempt.state == AttemptState::succeeded) workers_.erase(attempt.worker);
  if (attempt.state == AttemptState::failed && attempt.ended_at)
    note_failure(workers_[attempt.worker], *attempt.ended_at);
}

void Quarantine::note_failure(Worker& worker, WallTime time) const {
  worker.failures.push_back(time);
  while (static_cast<int>(worker.failures.size()) > rule_.failures) worker.failures.pop_front();
  const bool many =
      static_cast<int>(worker.failures.size()) == rule_.failures && time - worker.failures.front() <= rule_.within;
  // Whoever was in quarantine and fails at once again has not been repaired.
  const bool again = worker.times > 0 && time >= worker.until;
  if (!many && !again) return;
  if (time < worker.until) return;  // of a trial that it held before
  Millis length = rule_.first;
  for (int i = 0; i < worker.times && length < rule_.longest; ++i) length *= 2;
  worker.until = time + std::min(length, rule_.longest);
  ++worker.times;
}

std::optional<WallTime> Quarantine::until(const std::string& worker, WallTime now) const {
  const auto found = workers_.find(worker);
  if (found == workers_.end() || found->second.until <= now) return std::nullopt;
  return found->second.until;
}

std::optional<WallTime> Quarantine::until_after_failure(const std::string& worker, WallTime now) const {
  const auto found = workers_.find(worker);
  Worker after = found == workers_.end() ? Worker() : found->second;
  note_failure(after, now);
  return after.until > now ? std::optional(after.until) : std::nullopt;
}

}  // namespace krige::tuner
