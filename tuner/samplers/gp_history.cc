#include "tuner/samplers/gp_history.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <optional>

namespace krige::tuner {
namespace {

constexpr double kFeasible = 1;
// A failure may be a passing one: it counts for less than a verdict about the point itself.
constexpr double kFailed = -0.5;
constexpr double kInfeasible = -1;

// Indices, ascending: two fifths the best, a fifth the latest, the rest evenly spread over the ranks.
std::vector<std::size_t> choose(const std::vector<double>& losses, std::size_t limit) {
  const std::size_t n = losses.size();
  std::vector<std::size_t> ranked(n);
  std::iota(ranked.begin(), ranked.end(), std::size_t{0});
  if (n <= limit) return ranked;
  std::ranges::stable_sort(ranked, {}, [&](std::size_t i) { return losses[i]; });
  std::vector<bool> chosen(n, false);
  std::size_t left = limit;
  const auto take = [&](std::size_t i) {
    if (left > 0 && !chosen[i]) {
      chosen[i] = true;
      --left;
    }
  };
  for (std::size_t i = 0; i < 2 * limit / 5; ++i) take(ranked[i]);
  for (std::size_t i = n - limit / 5; i < n; ++i) take(i);
  const std::size_t wanted = std::max<std::size_t>(left, 1);
  for (std::size_t k = 0; k < wanted; ++k) take(ranked[k * n / wanted]);
  for (std::size_t i = 0; i < n; ++i) take(ranked[i]);
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < n; ++i) {
    if (chosen[i]) out.push_back(i);
  }
  return out;
}

// Of the attempt that brought the value. Less than a millisecond is not told from another.
std::optional<double> log_seconds(const Trial& trial) {
  if (trial.attempts.empty() || !trial.attempts.back().ended_at) return std::nullopt;
  const Attempt& last = trial.attempts.back();
  const std::chrono::duration<double> took = *last.ended_at - last.started_at;
  return std::log(std::max(took.count(), 1e-3));
}

}  // namespace

void keep_what_matters(gp::Points& points, std::vector<double>& values, std::size_t limit) {
  if (values.size() <= limit) return;
  gp::Points kept{points.dims, {}};
  std::vector<double> kept_values;
  for (const std::size_t i : choose(values, limit)) {
    kept.append(points.row(i));
    kept_values.push_back(values[i]);
  }
  points = std::move(kept);
  values = std::move(kept_values);
}

GpHistory read_history(const StudySpec& spec, std::size_t dims, std::span<const Trial> trials, std::size_t limit) {
  const double sign = spec.metric.goal == Goal::minimize ? 1 : -1;
  GpHistory out{{dims, {}}, {}, {dims, {}}, {}, {dims, {}}, {}, {dims, {}}, 0};
  for (const Trial& trial : trials) {
    if (trial.state == TrialState::cancelled) continue;
    const std::vector<double> point = spec.space.encode(trial.params);
    if (!is_final(trial.state)) {
      out.pending.append(point);
      continue;
    }
    ++out.finished;
    const bool has_value = trial.value && std::isfinite(*trial.value);
    if (!has_value && trial.state == TrialState::pruned) continue;  // says nothing either way
    out.labelled.append(point);
    out.labels.push_back(has_value ? kFeasible : trial.state == TrialState::failed ? kFailed : kInfeasible);
    if (!has_value) continue;
    out.points.append(point);
    out.losses.push_back(sign * *trial.value);
    if (trial.state != TrialState::completed) continue;  // a pruned trial took less than its point costs
    if (const auto seconds = log_seconds(trial)) {
      out.timed.append(point);
      out.log_seconds.push_back(*seconds);
    }
  }
  keep_what_matters(out.points, out.losses, limit);
  keep_what_matters(out.timed, out.log_seconds, limit);
  keep_what_matters(out.labelled, out.labels, limit);
  return out;
}

}  // namespace krige::tuner
