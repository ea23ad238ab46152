#include "tuner/spec/metric_patterns.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tuner/trial/step.h"

namespace krige::tuner {
namespace {

constexpr std::size_t kMaxPatterns = 64;
constexpr std::size_t kMaxLength = 1000;
// Of one metric in what stands between two rewritings of a line.
constexpr int kMaxMatches = 100;

std::unique_ptr<re2::RE2> compile(const std::string& regex) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  return std::make_unique<re2::RE2>(regex, options);
}

std::optional<double> to_number(re2::StringPiece text) {
  if (text.starts_with("+")) text.remove_prefix(1);
  double value = 0;
  const char* last = text.data() + text.size();
  const auto [end, error] = std::from_chars(text.data(), last, value);
  return !text.empty() && error == std::errc() && end == last ? std::optional(value) : std::nullopt;
}

std::optional<double> last_match(const re2::RE2& regex, re2::StringPiece text) {
  std::optional<double> found;
  re2::StringPiece groups[2];
  std::size_t from = 0;
  for (int i = 0; i < kMaxMatches && regex.Match(text, from, text.size(), re2::RE2::UNANCHORED, groups, 2); ++i) {
    if (const std::optional<double> number = to_number(groups[1])) found = number;
    from = static_cast<std::size_t>(groups[0].data() - text.data()) + std::max<std::size_t>(groups[0].size(), 1);
    if (from > text.size()) break;
  }
  return found;
}

// A progress bar writes over its line: what comes last counts.
std::optional<double> number_in(const re2::RE2& regex, std::string_view line) {
  while (true) {
    const std::size_t rewritten = line.find_last_of("\r\b");
    const std::string_view shown = line.substr(rewritten == std::string_view::npos ? 0 : rewritten + 1);
    if (const auto number = last_match(regex, {shown.data(), shown.size()})) return number;
    if (rewritten == std::string_view::npos) return std::nullopt;
    line = line.substr(0, rewritten);
  }
}

}  // namespace

std::vector<MetricPattern> read_metric_patterns(const OrderedJson& json, Faults& faults) {
  std::vector<MetricPattern> patterns;
  ObjectReader reader(json, "metrics", faults);
  reader.require("regex");
  const OrderedJson* given = reader.raw("regex");
  reader.finish();
  if (given == nullptr) return patterns;
  if (!given->is_object() || given->empty() || given->size() > kMaxPatterns) {
    faults.add("metrics.regex",
               fmt::format("must be an object of 1 to {} {{metric: regular expression}}", kMaxPatterns));
    return patterns;
  }
  for (const auto& [metric, text] : given->items()) {
    const std::string field = join_path("metrics.regex", metric);
    if (metric.empty() || !text.is_string() || text.get<std::string>().size() > kMaxLength) {
      faults.add(field, fmt::format("must be a regular expression of at most {} bytes", kMaxLength));
      continue;
    }
    MetricPattern pattern{metric, text.get<std::string>()};
    const std::unique_ptr<re2::RE2> regex = compile(pattern.regex);
    if (!regex->ok())
      faults.add(field, fmt::format("is no regular expression: {}", regex->error()));
    else if (regex->NumberOfCapturingGroups() != 1)
      faults.add(field, fmt::format("must have one group (…) for the number, has {}; (?:…) groups only",
                                    regex->NumberOfCapturingGroups()));
    patterns.push_back(std::move(pattern));
  }
  return patterns;
}

OrderedJson to_json(const std::vector<MetricPattern>& patterns) {
  OrderedJson regex = OrderedJson::object();
  for (const MetricPattern& pattern : patterns) regex[pattern.metric] = pattern.regex;
  return {{"regex", std::move(regex)}};
}

MetricPatterns::MetricPatterns(const std::vector<MetricPattern>& patterns) {
  for (const MetricPattern& pattern : patterns) patterns_.emplace_back(pattern.metric, compile(pattern.regex));
}

MetricPatterns::~MetricPatterns() = default;

std::optional<MetricPatterns::Found> MetricPatterns::find(std::string_view line) const {
  Found found;
  for (const auto& [metric, regex] : patterns_) {
    const std::optional<double> number = number_in(*regex, line);
    if (!number) continue;
    if (metric != "step")
      found.metrics.emplace_back(metric, *number);
    else if (*number >= 0 && *number <= kMaxStep && std::floor(*number) == *number)
      found.step = static_cast<std::int64_t>(*number);
  }
  return found.metrics.empty() ? std::nullopt : std::optional(std::move(found));
}

}  // namespace krige::tuner
