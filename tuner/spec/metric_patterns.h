// Metrics read from what a program prints that cannot be changed: metrics.regex of a study file.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/json.h"

namespace re2 {
class RE2;
}

namespace krige::tuner {

// A metric's name and a regular expression (RE2: the time it takes grows with the line's length and nothing else) with
// one group, which is the number. The name "step" is that of the step.
struct MetricPattern {
  std::string metric;
  std::string regex;
};

// `metrics` of a study file.
[[nodiscard]] std::vector<MetricPattern> read_metric_patterns(const OrderedJson& json, Faults& faults);
[[nodiscard]] OrderedJson to_json(const std::vector<MetricPattern>& patterns);

// The patterns ready for use. Thread-safe.
class MetricPatterns {
 public:
  // As read_metric_patterns() gives them.
  explicit MetricPatterns(const std::vector<MetricPattern>& patterns);
  ~MetricPatterns();
  MetricPatterns(const MetricPatterns&) = delete;
  MetricPatterns& operator=(const MetricPatterns&) = delete;

  struct Found {
    std::optional<std::int64_t> step;
    std::vector<std::pair<std::string, double>> metrics;  // at least one
  };
  // Of several numbers of a metric in the line the last; nullopt: there is none of any.
  [[nodiscard]] std::optional<Found> find(std::string_view line) const;

 private:
  std::vector<std::pair<std::string, std::unique_ptr<re2::RE2>>> patterns_;
};

}  // namespace krige::tuner
