#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "base/ids.h"
#include "tuner/spec/dialects.h"
#include "tuner/spec/study_spec.h"

namespace krige::tuner {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;

OrderedJson studied(const std::string& yaml) {
  Faults faults;
  std::vector<std::string> notes;
  const OrderedJson study = translate_nni(yaml_to_json(yaml).value(), "", notes, faults);
  EXPECT_TRUE(faults.empty()) << faults.error().describe();
  const auto spec = parse_study(study);
  EXPECT_TRUE(spec) << spec.error().describe();
  return to_json(*spec);
}

std::string faults_of(const std::string& yaml) {
  Faults faults;
  std::vector<std::string> notes;
  static_cast<void>(translate_nni(yaml_to_json(yaml).value(), "", notes, faults));
  return faults.empty() ? "" : faults.error().describe();
}

TEST(Nni, EveryTypeOfASearchSpaceIsRead) {
  const std::pair<const char*, const char*> cases[] = {
      {"{_type: choice, _value: [16, relu]}", R"({"type":"categorical","values":[16,"relu"]})"},
      {"{_type: randint, _value: [1, 5]}", R"({"type":"int","min":1,"max":4,"scale":"linear"})"},
      {"{_type: randint, _value: [3, 4]}", R"({"type":"fixed","value":3})"},
      {"{_type: uniform, _value: [0, 1]}", R"({"type":"float","min":0.0,"max":1.0,"scale":"linear"})"},
      {"{_type: quniform, _value: [0, 10, 2]}", R"({"type":"float","min":0.0,"max":10.0,"scale":"linear","step":2.0})"},
      {"{_type: loguniform, _value: [0.001, 0.1]}", R"({"type":"float","min":0.001,"max":0.1,"scale":"log"})"},
      {"{_type: qloguniform, _value: [1, 100, 1]}",
       R"({"type":"float","min":1.0,"max":100.0,"scale":"log","step":1.0})"},
      {"{_type: normal, _value: [0, 2]}", R"({"type":"float","scale":"normal","mu":0.0,"sigma":2.0})"},
      {"{_type: qnormal, _value: [0, 2, 0.5]}",
       R"({"type":"float","scale":"normal","mu":0.0,"sigma":2.0,"step":0.5})"}};
  for (const auto& [nni, ours] : cases)
    EXPECT_EQ(studied(std::string("{p: ") + nni + "}")["parameters"]["p"].dump(), ours) << nni;
}

TEST(Nni, ChoicesWithParametersOfTheirOwnAreConditions) {
  const OrderedJson parameters = studied(R"(
layer:
  _type: choice
  _value:
    - {_name: empty}
    - {_name: conv, size: {_type: choice, _value: [3, 5]}, deeper: {_type: choice, _value: [{_name: a, x: {_type: uniform, _value: [0, 1]}}, {_name: b}]}}
)")["parameters"];
  EXPECT_EQ(parameters["layer"]["values"].dump(), R"(["empty","conv"])");
  EXPECT_EQ(parameters["layer.size"]["when"].dump(), R"({"layer":["conv"]})");
  EXPECT_EQ(parameters["layer.deeper.x"]["when"].dump(), R"({"layer.deeper":["a"]})");
}

TEST(Nni, AnExperimentBecomesAStudy) {
  const auto folder = std::filesystem::temp_directory_path() / ("krige-nni-" + random_id(8));
  std::filesystem::create_directory(folder);
  ASSERT_TRUE(write_file_atomically((folder / "space.json").string(),
                                    R"({"lr": {"_type": "loguniform", "_value": [0.001, 1]}})"));
  ASSERT_TRUE(write_file_atomically((folder / "config.yml").string(), R"(
experimentName: mnist
searchSpaceFile: space.json
trialCommand: python3 mnist.py
trialCodeDirectory: .
trialConcurrency: 2
maxTrialNumber: 10
maxExperimentDuration: 1h
tuner: {name: TPE, classArgs: {optimize_mode: minimize, seed: 3}}
assessor: {name: Medianstop, classArgs: {start_step: 2}}
trainingService: {platform: local}
)"));
  const auto spec = load_study((folder / "config.yml").string());
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(spec) << spec.error().describe();
  const OrderedJson json = to_json(*spec);
  EXPECT_EQ(json["metric"].dump(), R"({"name":"default","goal":"minimize","reduce":"last"})");
  EXPECT_EQ(json["budget"].dump(), R"({"max_trials":10,"parallel":2,"max_time":"1h"})");
  EXPECT_EQ(json["command"].dump(), R"(["sh","-c","python3 mnist.py"])");
  EXPECT_EQ(json["early_terminate"]["type"], "median");
  EXPECT_EQ(json["seed"], 3);
  EXPECT_EQ(json["parameters"]["lr"]["scale"], "log");
  EXPECT_THAT(spec->notes, Contains(HasSubstr("$KRIGE_PARAMS_JSON")));
  EXPECT_THAT(spec->notes, Contains("trainingService has no meaning here and is ignored"));
}

TEST(Nni, FaultsHaveThePathsOfTheFile) {
  EXPECT_EQ(faults_of("{x: {_type: lognormal, _value: [0, 1]}}"),
            "x._type: lognormal has no counterpart here: take loguniform with bounds");
  EXPECT_EQ(faults_of("{x: {_type: uniform, _value: [0]}}"), "x._value: must have 2 numbers for uniform");
  EXPECT_EQ(faults_of("{x: {_type: choice, _value: 3}}"), "x._value: must be a list");
  EXPECT_EQ(faults_of("{searchSpace: {}, tuner: {name: BOHB}}"), "tuner.name: BOHB has no counterpart here");
  EXPECT_EQ(faults_of("{searchSpaceFile: /nonexistent/space.json}").substr(0, 17), "searchSpaceFile: ");
  EXPECT_EQ(faults_of("{searchSpace: {}, trialConcurency: 3}"),
            "trialConcurency: is not a known key; did you mean trialConcurrency?");
}

}  // namespace
}  // namespace krige::tuner
