// Workers whose attempts fail one after the other: a broken machine should not use up a study's budget.
#pragma once

#include <chrono>
#include <deque>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "tuner/trial/trial.h"

namespace krige::tuner {

struct QuarantineRule {
  int failures = 3;
  Millis within = std::chrono::minutes(1);
  Millis first = std::chrono::minutes(5);  // of quarantine, doubled each further time until an attempt succeeds
  Millis longest = std::chrono::hours(1);
};

// Follows from the attempts alone, so that a restart knows what was known before. Not thread-safe.
class Quarantine {
 public:
  explicit Quarantine(const QuarantineRule& rule) : rule_(rule) {}

  // An attempt that has ended, in the order of the ends; others than FAILED and SUCCEEDED say nothing of their worker.
  void note(const Attempt& attempt);
  // Until when the worker gets no trials; nullopt when it may have some.
  [[nodiscard]] std::optional<WallTime> until(const std::string& worker, WallTime now) const;
  // The same if another of its attempts failed now.
  [[nodiscard]] std::optional<WallTime> until_after_failure(const std::string& worker, WallTime now) const;

 private:
  struct Worker {
    std::deque<WallTime> failures;  // the last ones, at most as many as the rule counts
    int times = 0;                  // in quarantine, since the last success
    WallTime until;
  };
  void note_failure(Worker& worker, WallTime time) const;

  QuarantineRule rule_;
  std::map<std::string, Worker> workers_;  // of which an attempt has failed since one succeeded
};

}  // namespace krige::tuner
