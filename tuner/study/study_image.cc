#include "tuner/study/study_image.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "gp/hypervolume/pareto.h"

namespace krige::tuner {
namespace {

constexpr std::array kFinalStates{TrialState::completed, TrialState::pruned, TrialState::failed, TrialState::infeasible,
                                  TrialState::cancelled};

std::optional<double> first_value(const Trial& trial) {
  return trial.values.empty() ? trial.value : trial.values.front().second;
}

constexpr std::size_t kShownImprovements = 32;

}  // namespace

StudyImage::StudyImage(StudySpec spec, StudyRow row, std::vector<Trial> trials)
    : spec_(std::move(spec)),
      row_(std::move(row)),
      reports_(required_metrics(spec_), spec_.early_terminate && spec_.early_terminate->promote),
      best_so_far_(required_metrics(spec_).front().goal) {
  // In the order in which they ended, as they were taken one by one: which is the best of equals, failures in a row and
  // means of floating-point numbers depend on it. Those without a number are older.
  std::vector<const Trial*> by_end;
  for (const Trial& trial : trials) by_end.push_back(&trial);
  std::ranges::stable_sort(by_end, {}, [](const Trial* trial) {
    return std::pair(trial->end_number, trial->ended_at.value_or(WallTime::max()));
  });
  trials_.resize(trials.size());
  for (const Trial* trial : by_end) take(*trial);
}

const Trial* StudyImage::trial(TrialId id) const {
  return id >= 1 && id < next_trial() ? &trials_[static_cast<std::size_t>(id - 1)] : nullptr;
}

StudyView StudyImage::view() const {
  return {row_, best_, index_.counts(), pareto_, best_so_far_.steps(kShownImprovements)};
}

Status StudyImage::check(const Change& change) const {
  const auto illegal = [](std::string what, std::string_view from, std::string_view to) {
    return fail(ErrorCode::internal, fmt::format("{} cannot go from {} to {}", what, from, to));
  };
  if (change.row && change.row->state != row_.state && !may_change(row_.state, change.row->state))
    return illegal("the study", name(row_.state), name(change.row->state));
  for (const Trial& to : change.trials) {
    const Trial* from = trial(to.id);
    if (from == nullptr) continue;
    if (from->state != to.state && !may_change(from->state, to.state))
      return illegal(fmt::format("trial {}", to.id), name(from->state), name(to.state));
    for (std::size_t i = 0; i < std::min(from->attempts.size(), to.attempts.size()); ++i) {
      const AttemptState before = from->attempts[i].state, after = to.attempts[i].state;
      if (before != after && !may_change(before, after))
        return illegal(fmt::format("attempt {} of trial {}", i + 1, to.id), name(before), name(after));
    }
  }
  return {};
}

void StudyImage::number_ends(Change& change) const {
  std::int64_t ended = finished();
  for (Trial& to : change.trials) {
    const Trial* from = trial(to.id);
    if (is_final(to.state) && (from == nullptr || !is_final(from->state))) to.end_number = ++ended;
  }
}

void StudyImage::apply(const Change& change, std::uint64_t seq) {
  if (change.row) {
    row_.name = change.row->name;
    row_.spec = change.row->spec;
    row_.state = change.row->state;
    row_.state_reason = change.row->state_reason;
    row_.active_time = change.row->active_time;
    row_.ended_at = change.row->ended_at;
  }
  row_.seq = seq;
  for (const Record& record : change.records) reports_.take(record);
  for (const Trial& trial : change.trials) take(trial);
}

void StudyImage::take(const Trial& trial) {
  const auto index = static_cast<std::size_t>(trial.id - 1);
  if (index >= trials_.size()) trials_.resize(index + 1);
  Trial& held = trials_[index];
  index_.put(held.id == 0 ? nullptr : &held, trial);
  const bool ended = is_final(trial.state) && !(held.id != 0 && is_final(held.state));
  held = trial;
  if (!ended) return;
  reports_.forget(trial.id);
  if (trial.state == TrialState::failed)
    ++failures_in_row_;
  else if (counts_towards_budget(trial.state))
    failures_in_row_ = 0;
  if (counts_towards_budget(trial.state)) ++since_best_;
  if (trial.state != TrialState::completed || !trial.feasible()) return;
  if (const auto value = first_value(trial)) best_so_far_.put(trial.id, *value);
  if (spec_.has_several_objectives())
    take_optimal(trial);
  else if (trial.value)
    take_best(trial);
}

void StudyImage::take_optimal(const Trial& completed) {
  if (!is_measured(spec_, completed)) return;
  const std::vector<double> found = losses(spec_, completed);
  const auto losses_of = [this](TrialId id) { return losses(spec_, *trial(id)); };
  if (std::ranges::any_of(pareto_, [&](TrialId id) { return gp::dominates(losses_of(id), found); })) return;
  std::erase_if(pareto_, [&](TrialId id) { return gp::dominates(found, losses_of(id)); });
  pareto_.insert(std::ranges::upper_bound(pareto_, completed.id), completed.id);
  since_best_ = 0;
}

std::vector<Trial> StudyImage::optimal() const {
  std::vector<Trial> out;
  if (best_ && spec_.repeats > 1) return {*trial(best_->trial)};
  for (const TrialId id : pareto_) out.push_back(*trial(id));
  if (!best_) return out;
  for (const Trial& one : trials_)
    if (one.state == TrialState::completed && one.feasible() && one.value == best_->value) out.push_back(one);
  return out;
}

// Where a point may be measured again, the best single value is mostly luck: a mean of several counts for more.
void StudyImage::take_best(const Trial& completed) {
  if (spec_.repeats == 1) {
    if (best_ && !better(*completed.value, best_->value)) return;
    best_ = Best{completed.id, *completed.value, completed.params};
    since_best_ = 0;
    return;
  }
  Measured& here = measured_.try_emplace(point_key(completed.params), Measured{completed.id, 0, 0}).first->second;
  ++here.count;
  here.mean += (*completed.value - here.mean) / static_cast<double>(here.count);
  const Measured* best = nullptr;
  for (const auto& [point, one] : measured_) {
    if (best != nullptr && best->count > 1 && one.count == 1) continue;
    const bool confirmed = best != nullptr && one.count > 1 && best->count == 1;
    if (best == nullptr || confirmed || better(one.mean, best->mean)) best = &one;
  }
  if (!best_ || best->first != best_->trial || better(best->mean, best_->value)) since_best_ = 0;
  best_ = Best{best->first, best->mean, trial(best->first)->params};
}

bool StudyImage::better(double a, double b) const { return spec_.metric.goal == Goal::minimize ? a < b : a > b; }

std::int64_t StudyImage::count(TrialState state) const { return static_cast<std::int64_t>(in_state(state).size()); }

std::int64_t StudyImage::finished() const {
  std::int64_t finished = 0;
  for (const TrialState state : kFinalStates) finished += count(state);
  return finished;
}

std::int64_t StudyImage::in_flight() const {
  return count(TrialState::waiting) + count(TrialState::running) + count(TrialState::paused) +
         count(TrialState::stopping);
}

bool StudyImage::budget_allows(std::int64_t more) const {
  if (!spec_.budget.max_trials) return true;
  std::int64_t used = in_flight();
  for (const TrialState state : kFinalStates)
    if (counts_towards_budget(state)) used += count(state);
  return used + more <= *spec_.budget.max_trials;
}

std::optional<std::string> StudyImage::end_reason() const {
  const std::optional<double>& target = spec_.metric.target;
  if (target && best_ && !better(*target, best_->value)) return "target_reached";
  if (spec_.budget.max_failures && failures_in_row_ >= *spec_.budget.max_failures) return "max_failures";
  if (spec_.budget.no_improvement && (best_ || !pareto_.empty()) && since_best_ >= *spec_.budget.no_improvement)
    return "no_improvement";
  if (in_flight() == 0 && !budget_allows(1)) return "max_trials";
  return std::nullopt;
}

}  // namespace krige::tuner
