#include "tuner/study/trial_selection.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <optional>
#include <variant>

namespace krige::tuner {
namespace {

// Numbers before texts; what has no value, and NaN, behind both.
using Key = std::variant<double, std::string, std::monostate>;

Key key_of(const std::optional<Value>& value) {
  if (!value) return std::monostate();
  if (const auto* integer = std::get_if<std::int64_t>(&*value)) return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&*value)) return std::isnan(*real) ? Key(std::monostate()) : Key(*real);
  return to_string(*value);
}

struct Keyed {
  Key key;
  TrialId id = 0;
};

bool goes_before(const Keyed& a, const Keyed& b, bool descending) {
  constexpr std::size_t kNone = 2;
  if (a.key != b.key) {
    const bool missing = a.key.index() == kNone || b.key.index() == kNone;
    return missing || !descending ? a.key < b.key : b.key < a.key;
  }
  return a.id < b.id;
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
  std::vector<Keyed> found;
  for (const Trial& trial : trials) {
    const bool wanted = query.states.empty() || std::ranges::find(query.states, trial.state) != query.states.end();
    if (wanted && passes(trial)) found.push_back({key_of(field(trial)), trial.id});
  }
  const auto order = [&](const Keyed& a, const Keyed& b) { return goes_before(a, b, sort.descending); };
  const std::size_t first = std::min(query.offset, found.size());
  const std::size_t end = std::min(first + query.limit, found.size());
  const auto at = [&](std::size_t index) { return found.begin() + static_cast<std::ptrdiff_t>(index); };
  // What is before the page is only told from it.
  if (first < end) std::ranges::nth_element(found, at(first), order);
  std::partial_sort(at(first), at(end), found.end(), order);
  TrialSelection page;
  page.total = found.size();
  for (std::size_t i = first; i < end; ++i) page.ids.push_back(found[i].id);
  return page;
}

}  // namespace krige::tuner
