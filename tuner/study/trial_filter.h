// What a list of trials is filtered and sorted by. Values; thread-safe once made.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/spec/study_spec.h"
#include "tuner/trial/trial.h"

namespace krige::tuner {

// What a trial has under a name; nullopt: nothing.
using TrialField = std::function<std::optional<Value>(const Trial&)>;

// A parameter; the study's metric, an objective or a constraint; or id, value, state, reason, method, or seconds (from
// its creation to its end). Of the same name the first goes before the others. Empty: the study has none of this name.
[[nodiscard]] TrialField find_trial_field(const StudySpec& spec, std::string_view name);

// Conditions that all must hold, as in  accuracy > 0.9 optimizer = adam state != failed,pruned  with =, !=, <, <=, >,
// >= and ~ (contains); "…" around names and values with spaces. `=` and `!=` take several values with commas between. A
// word alone is looked for in the state, the reason, the method and the parameters. Letters count alike, large or
// small.
class TrialFilter {
 public:
  using Test = std::function<bool(const Trial&)>;

  TrialFilter() = default;  // every trial passes
  // invalid_argument, with the field `filter`: what is no condition.
  [[nodiscard]] static Result<TrialFilter> parse(std::string_view text);

  [[nodiscard]] bool empty() const { return conditions_.empty(); }
  // invalid_argument, with the field `filter`: names that the study does not have, states that no trial can be in. The
  // spec may go before the test.
  [[nodiscard]] Result<Test> test(const StudySpec& spec) const;

 private:
  enum class Operator { is, is_not, below, at_most, above, at_least, contains };
  struct Condition {
    std::string name;  // empty: a word alone
    Operator compared = Operator::contains;
    std::vector<std::string> wanted;  // in small letters; several of `is` and `is_not` only
  };
  friend class FilterReader;
  static bool holds(const Condition& condition, const Value& held);

  std::vector<Condition> conditions_;
};

}  // namespace krige::tuner
