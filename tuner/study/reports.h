// What running trials have reported of the metrics that their study requires, reduced as it says.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "tuner/trial/outcome.h"

namespace krige::tuner {

// Of a trial's records, by attempt and step, those that count, by step: its last attempt's that reported or, where
// `attempts_go_on` as of Curves, also what the attempts before it reported of steps before its first.
[[nodiscard]] std::vector<Record> that_count(std::vector<Record> records, bool attempts_go_on);

// Of each trial the records that count. Not thread-safe.
class Reports {
 public:
  // `attempts_go_on`: as of Curves.
  explicit Reports(std::vector<RequiredMetric> metrics, bool attempts_go_on = false)
      : metrics_(std::move(metrics)), attempts_go_on_(attempts_go_on) {}

  void take(const Record& record);
  void forget(TrialId trial) { trials_.erase(trial); }

  // The required metrics that the trial reported so far. What was reported of a step again counts instead.
  [[nodiscard]] Metrics reduced(TrialId trial) const;
  // The last step at which it reported any of them; 0 when it did not.
  [[nodiscard]] std::int64_t last_step(TrialId trial) const;

 private:
  using Row = std::vector<std::optional<double>>;  // by required metric, at least one
  struct OfTrial {
    AttemptId attempt = 0;
    std::map<std::int64_t, Row> steps;
  };
  [[nodiscard]] std::optional<double> reduced(const OfTrial& trial, std::size_t metric) const;

  std::vector<RequiredMetric> metrics_;
  bool attempts_go_on_;
  std::map<TrialId, OfTrial> trials_;
};

}  // namespace krige::tuner
