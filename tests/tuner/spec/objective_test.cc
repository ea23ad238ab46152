#include "tuner/spec/objective.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tuner/spec/study_spec.h"

namespace krige::tuner {
namespace {

const std::string kParameters = "\nparameters: {x: {min: 0.0, max: 1.0}}\n";
const std::string kTwo =
    "objectives: [{name: accuracy, goal: maximize, reduce: best}, {name: latency, reference: 200}]";

std::string faults_of(const std::string& yaml) {
  const Result<StudySpec> spec = parse_study(yaml_to_json(yaml + kParameters).value());
  return spec ? "" : spec.error().describe();
}

StudySpec spec_of(const std::string& yaml) { return parse_study(yaml_to_json(yaml + kParameters).value()).value(); }

TEST(Objectives, AreReadAndEchoed) {
  const StudySpec spec = spec_of(kTwo + "\nconstraints: [{name: memory_mb, max: 512}, {name: f1, min: 0.8}]");
  ASSERT_EQ(spec.objectives.size(), 2U);
  EXPECT_EQ(spec.objectives[0].goal, Goal::maximize);
  EXPECT_EQ(spec.objectives[0].reduce, Reduce::best);
  EXPECT_EQ(spec.objectives[1].goal, Goal::minimize);
  EXPECT_EQ(spec.objectives[1].reference, 200);
  EXPECT_TRUE(spec.constraints[0].holds(512));
  EXPECT_FALSE(spec.constraints[0].holds(513));
  EXPECT_FALSE(spec.constraints[1].holds(0.79));
  const OrderedJson json = to_json(spec);
  EXPECT_FALSE(json.contains("metric"));
  EXPECT_EQ(json["objectives"], OrderedJson::parse(R"([{"name": "accuracy", "goal": "maximize", "reduce": "best"},
      {"name": "latency", "goal": "minimize", "reduce": "last", "reference": 200.0}])"));
  EXPECT_EQ(json["constraints"],
            OrderedJson::parse(R"([{"name": "memory_mb", "max": 512.0}, {"name": "f1", "min": 0.8}])"));
  EXPECT_EQ(to_json(parse_study(json).value()), json) << "canonical";
}

TEST(Objectives, AStudyOfOneMetricHasNeither) {
  const OrderedJson json = to_json(spec_of("metric: {name: m}"));
  EXPECT_FALSE(json.contains("objectives") || json.contains("constraints"));
  EXPECT_EQ(to_json(spec_of("metric: {name: m}\nconstraints: [{name: c, max: 1}]"))["metric"]["name"], "m");
}

TEST(Objectives, FaultsNameTheirField) {
  const auto expect = [](const std::string& yaml, const std::string& fault) {
    EXPECT_NE(faults_of(yaml).find(fault), std::string::npos) << yaml << "\n" << faults_of(yaml);
  };
  expect("objectives: [{name: a}]", "objectives: must be a list of 2 to 4");
  expect("objectives: [{name: a}, {name: b}, {name: c}, {name: d}, {name: e}]", "objectives: must be a list");
  expect("objectives: {name: a}", "objectives: must be a list");
  expect("objectives: [{name: a}, {name: a}]", "objectives[1].name: is given twice");
  expect("objectives: [{name: a}, {goal: maximize}]", "objectives[1].name");
  expect("objectives: [{name: a}, {name: \"\"}]", "objectives[1].name: must not be empty");
  expect("objectives: [{name: a}, {name: b, goal: up}]", "objectives[1].goal");
  expect("objectives: [{name: a}, {name: b, target: 3}]", "objectives[1].target");
  expect("objectives: [{name: a}, {name: b, reference: far}]", "objectives[1].reference");
  expect("objectives: [{name: a}, 3]", "objectives[1]");
  expect(kTwo + "\nmetric: {name: m}", "objectives: cannot be given with metric");
  expect("constraints: []", "constraints: must be a list");
  expect("constraints: [{name: c}]", "constraints[0].max: is missing");
  expect("constraints: [{name: c, min: 2, max: 2}]", "constraints[0].min: must be below max");
  expect("constraints: [{max: 2}]", "constraints[0].name");
  expect("constraints: [{name: c, max: 1}, {name: c, min: 0}]", "constraints[1].name: is given twice");
}

TEST(Objectives, WhatHasNoMeaningWithThemIsRefused) {
  const std::string constrained = "constraints: [{name: c, max: 1}]";
  const auto expect = [](const std::string& yaml, const std::string& fault) {
    EXPECT_NE(faults_of(yaml).find(fault), std::string::npos) << yaml << "\n" << faults_of(yaml);
  };
  expect(kTwo + "\nmethod: cmaes", "method: cmaes");
  expect(constrained + "\nmethod: cmaes", "method: cmaes");
  expect(kTwo + "\nrepeats: 2", "repeats");
  expect(constrained + "\nrepeats: 2", "repeats");
  expect(kTwo + "\nacquisition: ucb", "acquisition");
  expect(kTwo + "\nwarm_start: [{trials: [{params: {x: 0.1}, value: 1}, {params: {x: 0.2}, value: 2}]}]", "warm_start");
  EXPECT_EQ(faults_of(kTwo + "\nacquisition: ei_per_second"), "");
  EXPECT_EQ(faults_of(constrained + "\nacquisition: ucb"), "");
  for (const char* method : {"gp", "random", "sobol"}) EXPECT_EQ(faults_of(kTwo + "\nmethod: " + method), "");
}

TEST(Objectives, EarlyTerminateMustSayByWhichOne) {
  EXPECT_NE(faults_of(kTwo + "\nearly_terminate: {type: median}").find("early_terminate.metric: is missing"),
            std::string::npos);
  EXPECT_NE(
      faults_of(kTwo + "\nearly_terminate: {type: median, metric: loss}").find("must be one of accuracy, latency"),
      std::string::npos);
  const StudySpec spec = spec_of(kTwo + "\nearly_terminate: {type: median, metric: accuracy}");
  EXPECT_EQ(to_json(spec)["early_terminate"]["metric"], "accuracy");
  EXPECT_EQ(faults_of("metric: {name: m}\nearly_terminate: {type: median, metric: m}"), "");
  EXPECT_NE(faults_of("metric: {name: m}\nearly_terminate: {type: median, metric: n}"), "");
}

TEST(Objectives, TheTrainerMustReportThem) {
  const std::string train = "\ntrain: {model: mlp, data: {path: d.csv, label: y}}";
  const std::string file =
      "objectives: [{name: accuracy, goal: maximize}, {name: size}]\n"
      "constraints: [{name: elapsed_seconds, max: 60}, {name: test_loss, max: 1}]" +
      train;
  const Result<StudySpec> spec =
      parse_study(yaml_to_json(file + "\nparameters: {learning_rate: {min: 0.01, max: 1.0}}").value());
  ASSERT_FALSE(spec);
  const std::string faults = spec.error().describe();
  EXPECT_NE(faults.find("objectives[1].name: is not reported by train"), std::string::npos) << faults;
  EXPECT_NE(faults.find("constraints[1].name: test data"), std::string::npos) << faults;
  EXPECT_EQ(faults.find("objectives[0]"), std::string::npos) << faults;
}

}  // namespace
}  // namespace krige::tuner
