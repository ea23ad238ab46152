#include "tuner/study/trial_index.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <optional>

namespace krige::tuner {
namespace {

std::optional<double> key_of(const Trial& trial) {
  return trial.value && !std::isnan(*trial.value) ? trial.value : std::nullopt;
}

// Merges sets, each in its order: calls take(key) from `from` on, or from the first, until it returns false.
template <typename Key, typename Take>
void ascend(const std::vector<const std::set<Key>*>& sets, const std::optional<Key>& from, const Take& take) {
  std::vector<typename std::set<Key>::const_iterator> at;
  for (const auto* set : sets) at.push_back(from ? set->lower_bound(*from) : set->begin());
  while (true) {
    std::size_t least = sets.size();
    for (std::size_t i = 0; i < sets.size(); ++i)
      if (at[i] != sets[i]->end() && (least == sets.size() || *at[i] < *at[least])) least = i;
    if (least == sets.size() || !take(*at[least])) return;
    ++at[least];
  }
}

template <typename Key, typename Take>
void descend(const std::vector<const std::set<Key>*>& sets, const std::optional<Key>& from, const Take& take) {
  std::vector<typename std::set<Key>::const_reverse_iterator> at;
  for (const auto* set : sets) at.emplace_back(from ? set->upper_bound(*from) : set->end());
  while (true) {
    std::size_t most = sets.size();
    for (std::size_t i = 0; i < sets.size(); ++i)
      if (at[i] != sets[i]->rend() && (most == sets.size() || *at[most] < *at[i])) most = i;
    if (most == sets.size() || !take(*at[most])) return;
    ++at[most];
  }
}

}  // namespace

void TrialIndex::put(const Trial* before, const Trial& trial) {
  if (before != nullptr && before->state == trial.state && key_of(*before) == key_of(trial)) return;
  if (before != nullptr) {
    const auto old = states_.find(before->state);
    old->second.all.erase(before->id);
    old->second.unvalued.erase(before->id);
    if (const auto value = key_of(*before)) old->second.valued.erase({*value, before->id});
    if (old->second.all.empty()) states_.erase(old);
  }
  Ids& now = states_[trial.state];
  now.all.insert(trial.id);
  if (const auto value = key_of(trial))
    now.valued.insert({*value, trial.id});
  else
    now.unvalued.insert(trial.id);
}

const std::set<TrialId>& TrialIndex::in_state(TrialState state) const {
  static const std::set<TrialId> kNone;
  const auto found = states_.find(state);
  return found == states_.end() ? kNone : found->second.all;
}

std::map<TrialState, std::int64_t> TrialIndex::counts() const {
  std::map<TrialState, std::int64_t> counts;
  for (const auto& [state, ids] : states_) counts[state] = static_cast<std::int64_t>(ids.all.size());
  return counts;
}

std::vector<const TrialIndex::Ids*> TrialIndex::chosen(const std::vector<TrialState>& states) const {
  std::vector<const Ids*> ids;
  for (const auto& [state, one] : states_)
    if (states.empty() || std::ranges::find(states, state) != states.end()) ids.push_back(&one);
  return ids;
}

std::vector<TrialId> TrialIndex::page(const TrialQuery& query) const {
  std::vector<const std::set<TrialId>*> all, unvalued;
  std::vector<const std::set<Valued>*> valued;
  for (const Ids* ids : chosen(query.states)) {
    all.push_back(&ids->all);
    unvalued.push_back(&ids->unvalued);
    valued.push_back(&ids->valued);
  }
  std::vector<TrialId> page;
  const auto take = [&](TrialId id) {
    page.push_back(id);
    return page.size() <= query.limit;
  };
  const auto take_valued = [&](const Valued& one) { return take(one.second); };
  const std::optional<TrialId> from_id = query.from ? std::optional(query.from->id) : std::nullopt;
  if (query.order == TrialOrder::id) ascend<TrialId>(all, from_id, take);
  if (query.order == TrialOrder::id_descending) descend<TrialId>(all, from_id, take);
  if (query.order == TrialOrder::id || query.order == TrialOrder::id_descending) return page;
  const double* const value = query.from ? std::get_if<double>(&query.from->key) : nullptr;
  const bool among_valued = !query.from || value != nullptr;
  std::optional<Valued> from;
  if (value != nullptr) from = Valued{*value, query.from->id};
  if (among_valued && query.order == TrialOrder::value) ascend<Valued>(valued, from, take_valued);
  if (among_valued && query.order == TrialOrder::value_descending) descend<Valued>(valued, from, take_valued);
  if (page.size() <= query.limit) ascend<TrialId>(unvalued, among_valued ? std::nullopt : from_id, take);
  return page;
}

}  // namespace krige::tuner
