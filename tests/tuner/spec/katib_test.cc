#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tuner/spec/dialects.h"
#include "tuner/spec/study_spec.h"

namespace krige::tuner {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

// After examples/v1beta1/hp-tuning of Katib.
constexpr const char* kExperiment = R"(
apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {namespace: kubeflow, name: random}
spec:
  objective: {type: minimize, goal: 0.001, objectiveMetricName: loss, additionalMetricNames: [Train-accuracy]}
  algorithm: {algorithmName: tpe, algorithmSettings: [{name: random_state, value: "10"}]}
  earlyStopping: {algorithmName: medianstop, algorithmSettings: [{name: min_trials_required, value: "2"}, {name: start_step, value: "5"}]}
  parallelTrialCount: 3
  maxTrialCount: 12
  maxFailedTrialCount: 3
  resumePolicy: Never
  parameters:
    - {name: lr, parameterType: double, feasibleSpace: {min: "0.01", max: "0.05", distribution: logUniform}}
    - {name: momentum, parameterType: double, feasibleSpace: {min: "0.5", max: "0.9", step: "0.1"}}
    - {name: layers, parameterType: int, feasibleSpace: {min: "2", max: "5"}}
    - {name: batch, parameterType: discrete, feasibleSpace: {list: ["32", "16"]}}
    - {name: optimizer, parameterType: categorical, feasibleSpace: {list: [sgd, adam]}}
  trialTemplate:
    primaryContainerName: training-container
    trialParameters:
      - {name: learningRate, description: rate, reference: lr}
      - {name: momentum, description: momentum, reference: momentum}
    trialSpec:
      apiVersion: batch/v1
      kind: Job
      spec:
        template:
          spec:
            containers:
              - name: training-container
                image: docker.io/kubeflowkatib/pytorch-mnist-cpu:latest
                command: [python3, /opt/mnist.py]
                args: ["--lr=${trialParameters.learningRate}", "--momentum=${trialParameters.momentum}"]
)";

struct Translation {
  OrderedJson study;
  std::vector<std::string> notes;
};

Translation translated(const std::string& yaml) {
  Faults faults;
  Translation translation;
  translation.study = translate_katib(yaml_to_json(yaml).value(), translation.notes, faults);
  EXPECT_TRUE(faults.empty()) << faults.error().describe();
  return translation;
}

std::string faults_of(const std::string& spec) {
  Faults faults;
  std::vector<std::string> notes;
  static_cast<void>(translate_katib(
      yaml_to_json("{apiVersion: kubeflow.org/v1beta1, kind: Experiment, spec: " + spec + "}").value(), notes, faults));
  return faults.empty() ? "" : faults.error().describe();
}

TEST(Katib, AnExperimentBecomesAStudy) {
  const Translation translation = translated(kExperiment);
  const auto spec = parse_study(translation.study);
  ASSERT_TRUE(spec) << spec.error().describe();
  OrderedJson json = to_json(*spec);
  EXPECT_EQ(json["parameters"].dump(), R"({"lr":{"type":"float","min":0.01,"max":0.05,"scale":"log"},)"
                                       R"("momentum":{"type":"float","min":0.5,"max":0.9,"scale":"linear","step":0.1},)"
                                       R"("layers":{"type":"int","min":2,"max":5,"scale":"linear"},)"
                                       R"("batch":{"type":"ordinal","values":[16,32]},)"
                                       R"("optimizer":{"type":"categorical","values":["sgd","adam"]}})");
  EXPECT_EQ(json["metric"].dump(), R"({"name":"loss","goal":"minimize","reduce":"best","target":0.001})");
  EXPECT_EQ(json["method"], "gp");
  EXPECT_EQ(json["seed"], 10);
  EXPECT_EQ(json["name"], "random");
  EXPECT_EQ(json["budget"].dump(), R"({"max_trials":12,"parallel":3,"max_failures":3})");
  EXPECT_EQ(json["early_terminate"].dump(), R"({"type":"median","min_iter":5,"min_trials":2})");
  EXPECT_EQ(json["command"].dump(), R"(["python3","/opt/mnist.py","--lr={lr}","--momentum={momentum}"])");
  const auto found = MetricPatterns(spec->metric_patterns).find("epoch 1: loss=0.25 Train-accuracy = 0.5");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->metrics, (std::vector<std::pair<std::string, double>>{{"loss", 0.25}, {"Train-accuracy", 0.5}}));
  EXPECT_THAT(translation.notes, Contains(HasSubstr("not in the image docker.io/kubeflowkatib/pytorch-mnist-cpu")));
  EXPECT_THAT(translation.notes, Contains("tpe becomes the Gaussian process of method gp"));
}

TEST(Katib, TheStrategyOfTheMetricIsRead) {
  const std::string of = "{objective: {type: maximize, objectiveMetricName: a, metricStrategies: [{name: a, value: ";
  const std::string rest = "}]}, parameters: []}";
  EXPECT_EQ(translated("{kind: Experiment, spec: " + of + "latest" + rest + "}").study["metric"]["reduce"], "last");
  EXPECT_EQ(translated("{kind: Experiment, spec: " + of + "max" + rest + "}").study["metric"]["reduce"], "best");
  EXPECT_EQ(faults_of(of + "min" + rest),
            "spec.objective.metricStrategies: the min of what is maximized is no value here");
}

TEST(Katib, FaultsHaveThePathsOfTheExperiment) {
  EXPECT_EQ(faults_of("{algorithm: {algorithmName: enas}, parameters: []}"),
            "spec.algorithm.algorithmName: enas has no counterpart here");
  EXPECT_EQ(
      faults_of("{algorithm: {algorithmName: hyperband}, parameters: []}"),
      "spec.algorithm.algorithmName: hyperband has no counterpart here: take random and early_terminate of Krige's "
      "own file");
  EXPECT_EQ(faults_of("{parameters: [{name: x, parameterType: double, feasibleSpace: {min: low, max: '1'}}]}"),
            "spec.parameters[0].feasibleSpace.min: must be a number, is \"low\"");
  EXPECT_EQ(faults_of("{parameters: [{name: x, parameterType: int, feasibleSpace: {min: '1'}}]}"),
            "spec.parameters[0].feasibleSpace.max: is missing");
  EXPECT_EQ(faults_of("{parameters: [{name: x, parameterType: categorical, feasibleSpace: {}}]}"),
            "spec.parameters[0].feasibleSpace.list: is missing");
  for (const char* word : {"'nan'", "'-inf'", "'1e999'", "small"})
    EXPECT_EQ(faults_of(std::string("{parameters: [{name: x, parameterType: discrete, feasibleSpace: {list: ['4', ") +
                        word + ", '1']}}]}")
                  .substr(0, 75),
              "spec.parameters[0].feasibleSpace.list: must have finite numbers only, has \"")
        << word;
  EXPECT_EQ(faults_of("{nasConfig: {}, parameters: []}"),
            "spec.nasConfig: architecture search has no counterpart here");
  EXPECT_EQ(faults_of("{paralellTrialCount: 3, parameters: []}"),
            "spec.paralellTrialCount: is not a known key; did you mean parallelTrialCount?");
}

}  // namespace
}  // namespace krige::tuner
