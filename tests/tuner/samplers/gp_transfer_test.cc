#include "tuner/samplers/gp_transfer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>
#include <numeric>

#include "tuner/samplers/gp_space.h"

namespace krige::tuner {
namespace {

using Function = std::function<double(double)>;

const Function kValley = [](double x) { return (x - 0.3) * (x - 0.3); };
const Function kHill = [](double x) { return -(x - 0.3) * (x - 0.3); };

StudySpec spec_with_older(const std::vector<Function>& functions, const std::string& goal = "minimize") {
  StudySpec spec = parse_study(parse_json(R"({"metric": {"name": "m", "goal": ")" + goal +
                                          R"("}, "parameters": {"x": {"type": "float", "min": 0, "max": 1}}})")
                                   .value())
                       .value();
  for (const Function& function : functions) {
    OlderStudy study;
    for (int i = 0; i <= 12; ++i) study.trials.push_back({{{"x", i / 12.0}}, function(i / 12.0)});
    spec.warm_start.push_back(std::move(study));
  }
  return spec;
}

std::vector<gp::GaussianProcess> processes_of(const StudySpec& spec) {
  const OlderStudies older(spec, make_input_space(spec.space));
  return older.processes(older.learn(1).value()).value();
}

GpHistory present(const Function& function, int n) {
  GpHistory out{{1, {}}, {}, {1, {}}, {}, {1, {}}, {}, {1, {}}, 0};
  for (int i = 0; i < n; ++i) {
    const double x = (i + 0.5) / n;
    out.points.append(std::span<const double>(&x, 1));
    out.losses.push_back(function(x));
  }
  return out;
}

TEST(OlderStudies, AModelEachPredictsWhatTheStudyFound) {
  const StudySpec spec = spec_with_older({kValley, [](double x) { return 5 * x; }});
  const auto processes = processes_of(spec);
  ASSERT_EQ(processes.size(), 2U);
  const double x = 0.54;
  EXPECT_NEAR(processes[0].predict(std::span(&x, 1)).mean, kValley(x), 0.01);
  EXPECT_NEAR(processes[1].predict(std::span(&x, 1)).mean, 5 * x, 0.05);
}

TEST(OlderStudies, WhatIsMaximizedIsALossOfTheOtherSign) {
  const auto processes = processes_of(spec_with_older({kHill}, "maximize"));
  const double x = 0.3;
  EXPECT_NEAR(processes[0].predict(std::span(&x, 1)).mean, 0, 0.01);
  EXPECT_EQ(processes[0].incumbent().first, 4U);  // 4/12, the nearest to the top
}

TEST(OlderStudies, ModelsOfOtherStudiesAreCorrupt) {
  const StudySpec spec = spec_with_older({kValley});
  const OlderStudies older(spec, make_input_space(spec.space));
  EXPECT_EQ(older.processes({}).error().code, ErrorCode::corrupt);
}

TEST(RankingWeights, AreEqualBeforeThereIsAnythingToRank) {
  const auto sources = processes_of(spec_with_older({kValley, kHill}));
  Rng rng(1);
  EXPECT_EQ(ranking_weights(sources, nullptr, present(kValley, 1), rng).value(), (std::vector{0.5, 0.5}));
}

TEST(RankingWeights, TheSourceThatOrdersThePresentWellHasTheWeight) {
  const auto sources = processes_of(spec_with_older({kHill, kValley}));
  Rng rng(1);
  const auto weights = ranking_weights(sources, nullptr, present(kValley, 6), rng).value();
  EXPECT_EQ(weights[0], 0) << "the contrary";
  EXPECT_NEAR(weights[1], 1, 1e-12);
}

TEST(RankingWeights, ASourceThatIsNoBetterThanChanceHasNone) {
  const auto sources = processes_of(spec_with_older({[](double x) { return std::sin(40 * x * x); }}));
  Rng rng(1);
  EXPECT_EQ(ranking_weights(sources, nullptr, present(kValley, 12), rng).value(), std::vector{0.0});
}

TEST(RankingWeights, AModelOfThePresentThatOrdersItBetterTakesTheWeight) {
  const auto sources = processes_of(spec_with_older({[](double x) { return std::abs(x - 0.45); }}));
  const GpHistory history = present(kValley, 24);
  const StudySpec spec = spec_with_older({});
  Rng rng(1);
  const gp::InputSpace space = make_input_space(spec.space);
  const gp::Learned learned = gp::learn(space, history.points, history.losses, {}, rng).value();
  const auto own = gp::GaussianProcess::from_state(
      {gp::State::kVersion, space, history.points, history.losses, learned.warp, learned.hyperparameters});
  ASSERT_TRUE(own);
  const auto alone = ranking_weights(sources, nullptr, history, rng).value();
  const auto beside = ranking_weights(sources, &*own, history, rng).value();
  EXPECT_EQ(alone, std::vector{1.0});
  EXPECT_LT(beside[0], 0.1);
}

}  // namespace
}  // namespace krige::tuner
