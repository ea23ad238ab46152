#include "tuner/study/reports.h"

#include <algorithm>
#include <cmath>

namespace krige::tuner {

void Reports::take(const Record& record) {
  for (std::size_t i = 0; i < metrics_.size(); ++i) {
    const auto found = std::ranges::find(record.metrics, metrics_[i].name, &Metrics::value_type::first);
    if (found == record.metrics.end()) continue;
    const double value = found->second;
    OfTrial& trial = trials_[record.trial];
    if (trial.attempt != record.attempt) trial = {record.attempt, {}};
    trial.metrics.resize(metrics_.size());
    std::optional<Reported>& reported = trial.metrics[i];
    if (!reported) {
      reported = Reported{record.step, value, value};
      continue;
    }
    if (record.step >= reported->last_step) {
      reported->last_step = record.step;
      reported->last = value;
    }
    const bool better = metrics_[i].goal == Goal::minimize ? value < reported->best : value > reported->best;
    if (std::isnan(reported->best) || better) reported->best = value;
  }
}

Metrics Reports::reduced(TrialId trial) const {
  Metrics out;
  const auto found = trials_.find(trial);
  if (found == trials_.end()) return out;
  for (std::size_t i = 0; i < metrics_.size(); ++i)
    if (const std::optional<Reported>& one = found->second.metrics[i])
      out.emplace_back(metrics_[i].name, metrics_[i].reduce == Reduce::last ? one->last : one->best);
  return out;
}

std::int64_t Reports::last_step(TrialId trial) const {
  const auto found = trials_.find(trial);
  std::int64_t last = 0;
  if (found == trials_.end()) return last;
  for (const std::optional<Reported>& one : found->second.metrics)
    if (one) last = std::max(last, one->last_step);
  return last;
}

}  // namespace krige::tuner
