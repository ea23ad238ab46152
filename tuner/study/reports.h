// What running trials have reported of the metrics that their study requires, reduced as it says.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "tuner/trial/outcome.h"

namespace krige::tuner {

// Of each trial only its last attempt that reported. Not thread-safe.
class Reports {
 public:
  explicit Reports(std::vector<RequiredMetric> metrics) : metrics_(std::move(metrics)) {}

  void take(const Record& record);
  void forget(TrialId trial) { trials_.erase(trial); }

  // The required metrics that the trial reported so far.
  [[nodiscard]] Metrics reduced(TrialId trial) const;
  // The last step at which it reported any of them; 0 when it did not.
  [[nodiscard]] std::int64_t last_step(TrialId trial) const;

 private:
  struct Reported {
    std::int64_t last_step = 0;
    double last = 0;
    double best = 0;  // NaN only while nothing else was reported
  };
  struct OfTrial {
    AttemptId attempt = 0;
    std::vector<std::optional<Reported>> metrics;  // by required metric
  };

  std::vector<RequiredMetric> metrics_;
  std::map<TrialId, OfTrial> trials_;
};

}  // namespace krige::tuner
