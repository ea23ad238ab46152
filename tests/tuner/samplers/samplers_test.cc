// Every sampler over the same spaces: inside the space, never twice, the same for the same seed and history.
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "tuner/samplers/gp_space.h"
#include "tuner/samplers/sampler.h"

namespace krige::tuner {
namespace {

constexpr const char* kMixed = R"({
  "lr": {"type": "float", "min": 1e-5, "max": 1, "scale": "log"},
  "optimizer": {"values": ["sgd", "momentum", "adam"]},
  "momentum": {"type": "float", "min": 0, "max": 0.99, "when": {"optimizer": "momentum"}},
  "layers": {"type": "int", "min": 1, "max": 4},
  "width": {"type": "ordinal", "values": [16, 64, 256], "when": {"layers": [2, 3, 4]}},
  "fixed": {"value": 1}})";
constexpr const char* kFinite = R"({
  "a": {"values": ["x", "y", "z"]},
  "n": {"type": "int", "min": 1, "max": 4, "when": {"a": ["x", "y"]}},
  "f": {"type": "float", "min": 0, "max": 1, "step": 0.5, "when": {"n": 2}}})";  // 3·2 + 2·3 + 1 = 13 points

// The same without what CMA-ES refuses.
constexpr const char* kNumeric = R"({
  "lr": {"type": "float", "min": 1e-5, "max": 1, "scale": "log"},
  "noise": {"scale": "normal", "mu": 3, "sigma": 2, "step": 0.5},
  "layers": {"type": "int", "min": 1, "max": 4},
  "width": {"type": "ordinal", "values": [16, 64, 256]},
  "fixed": {"value": 1}})";
constexpr const char* kFiniteNumeric = R"({
  "one": {"type": "int", "min": 1, "max": 3, "step": 2},
  "n": {"type": "ordinal", "values": ["s", "m", "l"]}, "single": {"type": "ordinal", "values": [7]},
  "f": {"type": "float", "min": 0, "max": 1, "step": 0.5}})";  // 2·3·3 = 18 points

StudySpec spec_of(const char* parameters, const std::string& method, int seed) {
  const std::string json = std::string(R"({"method": ")") + method + R"(", "seed": )" + std::to_string(seed) +
                           R"(, "metric": {"name": "loss"}, "parameters": )" + parameters + "}";
  return parse_study(parse_json(json).value()).value();
}

// A smooth loss over whatever the space has.
double loss(const StudySpec& spec, const Params& params) {
  double sum = 0;
  for (const double u : spec.space.encode(params)) sum += std::isnan(u) ? 0.1 : (u - 0.3) * (u - 0.3);
  return sum;
}

Trial finished(TrialId id, Params params, TrialState state, std::optional<double> value) {
  Trial trial;
  trial.id = id;
  trial.state = state;
  trial.params = std::move(params);
  trial.value = value;
  return trial;
}

enum class Fate { all_complete, some_pending_some_failed };

// Runs `trials` trials; of some, every third stays pending and every seventh fails.
std::vector<Trial> run(const StudySpec& spec, int trials, Fate fate = Fate::some_pending_some_failed) {
  FittingSampler sampler(spec);
  std::vector<Trial> history;
  for (TrialId id = 1; id <= trials; ++id) {
    const Result<Suggestion> suggestion = sampler.propose(history, id);
    if (!suggestion) {
      EXPECT_EQ(suggestion.error().code, ErrorCode::space_exhausted);
      break;
    }
    TrialState state = TrialState::completed;
    if (fate == Fate::some_pending_some_failed && id % 7 == 0) state = TrialState::failed;
    if (fate == Fate::some_pending_some_failed && id % 3 == 0) state = TrialState::running;
    history.push_back(
        finished(id, suggestion->params, state,
                 state == TrialState::completed ? std::optional(loss(spec, suggestion->params)) : std::nullopt));
  }
  return history;
}

void expect_valid_and_distinct(const StudySpec& spec, const std::vector<Trial>& history) {
  std::set<std::string> seen;
  for (const Trial& trial : history) {
    EXPECT_TRUE(spec.space.check(trial.params)) << point_key(trial.params);
    EXPECT_TRUE(seen.insert(point_key(trial.params)).second) << "proposed twice: " << point_key(trial.params);
  }
}

class SamplersTest : public ::testing::TestWithParam<std::string> {};

TEST_P(SamplersTest, StaysInsideAMixedConditionalSpaceAndNeverRepeats) {
  if (GetParam() == "grid") return;  // the space is not finite, which the study file refuses
  const StudySpec spec = spec_of(GetParam() == "cmaes" ? kNumeric : kMixed, GetParam(), 5);
  const std::vector<Trial> history = run(spec, 30);
  EXPECT_EQ(history.size(), 30U);
  expect_valid_and_distinct(spec, history);
}

TEST_P(SamplersTest, ExhaustsAFiniteSpaceAndSaysSo) {
  for (const auto& [space, size] : {std::pair(kFinite, 13U), std::pair(kFiniteNumeric, 18U)}) {
    if (GetParam() == "cmaes" && space == kFinite) continue;
    const StudySpec spec = spec_of(space, GetParam(), 1);
    const std::vector<Trial> history = run(spec, 100);
    EXPECT_EQ(history.size(), size);
    expect_valid_and_distinct(spec, history);
  }
}

TEST_P(SamplersTest, SameSeedAndHistoryGiveTheSamePoints) {
  const StudySpec spec = spec_of(GetParam() == "cmaes" ? kFiniteNumeric : kFinite, GetParam(), 9);
  const std::vector<Trial> first = run(spec, 13), second = run(spec, 13);
  EXPECT_EQ(first, second);
}

INSTANTIATE_TEST_SUITE_P(All, SamplersTest, ::testing::Values("gp", "random", "sobol", "grid", "cmaes"),
                         [](const auto& instance) { return instance.param; });

TEST(Samplers, TheDefaultPointComesFirst) {
  for (const char* method : {"gp", "random", "sobol", "cmaes"}) {
    const StudySpec spec = spec_of(
        R"({"x": {"min": 0.0, "max": 1.0, "default": 0.2}, "n": {"min": 1, "max": 9, "default": 7}})", method, 2);
    const Suggestion first = FittingSampler(spec).propose({}, 1).value();
    EXPECT_EQ(first.info.method, "default");
    EXPECT_EQ(point_key(first.params), R"({"x":0.2,"n":7})");
  }
}

TEST(Samplers, SobolFillsTheSpaceEvenly) {
  const StudySpec spec = spec_of(R"({"x": {"min": 0.0, "max": 1.0}, "y": {"min": 0.0, "max": 1.0}})", "sobol", 4);
  std::array<int, 16> cells{};
  for (const Trial& trial : run(spec, 64)) {
    const auto cell = [&](const char* name) {
      return static_cast<int>(4 * std::get<double>(*find(trial.params, name)));
    };
    ++cells[static_cast<std::size_t>(4 * cell("x") + cell("y"))];
  }
  for (const int count : cells) EXPECT_EQ(count, 4);  // a (0, 6, 2)-net in base 2
}

TEST(Samplers, GpSaysWhatItExpected) {
  const StudySpec spec = spec_of(R"({"x": {"min": 0.0, "max": 1.0}})", "gp", 4);
  std::vector<Trial> history = run(spec, 20);
  const Suggestion next = FittingSampler(spec).propose(history, 21).value();
  EXPECT_EQ(next.info.method, "gp");
  ASSERT_TRUE(next.info.mean && next.info.sd && next.info.log_ei);
  EXPECT_GE(*next.info.sd, 0);
}

TEST(Samplers, GpComesMuchCloserToTheOptimumOfAMixedSpaceThanRandomSearch) {
  // sgd 0.09, no momentum 0.1, two layers 0.0011, width 16 0.09 or 64 0.04.
  const double optimum = 0.09 + 0.1 + (1.0 / 3 - 0.3) * (1.0 / 3 - 0.3) + 0.04;
  double gp_regret = 0, random_regret = 0;
  for (int seed = 0; seed < 5; ++seed) {
    const auto regret = [&](const char* method) {
      double lowest = 1e9;
      for (const Trial& trial : run(spec_of(kMixed, method, seed), 40, Fate::all_complete))
        lowest = std::min(lowest, *trial.value);
      return lowest - optimum;
    };
    gp_regret += regret("gp");
    random_regret += regret("random");
  }
  EXPECT_GE(gp_regret, -1e-9);
  EXPECT_LT(gp_regret, 0.25 * random_regret) << "random: " << random_regret;
}

TEST(GpSpace, ConditionsOnFixedParametersAreInherited) {
  const StudySpec spec = spec_of(R"({
    "a": {"values": ["x", "y"]},
    "f": {"value": 1, "when": {"a": "y"}},
    "b": {"min": 0.0, "max": 1.0, "when": {"f": 1}}})",
                                 "random", 0);
  const gp::InputSpace space = make_input_space(spec.space);
  ASSERT_EQ(space.size(), 2U);
  ASSERT_EQ(space.dimensions[1].when.size(), 1U);
  EXPECT_EQ(space.dimensions[1].when[0].parent, 0U);
  EXPECT_EQ(space.dimensions[1].when[0].levels, std::vector<std::int64_t>{1});
  EXPECT_TRUE(gp::validate(space));
}

}  // namespace
}  // namespace krige::tuner
