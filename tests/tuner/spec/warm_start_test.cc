#include "tuner/spec/warm_start.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/ids.h"
#include "tuner/spec/study_spec.h"

namespace krige::tuner {
namespace {

Result<StudySpec> study(const std::string& warm_start, const SpecOptions& options = {}) {
  return parse_study(parse_json(R"({"parameters": {"lr": {"type": "float", "min": 0.001, "max": 1, "scale": "log"},
    "n": {"type": "int", "min": 1, "max": 9, "default": 4}}, "warm_start": )" +
                                warm_start + "}")
                         .value(),
                     options);
}

TEST(WarmStart, ReadsTrialsAndCompletesThemForTheSpace) {
  const StudySpec spec = study(R"([{"name": "last year", "trials": [
    {"params": {"lr": 0.1, "n": 3, "gone": true}, "value": 0.5},
    {"params": {"lr": 0.01}, "value": 0.25, "state": "COMPLETED"},
    {"params": {"lr": 0.02}, "state": "FAILED"},
    {"params": {"lr": 0.02}, "value": "NaN"}]}])")
                             .value();
  ASSERT_EQ(spec.warm_start.size(), 1U);
  const auto& trials = spec.warm_start[0].trials;
  ASSERT_EQ(trials.size(), 2U) << "only completed trials with a finite value count";
  EXPECT_EQ(to_json(trials[0].first).dump(), R"({"lr":0.1,"n":3})") << "what this space does not have is left out";
  EXPECT_EQ(to_json(trials[1].first).dump(), R"({"lr":0.01,"n":4})") << "what only this space has takes its default";
  EXPECT_EQ(to_json(parse_study(to_json(spec)).value()).dump(), to_json(spec).dump());
}

TEST(WarmStart, WhatDoesNotFitTheSpaceIsLeftOutAndTold) {
  const StudySpec spec = study(R"([{"trials": [{"params": {"lr": 0.1}, "value": 1}, {"params": {"lr": 0.2}, "value": 2},
                                               {"params": {"lr": 5}, "value": 3}]}])")
                             .value();
  EXPECT_EQ(spec.warm_start[0].trials.size(), 2U);
  EXPECT_EQ(spec.notes,
            std::vector<std::string>{"warm_start[0]: 1 of 3 trials lie outside the space and are left out"});
}

TEST(WarmStart, FaultsNameTheFieldByItsPath) {
  const auto fault = [](const std::string& text, const SpecOptions& options = {}) {
    const auto spec = study(text, options);
    return spec ? "" : spec.error().describe();
  };
  EXPECT_EQ(fault("{}"), "warm_start: must be a list of at most 16 studies");
  EXPECT_EQ(fault(R"([{"trials": [{"params": {"lr": 7}, "value": 1}]}])"),
            "warm_start[0].trials: must have two COMPLETED trials that fit the space, has 0");
  EXPECT_EQ(fault(R"([{"trials": [{"params": {"lr": 0.1}}]}])"), "warm_start[0].trials[0].value: must be a number");
  EXPECT_EQ(fault(R"([{"trials": [{"value": 1}]}])"), "warm_start[0].trials[0].params: is missing");
  EXPECT_EQ(fault(R"([{"name": "x"}])"), "warm_start[0].trials: is missing");
  EXPECT_EQ(fault(R"([{"path": "older.json"}])", {.data_root = "/", .confine = true}),
            "warm_start[0].path: files are read by the command line only: give the trials themselves");
}

TEST(WarmStart, ReadsWhatSweepWrote) {
  const std::filesystem::path folder = std::filesystem::temp_directory_path() / ("krige-warm-" + random_id(8));
  std::filesystem::create_directory(folder);
  std::ofstream(folder / "older.json") << R"({"study": {"name": "a"}, "trials": [
    {"id": 1, "state": "COMPLETED", "params": {"lr": 0.1, "n": 2}, "value": 0.5},
    {"id": 2, "state": "FAILED", "params": {"lr": 0.1, "n": 3}, "value": null},
    {"id": 3, "state": "COMPLETED", "params": {"lr": 0.3, "n": 2}, "value": 0.4}]})";
  const auto spec = study(R"([{"path": "older.json"}])", {.data_root = folder.string(), .confine = false});
  ASSERT_TRUE(spec) << spec.error().describe();
  EXPECT_EQ(spec->warm_start[0].name, "older");
  EXPECT_EQ(spec->warm_start[0].trials.size(), 2U);
  const auto fault_of = [&](const std::string& text) {
    std::ofstream(folder / "odd.json") << text;
    const auto odd = study(R"([{"path": "odd.json"}])", {.data_root = folder.string(), .confine = false});
    return odd ? "" : odd.error().describe();
  };
  EXPECT_EQ(fault_of(R"({"trials": 5})"), "warm_start[0].trials: must be a list of at most 2000 trials");
  EXPECT_EQ(fault_of(R"({"trials": [{"state": null, "params": {"lr": 0.1}, "value": 1}]})"),
            "warm_start[0].trials: must have two COMPLETED trials that fit the space, has 0");
  EXPECT_EQ(fault_of(R"({"trials": [7, {"params": 7, "value": 1}]})"),
            "warm_start[0].trials[0]: must be an object: {params, value}\n"
            "warm_start[0].trials[1].params: must be an object of parameters");
  EXPECT_EQ(fault_of("[1]").substr(0, 19), "warm_start[0].path:");
  const auto missing = study(R"([{"path": "none.json"}])", {.data_root = folder.string(), .confine = false});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().field, "warm_start[0].path");
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace krige::tuner
