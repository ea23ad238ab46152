#include "tuner/spec/metric_patterns.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace krige::tuner {
namespace {

std::optional<double> found(const std::string& regex, std::string_view line) {
  const auto all = MetricPatterns({{"m", regex}}).find(line);
  return all ? std::optional(all->metrics.at(0).second) : std::nullopt;
}

std::string faults_of(const char* json) {
  Faults faults;
  static_cast<void>(read_metric_patterns(parse_json(json).value(), faults));
  return faults.empty() ? "" : faults.error().describe();
}

TEST(MetricPatterns, TheLastNumberOfALineCounts) {
  EXPECT_EQ(found(R"(acc=([0-9.]+))", "acc=0.5 acc=0.75 loss=3"), 0.75);
  EXPECT_EQ(found(R"(acc=([0-9.]+))", "loss=3"), std::nullopt);
  EXPECT_EQ(found(R"(acc=(\S+))", "acc=high"), std::nullopt);
  EXPECT_EQ(found(R"(acc=(\S+))", "acc=-1.5e-3"), -1.5e-3);
  EXPECT_EQ(found(R"(acc=(\S+))", "acc=+2"), 2);
  EXPECT_TRUE(std::isnan(found(R"(acc=(\S+))", "acc=nan").value()));
  EXPECT_EQ(found(R"(acc=(\S+))", "acc=inf"), std::numeric_limits<double>::infinity());
  EXPECT_EQ(found(R"(x*(\d*))", "xxx"), std::nullopt);  // an empty match goes on
}

TEST(MetricPatterns, AProgressBarThatRewritesItsLineIsReadAsItIsSeen) {
  std::string bar;
  for (int i = 0; i < 1000; ++i) bar += "\r" + std::to_string(i) + "/999 loss: 0." + std::to_string(1000 + i);
  EXPECT_EQ(found(R"(loss: ([0-9.]+))", bar), 0.1999);
  EXPECT_EQ(found(R"(loss: ([0-9.]+))", "loss: 1\b\b\b\b\b\b\bloss: 2"), 2);
  EXPECT_EQ(found(R"(loss: ([0-9.]+))", "loss: 1\rdone"), 1);
}

// What std::regex takes 2^n steps for, or a stack of the line's length.
TEST(MetricPatterns, NoExpressionTakesLongForALongLine) {
  EXPECT_EQ(found(R"((?:a*)*b(\d))", std::string(1 << 20, 'a')), std::nullopt);
}

TEST(MetricPatterns, FaultsNameTheMetric) {
  EXPECT_EQ(faults_of(R"j({"regex": {"accuracy": "acc=([0-9]+)"}})j"), "");
  EXPECT_EQ(faults_of("{}"), "metrics.regex: is missing");
  EXPECT_EQ(faults_of(R"j({"regex": {}})j"),
            "metrics.regex: must be an object of 1 to 64 {metric: regular expression}");
  EXPECT_EQ(faults_of(R"j({"regex": {"a": "x=(.*"}})j"), "metrics.regex.a: is no regular expression: missing ): x=(.*");
  EXPECT_EQ(faults_of(R"j({"regex": {"a": "x=.*"}})j"),
            "metrics.regex.a: must have one group (…) for the number, has 0; (?:…) groups only");
  EXPECT_EQ(faults_of(R"j({"regex": {"a": 3}})j"),
            "metrics.regex.a: must be a regular expression of at most 1000 bytes");
  EXPECT_EQ(faults_of(R"j({"regexp": {"a": "(x)"}})j"),
            "metrics.regex: is missing\nmetrics.regexp: is not a known key; did you mean regex?");
}

TEST(MetricPatterns, AreWrittenAsTheyAreRead) {
  const OrderedJson json = parse_json(R"j({"regex": {"a": "x=(\\d+)", "step": "(\\d+):"}})j").value();
  Faults faults;
  EXPECT_EQ(to_json(read_metric_patterns(json, faults)), json);
}

}  // namespace
}  // namespace krige::tuner
