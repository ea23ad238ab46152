#include "tuner/study/trial_selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <variant>

namespace krige::tuner {
namespace {

constexpr std::size_t kComparedBytes = 200;  // of a text, so that a place stays short

TrialKey key_of(const std::optional<Value>& value) {
  if (!value) return std::monostate();
  if (const auto* integer = std::get_if<std::int64_t>(&*value)) return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&*value))
    return std::isnan(*real) ? TrialKey(std::monostate()) : TrialKey(*real);
  return to_string(*value).substr(0, kComparedBytes);
}

struct Direction {
  bool descending = false;
  bool equals_descending = false;  // also of those with equal keys
};

// Numbers before texts; what has no key behind both, in either direction.
bool goes_before(const TrialPlace& a, const TrialPlace& b, const Direction& direction) {
  const auto has_none = [](const TrialPlace& place) { return std::holds_alternative<std::monostate>(place.key); };
  if (a.key != b.key) return has_none(a) || has_none(b) || !direction.descending ? a.key < b.key : b.key < a.key;
  return direction.equals_descending && !has_none(a) ? b.id < a.id : a.id < b.id;
}

TrialSort sort_of(const TrialQuery& query) {
  if (query.sort) return *query.sort;
  const bool by_value = query.order == TrialOrder::value || query.order == TrialOrder::value_descending;
  const bool descending = query.order == TrialOrder::id_descending || query.order == TrialOrder::value_descending;
  return {by_value ? "value" : "id", descending};
}

}  // namespace

Result<TrialSelection> select_trials(const std::vector<Trial>& trials, const StudySpec& spec, const TrialQuery& query) {
  KRIGE_TRY(const TrialFilter::Test passes, query.filter.test(spec));
  const TrialSort sort = sort_of(query);
  // `value` and `id` of the query's own orders are the trial's, also where a parameter bears the name.
  const TrialField field = query.sort ? find_trial_field(spec, sort.by)
                           : sort.by == "id"
                               ? TrialField([](const Trial& trial) { return std::optional<Value>(trial.id); })
                               : TrialField([](const Trial& trial) {
                                   return trial.value ? std::optional<Value>(*trial.value) : std::nullopt;
                                 });
  if (!field) return fail(ErrorCode::invalid_argument, fmt::format("there is no {}", sort.by), "order_by");
  std::vector<TrialPlace> found;
  for (const Trial& trial : trials) {
    const bool wanted = query.states.empty() || std::ranges::find(query.states, trial.state) != query.states.end();
    if (wanted && passes(trial)) found.push_back({trial.id, key_of(field(trial))});
  }
  // As the index has it, so that its pages and these are of one list.
  const Direction direction{sort.descending, sort.descending && !query.sort};
  const auto order = [&](const TrialPlace& a, const TrialPlace& b) { return goes_before(a, b, direction); };
  const auto behind = std::partition(found.begin(), found.end(),
                                     [&](const TrialPlace& place) { return query.from && order(place, *query.from); });
  const auto left = static_cast<std::size_t>(found.end() - behind);
  const std::size_t first = std::min(query.offset, left);
  const std::size_t end = std::min(first + query.limit, left);
  const auto at = [&](std::size_t index) { return behind + static_cast<std::ptrdiff_t>(index); };
  // What is before the page is only told from it.
  if (first < end) std::ranges::nth_element(behind, at(first), found.end(), order);
  // One more than the page has, to know where the next one begins.
  std::partial_sort(at(first), at(std::min(end + 1, left)), found.end(), order);
  TrialSelection page;
  page.total = found.size();
  for (std::size_t i = first; i < end; ++i) page.ids.push_back(at(i)->id);
  if (first < end && end < left) page.next = *at(end);
  return page;
}

}  // namespace krige::tuner
