#include "tuner/study/early_stop.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace krige::tuner {
namespace {

// The last point at or before the step, or the first. Begins where it would be if the steps were evenly spaced.
std::size_t index_at(const Curve& curve, std::int64_t step) {
  const std::int64_t first = curve.front().first, last = curve.back().first;
  if (step <= first) return 0;
  if (step >= last) return curve.size() - 1;
  const double part = static_cast<double>(step - first) / static_cast<double>(last - first);
  const auto guess = static_cast<std::size_t>(part * static_cast<double>(curve.size() - 1) + 1e-9);
  if (curve[guess].first <= step && (guess + 1 == curve.size() || curve[guess + 1].first > step)) return guess;
  const auto after = std::ranges::upper_bound(curve, step, {}, &Curve::value_type::first);
  return static_cast<std::size_t>(after - curve.begin()) - 1;
}

// The worst loss of the best `keep` of `among` trials.
struct Limit {
  double loss = 0;
  std::int64_t keep = 0;
  std::int64_t among = 0;
};

Limit limit_of(std::vector<double> losses, std::int64_t keep) {
  const auto limit = losses.begin() + (keep - 1);
  std::ranges::nth_element(losses, limit);
  return {*limit, keep, static_cast<std::int64_t>(losses.size())};
}

// Of all but one trial at the step; nullopt: too few got there. `except` 0: of all.
std::optional<Limit> percentile_limit(const EarlyTerminate& rule, double sign, const Curves& curves, std::int64_t step,
                                      TrialId except) {
  std::vector<double> others;
  for (TrialId id = 1; id < curves.end(); ++id)
    if (const auto best = id == except ? std::nullopt : curves.best_by(id, step, sign)) others.push_back(*best);
  const auto n = static_cast<std::int64_t>(others.size());
  if (n < std::max<std::int64_t>(rule.min_trials, 1)) return std::nullopt;
  const auto keep = std::max<std::int64_t>(1, std::llround(std::ceil(rule.percentile / 100 * static_cast<double>(n))));
  return limit_of(std::move(others), keep);
}

// Of the trials of a bracket that got to the rung; nullopt: too few.
std::optional<Limit> rung_limit(const EarlyTerminate& rule, double sign, const Curves& curves, std::int64_t bracket,
                                std::int64_t rung) {
  std::vector<double> there;
  for (TrialId id = bracket + 1; id < curves.end(); id += rule.brackets)
    if (const auto best = curves.best_by(id, rung, sign)) there.push_back(*best);
  const auto n = static_cast<std::int64_t>(there.size());
  if (n < rule.eta) return std::nullopt;
  return limit_of(std::move(there), n / rule.eta);
}

std::string beaten(const Limit& limit, std::int64_t step) {
  return fmt::format("not among the best {} of {} trials at step {}", limit.keep, limit.among, step);
}

std::optional<std::string> below_percentile(const EarlyTerminate& rule, double sign, const Curves& curves,
                                            TrialId trial) {
  const std::int64_t step = curves.of(trial).back().first;
  if (step < rule.min_iter) return std::nullopt;
  const auto limit = percentile_limit(rule, sign, curves, step, trial);
  if (!limit || *curves.best_by(trial, step, sign) <= limit->loss) return std::nullopt;
  return beaten(*limit, step);
}

std::optional<std::string> below_rung(const EarlyTerminate& rule, double sign, const Curves& curves, TrialId trial) {
  const Curve& own = curves.of(trial);
  const std::int64_t before = own.size() > 1 ? own[own.size() - 2].first : 0;
  const std::int64_t bracket = (trial - 1) % rule.brackets;
  const std::vector<std::int64_t> all = rungs(rule);
  for (auto k = static_cast<std::size_t>(bracket); k < all.size(); ++k) {
    const std::int64_t rung = all[k];
    if (rung <= before || rung > own.back().first) continue;
    const auto limit = rung_limit(rule, sign, curves, bracket, rung);
    if (limit && *curves.best_by(trial, rung, sign) > limit->loss) return beaten(*limit, rung);
  }
  return std::nullopt;
}

// The best loss that each trial but one has shown; fewer than the rule's: nullopt. `except` 0: of all.
std::optional<std::vector<double>> best_shown(const EarlyTerminate& rule, double sign, const Curves& curves,
                                              TrialId except) {
  std::vector<double> shown;
  for (TrialId id = 1; id < curves.end(); ++id)
    if (const Curve& other = curves.of(id); id != except && !other.empty())
      shown.push_back(*curves.best_by(id, other.back().first, sign));
  if (static_cast<std::int64_t>(shown.size()) < std::max<std::int64_t>(rule.min_trials, 1)) return std::nullopt;
  return shown;
}

std::optional<std::string> unlikely_to_be_best(const EarlyTerminate& rule, double sign, const Curves& curves,
                                               TrialId trial) {
  Curve own = curves.of(trial);
  const std::int64_t end = *rule.max_iter;
  if (static_cast<std::int64_t>(own.size()) < rule.min_iter || own.back().first >= end) return std::nullopt;
  std::optional<std::vector<double>> others = best_shown(rule, sign, curves, trial);
  if (!others) return std::nullopt;
  std::vector<double>& shown = *others;
  for (auto& [step, value] : own) value *= sign;
  if (std::ranges::any_of(own, [](const auto& point) { return !std::isfinite(point.second); })) return std::nullopt;
  const double best = *std::ranges::min_element(shown);
  // How far apart the study's curves are: half of them are nearer to the best. Those that run away do not matter.
  const auto middle = shown.begin() + static_cast<std::ptrdiff_t>(shown.size() / 2);
  std::ranges::nth_element(shown, middle);
  double scale = *middle - best;
  const auto [least, most] = std::ranges::minmax(own, {}, &std::pair<std::int64_t, double>::second);
  if (!(scale > 0)) scale = most.second - least.second;
  if (!(scale > 0) || !std::isfinite(scale)) return std::nullopt;
  const double probability = probability_below(own, end, best, scale);
  if (!(probability < rule.probability)) return std::nullopt;
  return fmt::format("better than the best by step {} with probability {:.2g}", end, probability);
}

}  // namespace

void Curves::add(TrialId trial, AttemptId attempt, std::int64_t step, double value) {
  if (trial >= end()) trials_.resize(static_cast<std::size_t>(trial));
  auto& [of, curve, bounds] = trials_[static_cast<std::size_t>(trial - 1)];
  if (attempt < of) return;
  if (attempt > of) {
    of = attempt;
    while (!curve.empty() && (!attempts_go_on_ || curve.back().first >= step)) {
      curve.pop_back();
      bounds.pop_back();
    }
  }
  const auto at = std::ranges::lower_bound(curve, step, {}, &Curve::value_type::first);
  const bool known = at != curve.end() && at->first == step;
  auto changed = static_cast<std::size_t>(at - curve.begin());
  if (std::isnan(value)) {
    if (!known) return;
    curve.erase(at);
  } else if (known) {
    at->second = value;
  } else {
    curve.emplace(at, step, value);
  }
  bounds.resize(curve.size());
  for (; changed < curve.size(); ++changed) {
    const double one = curve[changed].second;
    const auto [low, high] = changed == 0 ? std::pair(one, one) : bounds[changed - 1];
    bounds[changed] = {std::min(low, one), std::max(high, one)};
  }
}

void Curves::forget(TrialId trial) {
  if (trial >= 1 && trial < end()) trials_[static_cast<std::size_t>(trial - 1)] = {};
}

const Curve& Curves::of(TrialId trial) const {
  static const Curve kNone;
  return trial < 1 || trial >= end() ? kNone : trials_[static_cast<std::size_t>(trial - 1)].curve;
}

std::optional<double> Curves::best_by(TrialId trial, std::int64_t step, double sign) const {
  const Curve& curve = of(trial);
  if (curve.empty() || curve.back().first < step) return std::nullopt;
  const auto& [low, high] = trials_[static_cast<std::size_t>(trial - 1)].lowest_highest[index_at(curve, step)];
  return sign > 0 ? low : -high;
}

std::vector<std::int64_t> rungs(const EarlyTerminate& rule) {
  std::vector<std::int64_t> out;
  if (rule.max_iter) {
    std::int64_t step = *rule.max_iter / rule.eta;
    for (std::int64_t k = 0; k < rule.halvings && step >= 1; ++k, step /= rule.eta) out.push_back(step);
    std::ranges::reverse(out);
    return out;
  }
  constexpr std::int64_t kFarthest = std::int64_t{1} << 40;
  for (std::int64_t step = rule.min_iter; step < kFarthest; step *= rule.eta) out.push_back(step);
  return out;
}

std::optional<std::int64_t> next_rung(const EarlyTerminate& rule, TrialId trial, std::int64_t step) {
  const std::vector<std::int64_t> all = rungs(rule);
  for (auto k = static_cast<std::size_t>((trial - 1) % rule.brackets); k < all.size(); ++k)
    if (all[k] > step) return all[k];
  return std::nullopt;
}

namespace {

// Step, then loss: what is further and then better comes first.
std::optional<std::pair<std::int64_t, double>> standing(const Curves& curves, TrialId trial, double sign) {
  const Curve& curve = curves.of(trial);
  if (curve.empty()) return std::nullopt;
  return std::pair(-curve.back().first, *curves.best_by(trial, curve.back().first, sign));
}

bool is_among_the_best(const EarlyTerminate& rule, double sign, const Curves& curves, TrialId trial) {
  const auto own = standing(curves, trial, sign);
  if (!own) return false;
  std::int64_t there = 0;
  std::int64_t better = 0;
  for (TrialId id = (trial - 1) % rule.brackets + 1; id < curves.end(); id += rule.brackets) {
    const auto best = curves.best_by(id, -own->first, sign);
    if (!best) continue;
    ++there;
    if (*best < own->second || (*best == own->second && id < trial)) ++better;
  }
  return better < there / rule.eta;
}

}  // namespace

std::optional<TrialId> furthest(Goal goal, const Curves& curves, const std::set<TrialId>& paused) {
  const double sign = goal == Goal::minimize ? 1 : -1;
  std::optional<TrialId> first;
  for (const TrialId id : paused)
    if (const auto own = standing(curves, id, sign); own && (!first || *own < *standing(curves, *first, sign)))
      first = id;
  return first;
}

std::optional<TrialId> to_promote(const EarlyTerminate& rule, Goal goal, const Curves& curves,
                                  const std::set<TrialId>& paused) {
  const double sign = goal == Goal::minimize ? 1 : -1;
  std::set<TrialId> good;
  for (const TrialId id : paused)
    if (is_among_the_best(rule, sign, curves, id)) good.insert(id);
  return furthest(goal, curves, good);
}

std::optional<std::string> reason_to_stop(const EarlyTerminate& rule, Goal goal, const Curves& curves, TrialId trial) {
  if (curves.of(trial).empty() || rule.promote) return std::nullopt;
  const double sign = goal == Goal::minimize ? 1 : -1;
  switch (rule.kind) {
    case EarlyTerminateKind::asha:
    case EarlyTerminateKind::hyperband:
      return below_rung(rule, sign, curves, trial);
    case EarlyTerminateKind::curve:
      return unlikely_to_be_best(rule, sign, curves, trial);
    case EarlyTerminateKind::median:
    case EarlyTerminateKind::percentile:
      break;
  }
  return below_percentile(rule, sign, curves, trial);
}

namespace {

constexpr std::size_t kMostLimitSteps = 40;

// Steps that trials report at: those of the longest curve, at most so many, with its first and last.
std::vector<std::int64_t> common_steps(const Curves& curves, std::int64_t from) {
  const Curve* longest = nullptr;
  for (TrialId id = 1; id < curves.end(); ++id)
    if (const Curve& curve = curves.of(id); longest == nullptr || curve.size() > longest->size()) longest = &curve;
  std::vector<std::int64_t> all;
  for (const auto& [step, value] : longest == nullptr ? Curve() : *longest)
    if (step >= from) all.push_back(step);
  if (all.size() <= kMostLimitSteps) return all;
  std::vector<std::int64_t> out;
  for (std::size_t i = 0; i < kMostLimitSteps; ++i) out.push_back(all[i * (all.size() - 1) / (kMostLimitSteps - 1)]);
  return out;
}

}  // namespace

std::vector<StopLimit> stop_limits(const EarlyTerminate& rule, Goal goal, const Curves& curves) {
  const double sign = goal == Goal::minimize ? 1 : -1;
  std::vector<StopLimit> out;
  const auto add = [&](std::int64_t bracket, const std::vector<std::int64_t>& steps, const auto& limit_at) {
    StopLimit limit{bracket, {}};
    for (const std::int64_t step : steps)
      if (const auto at = limit_at(step); at && std::isfinite(at->loss))
        limit.points.emplace_back(step, sign * at->loss);
    if (!limit.points.empty()) out.push_back(std::move(limit));
  };
  switch (rule.kind) {
    case EarlyTerminateKind::median:
    case EarlyTerminateKind::percentile:
      add(0, common_steps(curves, rule.min_iter),
          [&](std::int64_t step) { return percentile_limit(rule, sign, curves, step, 0); });
      break;
    case EarlyTerminateKind::asha:
    case EarlyTerminateKind::hyperband: {
      const std::vector<std::int64_t> all = rungs(rule);
      for (std::int64_t bracket = 0; bracket < rule.brackets && bracket < std::ssize(all); ++bracket)
        add(bracket, {all.begin() + bracket, all.end()},
            [&](std::int64_t rung) { return rung_limit(rule, sign, curves, bracket, rung); });
      break;
    }
    case EarlyTerminateKind::curve:
      if (const auto shown = best_shown(rule, sign, curves, 0)) {
        const double best = sign * *std::ranges::min_element(*shown);
        out.push_back({0, {{std::min(rule.min_iter, *rule.max_iter), best}, {*rule.max_iter, best}}});
      }
      break;
  }
  return out;
}

}  // namespace krige::tuner
