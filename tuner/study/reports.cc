#include "tuner/study/reports.h"

#include <algorithm>
#include <cmath>
#include <ranges>

namespace krige::tuner {

void Reports::take(const Record& record) {
  Row row;
  bool any = false;
  for (const RequiredMetric& metric : metrics_) {
    const auto found = std::ranges::find(record.metrics, metric.name, &Metrics::value_type::first);
    row.push_back(found == record.metrics.end() ? std::nullopt : std::optional(found->second));
    any = any || row.back();
  }
  OfTrial& trial = trials_[record.trial];
  if (!any) {
    if (trial.attempt == record.attempt) trial.steps.erase(record.step);
    return;
  }
  if (trial.attempt != record.attempt)
    trial.steps.erase(attempts_go_on_ ? trial.steps.lower_bound(record.step) : trial.steps.begin(), trial.steps.end());
  trial.attempt = record.attempt;
  trial.steps.insert_or_assign(record.step, std::move(row));
}

std::vector<Record> that_count(std::vector<Record> records, bool attempts_go_on) {
  std::vector<Record> out;
  for (Record& record : records) {
    if (!out.empty() && out.back().attempt != record.attempt)
      std::erase_if(out, [&](const Record& before) { return !attempts_go_on || before.step >= record.step; });
    out.push_back(std::move(record));
  }
  return out;
}

Metrics Reports::reduced(TrialId trial) const {
  Metrics out;
  const auto found = trials_.find(trial);
  if (found == trials_.end()) return out;
  for (std::size_t i = 0; i < metrics_.size(); ++i)
    if (const std::optional<double> one = reduced(found->second, i)) out.emplace_back(metrics_[i].name, *one);
  return out;
}

// NaN is the best only where nothing else was reported.
std::optional<double> Reports::reduced(const OfTrial& trial, std::size_t metric) const {
  const RequiredMetric& about = metrics_[metric];
  std::optional<double> reached;
  for (const Row& row : trial.steps | std::views::values | std::views::reverse) {
    const std::optional<double>& value = row[metric];
    if (!value) continue;
    if (about.reduce == Reduce::last) return value;
    if (!reached || std::isnan(*reached) || (about.goal == Goal::minimize ? *value < *reached : *value > *reached))
      reached = value;
  }
  return reached;
}

std::int64_t Reports::last_step(TrialId trial) const {
  const auto found = trials_.find(trial);
  if (found == trials_.end() || found->second.steps.empty()) return 0;
  return std::max<std::int64_t>(found->second.steps.rbegin()->first, 0);
}

}  // namespace krige::tuner
