#include "tuner/spec/dialects.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tuner/spec/study_spec.h"

namespace krige::tuner {
namespace {

bool is_translated(const char* yaml) {
  std::vector<std::string> notes;
  const OrderedJson document = yaml_to_json(yaml).value();
  return translate(document, "", notes).value() != document;
}

TEST(Dialects, AreToldFromKrigesOwnFilesByTheirKeys) {
  EXPECT_FALSE(is_translated("parameters: {x: {min: 0.0, max: 1.0}}"));
  EXPECT_FALSE(is_translated("{}"));
  EXPECT_FALSE(is_translated("[1]"));
  EXPECT_FALSE(is_translated("{kind: Experiment, apiVersion: v1}"));
  EXPECT_TRUE(is_translated("{x: {_type: uniform, _value: [0, 1]}}"));
  EXPECT_TRUE(is_translated("{searchSpace: {x: {_type: uniform, _value: [0, 1]}}}"));
  EXPECT_TRUE(is_translated("{kind: Experiment, apiVersion: kubeflow.org/v1beta1, spec: {parameters: []}}"));
}

// One parameter a distribution of W&B, and what it is here.
TEST(Dialects, EveryDistributionOfWandbIsRead) {
  const std::pair<const char*, const char*> cases[] = {
      {"{distribution: uniform, min: 0, max: 2}", R"({"type":"float","min":0.0,"max":2.0,"scale":"linear"})"},
      {"{distribution: q_uniform, min: 0, max: 8, q: 2}",
       R"({"type":"float","min":0.0,"max":8.0,"scale":"linear","step":2.0})"},
      {"{distribution: q_uniform, min: 0, max: 8}",
       R"({"type":"float","min":0.0,"max":8.0,"scale":"linear","step":1.0})"},
      {"{distribution: log_uniform, min: 0, max: 1}",
       R"({"type":"float","min":1.0,"max":2.718281828459045,"scale":"log"})"},
      {"{distribution: q_log_uniform, min: 0, max: 3, q: 1}",
       R"({"type":"float","min":1.0,"max":20.0,"scale":"log","step":1.0})"},
      {"{distribution: log_uniform_values, min: 0.001, max: 1}",
       R"({"type":"float","min":0.001,"max":1.0,"scale":"log"})"},
      {"{distribution: q_log_uniform_values, min: 1, max: 100, q: 5}",
       R"({"type":"float","min":5.0,"max":100.0,"scale":"log","step":5.0})"},
      {"{distribution: inv_log_uniform, min: 0, max: 1}",
       R"({"type":"float","min":1.0,"max":2.718281828459045,"scale":"log"})"},
      {"{distribution: inv_log_uniform_values, min: 0.5, max: 4}",
       R"({"type":"float","min":0.5,"max":4.0,"scale":"log"})"},
      {"{distribution: normal, mu: 1, sigma: 2}", R"({"type":"float","scale":"normal","mu":1.0,"sigma":2.0})"},
      {"{distribution: q_normal, mu: 1, sigma: 2, q: 0.5}",
       R"({"type":"float","scale":"normal","mu":1.0,"sigma":2.0,"step":0.5})"},
      {"{distribution: int_uniform, min: 1, max: 9}", R"({"type":"int","min":1,"max":9,"scale":"linear"})"},
      {"{distribution: categorical, values: [a, 2, true]}", R"({"type":"categorical","values":["a",2,true]})"},
      {"{values: [1, 2], probabilities: [0.25, 0.75]}",
       R"({"type":"categorical","values":[1,2],"probabilities":[0.25,0.75]})"},
      {"{distribution: constant, value: 3}", R"({"type":"fixed","value":3})"},
      {"{value: x}", R"({"type":"fixed","value":"x"})"},
      {"{min: 1, max: 9}", R"({"type":"int","min":1,"max":9,"scale":"linear"})"},
      {"{min: 1.0, max: 9}", R"({"type":"float","min":1.0,"max":9.0,"scale":"linear"})"}};
  for (const auto& [wandb, ours] : cases) {
    const auto spec = parse_study(yaml_to_json(std::string("parameters: {p: ") + wandb + "}").value());
    ASSERT_TRUE(spec) << wandb << ": " << spec.error().describe();
    EXPECT_EQ(to_json(*spec)["parameters"]["p"].dump(), ours) << wandb;
  }
}

TEST(Dialects, AWholeSweepOfWandbIsRead) {
  const auto spec = parse_study(yaml_to_json(R"(
program: train.py
project: mine
entity: me
name: sweep
description: of W&B
method: bayes
run_cap: 50
metric: {name: val_loss, goal: minimize, target: 0.1}
parameters:
  optimizer:
    parameters:
      name: {values: [adam, sgd]}
      args: {parameters: {lr: {distribution: log_uniform_values, min: 0.001, max: 1.0}}}
early_terminate: {type: hyperband, max_iter: 27, s: 2, eta: 3}
command: ["${env}", "${interpreter}", "${program}", "${args_json_file}"]
)")
                                    .value());
  ASSERT_TRUE(spec) << spec.error().describe();
  const OrderedJson json = to_json(*spec);
  EXPECT_EQ(json["parameters"].size(), 2U);
  EXPECT_EQ(json["parameters"]["optimizer.args.lr"]["scale"], "log");
  EXPECT_EQ(json["budget"]["max_trials"], 50);
  EXPECT_EQ(json["early_terminate"].dump(), R"({"type":"hyperband","max_iter":27,"s":2,"eta":3,"brackets":1})");
  EXPECT_EQ(json["command"][3], "${args_json_file}");
  EXPECT_EQ(spec->notes, (std::vector<std::string>{"project has no meaning here and is ignored",
                                                   "entity has no meaning here and is ignored"}));
}

TEST(Dialects, MembersOfAWrongKindEndInAFaultOrAreLeftOut) {
  for (const char* yaml :
       {"{kind: Experiment, apiVersion: kubeflow.org/v1beta1, spec: {objective: {type: maximize, objectiveMetricName: "
        "a,"
        " metricStrategies: [{name: 1, value: 2}]}, metricsCollectorSpec: {collector: [1], source: 2}, parameters: [],"
        " trialTemplate: {trialParameters: [{name: 1, reference: [2]}], trialSpec: {containers: [{image: 5, command: "
        "[a]}]}}}}",
        "{searchSpace: {x: {_type: choice, _value: [{_name: 3, y: {_type: choice, _value: [1]}}]}},"
        " assessor: {name: Medianstop, classArgs: {start_step: many}}}",
        "{x: {_type: randint, _value: [0, 1.0e+300]}}", "{x: {_type: randint, _value: [-9223372036854775808, 1]}}"}) {
    std::vector<std::string> notes;
    const Result<OrderedJson> study = translate(yaml_to_json(yaml).value(), "", notes);
    EXPECT_FALSE(study && parse_study(*study)) << yaml;
  }
}

}  // namespace
}  // namespace krige::tuner
