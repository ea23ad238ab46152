#include "tuner/trial/outcome.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tuner/trial/codec.h"

namespace krige::tuner {
namespace {

using testing::ElementsAre;
using testing::Pair;

StudySpec spec_of(const char* outcomes) {
  const std::string json = std::string(R"({"parameters": {"x": {"min": 0.0, "max": 1.0}}, )") + outcomes + "}";
  return parse_study(parse_json(json).value()).value();
}

const StudySpec kTwo = spec_of(R"("objectives": [{"name": "accuracy", "goal": "maximize"}, {"name": "latency"}],
                                  "constraints": [{"name": "memory", "max": 512}, {"name": "accuracy", "min": 0.5}])");

TEST(Outcome, RequiresObjectivesAndConstraintsOnce) {
  std::vector<std::string> names;
  for (const RequiredMetric& metric : required_metrics(kTwo)) names.push_back(metric.name);
  EXPECT_THAT(names, ElementsAre("accuracy", "latency", "memory"));
}

TEST(Outcome, IsJudgedFromTheMetrics) {
  const Verdict verdict = judge(kTwo, {{"memory", 600}, {"latency", 12}, {"accuracy", 0.9}, {"other", 1}}).value();
  EXPECT_EQ(verdict.state, TrialState::completed);
  EXPECT_EQ(verdict.measured.value, std::nullopt);
  EXPECT_THAT(verdict.measured.values, ElementsAre(Pair("accuracy", 0.9), Pair("latency", 12)));
  EXPECT_THAT(verdict.measured.constraints,
              ElementsAre(ConstraintResult{"memory", 600, false}, ConstraintResult{"accuracy", 0.9, true}));
  Trial trial;
  EXPECT_FALSE(is_measured(kTwo, trial));
  trial.set(verdict.measured);
  EXPECT_TRUE(is_measured(kTwo, trial));
  EXPECT_FALSE(trial.feasible());
  EXPECT_THAT(losses(kTwo, trial), ElementsAre(-0.9, 12));
}

TEST(Outcome, OfOneMetricIsItsValue) {
  const StudySpec one =
      spec_of(R"("metric": {"name": "f", "goal": "maximize"}, "constraints": [{"name": "c", "min": 0}])");
  const Verdict verdict = judge(one, {{"f", 2}, {"c", -1}}).value();
  EXPECT_EQ(verdict.measured.value, 2);
  EXPECT_TRUE(verdict.measured.values.empty());
  Trial trial;
  trial.set(verdict.measured);
  EXPECT_THAT(losses(one, trial), ElementsAre(-2));
  trial.constraints.clear();
  EXPECT_FALSE(is_measured(one, trial)) << "without its constraint";
}

TEST(Outcome, AMissingMetricIsNamedAndOneThatIsNotFiniteIsNoResult) {
  const Result<Verdict> missing = judge(kTwo, {{"accuracy", 0.9}, {"memory", 1}});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().field, "latency");
  const Verdict nan = judge(kTwo, {{"accuracy", 0.9}, {"latency", 1}, {"memory", NAN}}).value();
  EXPECT_EQ(nan.state, TrialState::infeasible);
  EXPECT_EQ(nan.reason, "memory became NaN");
  EXPECT_TRUE(nan.measured.values.empty() && nan.measured.constraints.empty());
}

TEST(Outcome, OfATrialIsInItsJsonAndReadBack) {
  Trial trial;
  trial.set(judge(kTwo, {{"memory", 600}, {"latency", 12}, {"accuracy", 0.9}}).value().measured);
  const OrderedJson json = to_json(trial);
  EXPECT_TRUE(json["value"].is_null());
  EXPECT_EQ(json["values"], OrderedJson::parse(R"({"accuracy": 0.9, "latency": 12.0})"));
  EXPECT_EQ(json["constraints"], OrderedJson::parse(R"({"memory": {"value": 600.0, "feasible": false},
                                                        "accuracy": {"value": 0.9, "feasible": true}})"));
  Trial read;
  ASSERT_TRUE(read_outcome(&json["values"], &json["constraints"], read));
  EXPECT_EQ(read.values, trial.values);
  EXPECT_EQ(read.constraints, trial.constraints);
  EXPECT_FALSE(to_json(Trial{}).contains("values")) << "a study of one metric";
  const OrderedJson damaged = OrderedJson::parse(R"({"memory": {"value": "much"}})");
  EXPECT_FALSE(read_outcome(nullptr, &damaged, read));
  const OrderedJson list = OrderedJson::array();
  EXPECT_FALSE(read_outcome(nullptr, &list, read));
}

}  // namespace
}  // namespace krige::tuner
