#include "tuner/study/trial_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>

namespace krige::tuner {
namespace {

std::string small_letters(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

std::optional<double> number_of(const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
  if (const auto* real = std::get_if<double>(&value)) return *real;
  return std::nullopt;
}

std::optional<double> number_of(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc{} && end == text.data() + text.size() && !std::isnan(number);
  return whole ? std::optional(number) : std::nullopt;
}

std::optional<Value> value_of(const std::optional<double>& number) {
  return number ? std::optional<Value>(*number) : std::nullopt;
}

std::optional<Value> text_or_none(std::string text) {
  return text.empty() ? std::nullopt : std::optional<Value>(std::move(text));
}

std::optional<Value> seconds_of(const Trial& trial) {
  if (!trial.ended_at) return std::nullopt;
  return Value(std::chrono::duration<double>(*trial.ended_at - trial.created_at).count());
}

// Of every study.
TrialField common_field(std::string_view name) {
  using Named = std::pair<std::string_view, std::optional<Value> (*)(const Trial&)>;
  static constexpr std::array<Named, 7> kFields{{
      {"id", [](const Trial& trial) { return std::optional<Value>(trial.id); }},
      {"trial", [](const Trial& trial) { return std::optional<Value>(trial.id); }},
      {"value", [](const Trial& trial) { return value_of(trial.value); }},
      {"state", [](const Trial& trial) { return text_or_none(std::string(tuner::name(trial.state))); }},
      {"reason", [](const Trial& trial) { return text_or_none(trial.reason); }},
      {"method", [](const Trial& trial) { return text_or_none(trial.suggestion.method); }},
      {"seconds", seconds_of},
  }};
  const auto found = std::ranges::find(kFields, name, &Named::first);
  return found == kFields.end() ? TrialField() : TrialField(found->second);
}

bool has_parameter(const StudySpec& spec, std::string_view name) {
  return std::ranges::any_of(spec.space.parameters(), [&](const auto& parameter) { return parameter.name == name; });
}

bool is_state(std::string_view small) {
  std::string capitals(small);
  for (char& c : capitals)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  return trial_state(capitals).has_value();
}

bool mentions(const Trial& trial, std::string_view wanted) {
  const auto in = [&](std::string_view text) { return small_letters(text).find(wanted) != std::string::npos; };
  return in(name(trial.state)) || in(trial.reason) || in(trial.suggestion.method) ||
         std::ranges::any_of(trial.params, [&](const auto& param) { return in(to_string(param.second)); });
}

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t comma = std::min(text.find(','), text.size());
    parts.push_back(small_letters(text.substr(0, comma)));
    if (comma == text.size()) return parts;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace

// Reads conditions from the left to the right.
class FilterReader {
 public:
  explicit FilterReader(std::string_view text) : rest_(text) {}

  Result<std::vector<TrialFilter::Condition>> read() {
    std::vector<TrialFilter::Condition> conditions;
    for (skip_spaces(); !rest_.empty(); skip_spaces()) {
      KRIGE_TRY(TrialFilter::Condition condition, read_one());
      if (!condition.name.empty() || condition.wanted.front() != "and") conditions.push_back(std::move(condition));
    }
    return conditions;
  }

 private:
  using Operator = TrialFilter::Operator;
  struct Word {
    std::string_view text;
    bool quoted = false;
  };

  void skip_spaces() { rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\r\n"), rest_.size())); }

  // Up to one of `ends`; an opened quotation mark that nothing closes is a letter like others.
  Word word(std::string_view ends) {
    if (rest_.starts_with('"'))
      if (const std::size_t close = rest_.find('"', 1); close != std::string_view::npos) {
        const std::string_view inside = rest_.substr(1, close - 1);
        rest_.remove_prefix(close + 1);
        return {inside, true};
      }
    const std::string_view text = rest_.substr(0, rest_.find_first_of(ends));
    rest_.remove_prefix(text.size());
    return {text};
  }

  std::optional<Operator> compared() {
    using enum Operator;
    static constexpr std::array<std::pair<std::string_view, Operator>, 7> kOperators{
        {{"!=", is_not}, {"<=", at_most}, {">=", at_least}, {"=", is}, {"<", below}, {">", above}, {"~", contains}}};
    for (const auto& [text, one] : kOperators)
      if (rest_.starts_with(text)) {
        rest_.remove_prefix(text.size());
        return one;
      }
    return std::nullopt;
  }

  Result<TrialFilter::Condition> read_one() {
    const std::string_view all = rest_;
    const Word name = word(" \t\r\n=!<>~");
    if (name.text.empty() && !name.quoted) {
      const std::string_view stray = all.substr(0, all.find_first_of(" \t\r\n"));
      return fail(ErrorCode::invalid_argument, fmt::format("{} has no name before it", stray), "filter");
    }
    const std::string_view behind = rest_;
    skip_spaces();
    const std::optional<Operator> how = compared();
    if (!how) {
      rest_ = behind;
      if (!rest_.empty() && rest_.front() == '!')  // no operator: a letter of the word
        rest_.remove_prefix(1);
      return TrialFilter::Condition{"", Operator::contains, {small_letters(name.text)}};
    }
    skip_spaces();
    const Word wanted = word(" \t\r\n");
    if (wanted.text.empty() && !wanted.quoted)
      return fail(ErrorCode::invalid_argument, fmt::format("{} has no value behind it", all), "filter");
    const bool several = !wanted.quoted && (*how == Operator::is || *how == Operator::is_not);
    return TrialFilter::Condition{std::string(name.text), *how,
                                  several ? split(wanted.text) : std::vector{small_letters(wanted.text)}};
  }

  std::string_view rest_;
};

TrialField find_trial_field(const StudySpec& spec, std::string_view name) {
  const std::string key(name);
  if (has_parameter(spec, name))
    return [key](const Trial& trial) {
      const Value* value = find(trial.params, key);
      return value == nullptr ? std::nullopt : std::optional(*value);
    };
  const auto named = [&](const auto& one) { return one.name == name; };
  if (!spec.has_several_objectives() && spec.metric.name == name) return common_field("value");
  if (std::ranges::any_of(spec.objectives, named))
    return [key](const Trial& trial) -> std::optional<Value> {
      const auto found = std::ranges::find(trial.values, key, &Metrics::value_type::first);
      return found == trial.values.end() ? std::nullopt : std::optional<Value>(found->second);
    };
  if (std::ranges::any_of(spec.constraints, named))
    return [key](const Trial& trial) -> std::optional<Value> {
      const auto found = std::ranges::find(trial.constraints, key, &ConstraintResult::name);
      return found == trial.constraints.end() ? std::nullopt : std::optional<Value>(found->value);
    };
  return common_field(small_letters(name));
}

bool TrialFilter::holds(const Condition& condition, const Value& held) {
  using enum Operator;
  const std::optional<double> number = number_of(held);
  const std::string text = small_letters(to_string(held));
  const auto equals = [&](const std::string& wanted) {
    const std::optional<double> wanted_number = number_of(std::string_view(wanted));
    return number && wanted_number ? *number == *wanted_number : text == wanted;
  };
  if (condition.compared == is) return std::ranges::any_of(condition.wanted, equals);
  if (condition.compared == is_not) return std::ranges::none_of(condition.wanted, equals);
  const std::string& wanted = condition.wanted.front();
  if (condition.compared == contains) return text.find(wanted) != std::string::npos;
  const std::optional<double> bound = number_of(std::string_view(wanted));
  if (!number || !bound) return false;
  if (condition.compared == below) return *number < *bound;
  if (condition.compared == at_most) return *number <= *bound;
  if (condition.compared == above) return *number > *bound;
  return *number >= *bound;
}

Result<TrialFilter> TrialFilter::parse(std::string_view text) {
  TrialFilter filter;
  KRIGE_TRY(filter.conditions_, FilterReader(text).read());
  return filter;
}

Result<TrialFilter::Test> TrialFilter::test(const StudySpec& spec) const {
  std::vector<Test> tests;
  for (const Condition& condition : conditions_) {
    if (condition.name.empty()) {
      tests.emplace_back([wanted = condition.wanted.front()](const Trial& trial) { return mentions(trial, wanted); });
      continue;
    }
    TrialField field = find_trial_field(spec, condition.name);
    if (!field) return fail(ErrorCode::invalid_argument, fmt::format("there is no {}", condition.name), "filter");
    const bool of_state = condition.name == "state" && !has_parameter(spec, "state");
    if (of_state && (condition.compared == Operator::is || condition.compared == Operator::is_not))
      for (const std::string& state : condition.wanted)
        if (!is_state(state))
          return fail(ErrorCode::invalid_argument, fmt::format("{} is not a state of a trial", state), "filter");
    tests.emplace_back([condition, field = std::move(field)](const Trial& trial) {
      const std::optional<Value> held = field(trial);
      return held && holds(condition, *held);
    });
  }
  return Test([tests = std::move(tests)](const Trial& trial) {
    return std::ranges::all_of(tests, [&](const Test& test) { return test(trial); });
  });
}

}  // namespace krige::tuner
