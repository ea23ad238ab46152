#include "cli/explain.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

#include "cli/terminal.h"
#include "tuner/spec/duration.h"
#include "tuner/spec/run_limits.h"

namespace krige::cli {
namespace {

using tuner::Parameter;
using tuner::ParameterKind;
using tuner::Scale;

std::string join(const std::vector<tuner::Value>& values, std::string_view separator) {
  std::vector<std::string> texts;
  for (const tuner::Value& value : values) texts.push_back(tuner::to_string(value));
  return fmt::format("{}", fmt::join(texts, separator));
}

// 0.0001 to 1, log; 16 to 256 by 8; sgd, adam.
std::string range(const Parameter& parameter) {
  const bool numeric = parameter.kind == ParameterKind::floating || parameter.kind == ParameterKind::integer;
  if (!numeric) return join(parameter.values, ", ");
  const std::string step = parameter.step ? fmt::format(" by {}", *parameter.step) : "";
  if (parameter.scale == Scale::normal)
    return fmt::format("normal around {}, sd {}{}", parameter.mu, parameter.sigma, step);
  return fmt::format("{} to {}{}{}", parameter.min, parameter.max, step, parameter.scale == Scale::log ? ", log" : "");
}

std::string kind(const Parameter& parameter) {
  switch (parameter.kind) {
    case ParameterKind::floating:
      return "float";
    case ParameterKind::integer:
      return "int";
    case ParameterKind::categorical:
      return "categorical";
    case ParameterKind::ordinal:
      return "ordinal";
    case ParameterKind::fixed:
      return "fixed";
  }
  return "";
}

std::string condition(const Parameter& parameter) {
  std::vector<std::string> parts;
  for (const tuner::Condition& one : parameter.when)
    parts.push_back(fmt::format("{} is {}", one.parameter, join(one.values, " or ")));
  return parts.empty() ? "always" : fmt::format("{}", fmt::join(parts, " and "));
}

std::string parameters(const tuner::Space& space) {
  std::vector<std::vector<std::string>> rows{{"PARAMETER", "TYPE", "VALUES", "DEFAULT", "ACTIVE"}};
  for (const Parameter& parameter : space.parameters())
    rows.push_back({parameter.name, kind(parameter), range(parameter),
                    parameter.default_value ? tuner::to_string(*parameter.default_value) : "-", condition(parameter)});
  return text_table(rows);
}

std::string ends(const tuner::StudySpec& spec) {
  std::vector<std::string> parts;
  const tuner::Budget& budget = spec.budget;
  if (budget.max_trials) parts.push_back(fmt::format("after {} trials", *budget.max_trials));
  if (budget.max_time) parts.push_back("after " + tuner::to_string(*budget.max_time));
  if (spec.metric.target && !spec.has_several_objectives())
    parts.push_back(fmt::format("when {} reaches {}", spec.metric.name, *spec.metric.target));
  if (budget.max_failures) parts.push_back(fmt::format("after {} failures in a row", *budget.max_failures));
  if (budget.no_improvement)
    parts.push_back(fmt::format("after {} trials without a better one", *budget.no_improvement));
  if (spec.space.finite()) parts.emplace_back("when every point was tried");
  return parts.empty() ? "It goes on until it is stopped." : fmt::format("It ends {}.", fmt::join(parts, ", or "));
}

std::string trial(const tuner::StudySpec& spec) {
  if (spec.train) return "A trial is a training on the built-in parameter server.";
  if (spec.command) return fmt::format("A trial runs {}.", fmt::join(*spec.command, " "));
  return "Trials are asked for and told by workers outside.";
}

std::string early_stop(const tuner::EarlyTerminate& rule) {
  using enum tuner::EarlyTerminateKind;
  switch (rule.kind) {
    case median:
    case percentile:
      return fmt::format("A trial is ended that from step {} on is not among the best {} % of at least {} others.",
                         rule.min_iter, rule.kind == median ? 50 : rule.percentile, rule.min_trials);
    case asha:
    case hyperband:
      return fmt::format("At each rung one of {} trials goes on, {}.", rule.eta,
                         rule.promote ? "from its checkpoint when it is among the best" : "the others are ended");
    case curve:
      return fmt::format("A trial is ended whose curve becomes the best by step {} with less than {} % probability.",
                         *rule.max_iter, 100 * rule.probability);
  }
  return "";
}

// What else is said of each trial, a sentence each.
std::vector<std::string> remarks(const tuner::StudySpec& spec) {
  std::vector<std::string> all;
  if (!spec.metric_patterns.empty()) {
    std::vector<std::string> names;
    for (const tuner::MetricPattern& pattern : spec.metric_patterns) names.push_back(pattern.metric);
    all.push_back(fmt::format("Its {} {} read from its output by regular expressions.", fmt::join(names, ", "),
                              names.size() == 1 ? "is" : "are"));
  }
  std::vector<std::string> limits;
  if (spec.limits.time) limits.push_back(tuner::to_string(*spec.limits.time));
  if (spec.limits.cpu_time) limits.push_back(tuner::to_string(*spec.limits.cpu_time) + " of processors");
  if (spec.limits.memory_bytes) limits.push_back(tuner::bytes_to_string(*spec.limits.memory_bytes) + " of memory");
  if (!limits.empty()) all.push_back(fmt::format("It may take {}.", fmt::join(limits, ", ")));
  if (spec.retries > 0) all.push_back(fmt::format("One that fails is tried {} times more.", spec.retries));
  if (spec.early_terminate) all.push_back(early_stop(*spec.early_terminate));
  return all;
}

}  // namespace

std::string explain(const tuner::StudySpec& spec) {
  std::string text = fmt::format("{}\n{}\n{}", parameters(spec.space), ends(spec), trial(spec));
  if (spec.runs_locally())
    text +=
        fmt::format(" {} at once on this machine; krige sweep --dry-run shows the first points.", spec.budget.parallel);
  for (const std::string& remark : remarks(spec)) text += "\n" + remark;
  return text;
}

}  // namespace krige::cli
