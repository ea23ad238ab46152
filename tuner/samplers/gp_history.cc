#include "tuner/samplers/gp_history.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <optional>

#include "tuner/samplers/gp_outcomes.h"
#include "tuner/trial/outcome.h"

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

gp::Points only(const gp::Points& points, const std::vector<std::size_t>& chosen) {
  gp::Points kept{points.dims, {}};
  for (const std::size_t i : chosen) kept.append(points.row(i));
  return kept;
}

template <typename T>
std::vector<T> only(const std::vector<T>& values, const std::vector<std::size_t>& chosen) {
  std::vector<T> kept;
  for (const std::size_t i : chosen) kept.push_back(values[i]);
  return kept;
}

void keep_what_matters(const StudySpec& spec, GpHistory& data, std::size_t limit) {
  if (data.losses.size() <= limit) return;
  const bool plain = data.further.empty() && data.constrained.empty();
  const std::vector<std::size_t> chosen = choose(plain ? data.losses : standings(spec, data), limit);
  data.points = only(data.points, chosen);
  data.losses = only(data.losses, chosen);
  for (std::vector<double>& outcome : data.further) outcome = only(outcome, chosen);
  for (std::vector<double>& outcome : data.constrained) outcome = only(outcome, chosen);
  data.feasible = only(data.feasible, chosen);
}

void append_outcomes(const StudySpec& spec, const Trial& trial, GpHistory& out) {
  const std::vector<double> all = losses(spec, trial);
  out.losses.push_back(all.front());
  for (std::size_t j = 1; j < all.size(); ++j) out.further[j - 1].push_back(all[j]);
  for (std::size_t c = 0; c < spec.constraints.size(); ++c) {
    const double value = trial.constraints[c].value;
    out.constrained[c].push_back(spec.constraints[c].max ? value : -value);
  }
  out.feasible.push_back(trial.feasible());
}

}  // namespace

void keep_what_matters(gp::Points& points, std::vector<double>& values, std::size_t limit) {
  if (values.size() <= limit) return;
  const std::vector<std::size_t> chosen = choose(values, limit);
  points = only(points, chosen);
  values = only(values, chosen);
}

GpHistory read_history(const StudySpec& spec, std::size_t dims, std::span<const Trial> trials, std::size_t limit) {
  GpHistory out;
  for (gp::Points* points : {&out.points, &out.timed, &out.labelled, &out.pending}) points->dims = dims;
  out.further.resize(spec.has_several_objectives() ? spec.objectives.size() - 1 : 0);
  out.constrained.resize(spec.constraints.size());
  for (const Trial& trial : trials) {
    if (trial.state == TrialState::cancelled && !trial.vetoed()) continue;
    const std::vector<double> point = spec.space.encode(trial.params);
    if (trial.vetoed()) ++out.vetoed;
    const bool has_value = is_measured(spec, trial);
    // A paused one has shown what a pruned one would have.
    if (trial.vetoed() || (!is_final(trial.state) && !(trial.state == TrialState::paused && has_value))) {
      out.pending.append(point);
      continue;
    }
    if (is_final(trial.state)) ++out.finished;
    if (!has_value && trial.state == TrialState::pruned) continue;  // says nothing either way
    out.labelled.append(point);
    out.labels.push_back(has_value ? kFeasible : trial.state == TrialState::failed ? kFailed : kInfeasible);
    if (!has_value) continue;
    out.points.append(point);
    append_outcomes(spec, trial, out);
    if (trial.state != TrialState::completed) continue;  // a pruned trial took less than its point costs
    if (const auto seconds = log_seconds(trial)) {
      out.timed.append(point);
      out.log_seconds.push_back(*seconds);
    }
  }
  keep_what_matters(spec, out, limit);
  keep_what_matters(out.timed, out.log_seconds, limit);
  keep_what_matters(out.labelled, out.labels, limit);
  return out;
}

}  // namespace krige::tuner
