// Several objectives and constraints, as the Gaussian process learns and searches them.
#include "tuner/samplers/gp_outcomes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "gp/hypervolume/hypervolume.h"
#include "tuner/samplers/sampler.h"
#include "tuner/trial/outcome.h"

namespace krige::tuner {
namespace {

using testing::ElementsAre;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

StudySpec spec_of(const std::string& method, const std::string& outcomes) {
  const std::string json = R"({"seed": 4, "method": ")" + method + R"(", "parameters": {
      "x": {"type": "float", "min": 0, "max": 1}, "y": {"type": "float", "min": 0, "max": 1}}, )" +
                           outcomes + "}";
  return parse_study(parse_json(json).value()).value();
}

const std::string kTwo = R"("objectives": [{"name": "f"}, {"name": "g", "goal": "maximize"}])";
const std::string kBound = R"("constraints": [{"name": "c", "max": 0.5}])";

// f = x² + y² falls towards the origin, g = −(1 − x)² − y² rises towards (1, 0); c = x.
Metrics metrics_at(double x, double y) { return {{"f", x * x + y * y}, {"g", -(1 - x) * (1 - x) - y * y}, {"c", x}}; }

Trial ended(const StudySpec& spec, TrialId id, Params params) {
  Trial trial;
  trial.id = id;
  const std::vector<double> u = spec.space.encode(params);
  Verdict verdict = judge(spec, metrics_at(u[0], u[1])).value();
  trial.state = verdict.state;
  trial.set(std::move(verdict.measured));
  trial.params = std::move(params);
  return trial;
}

std::vector<Trial> run(const StudySpec& spec, int trials) {
  FittingSampler sampler(spec);
  std::vector<Trial> history;
  for (TrialId id = 1; id <= trials; ++id) {
    Result<Suggestion> suggestion = sampler.propose(history, id);
    if (!suggestion) throw std::runtime_error(suggestion.error().describe());
    history.push_back(ended(spec, id, std::move(suggestion->params)));
    history.back().suggestion = std::move(suggestion->info);
  }
  return history;
}

double share_of_hypervolume(const StudySpec& spec, const std::vector<Trial>& trials) {
  std::vector<gp::Objectives> found;
  for (const Trial& trial : trials)
    if (trial.feasible()) found.push_back(losses(spec, trial));
  return gp::hypervolume(found, gp::Objectives{1.1, 1.1});
}

TEST(GpOutcomes, AHistoryHasEveryOutcomeAsALoss) {
  const StudySpec spec =
      spec_of("gp", kTwo + R"(, "constraints": [{"name": "c", "min": 0.25}, {"name": "f", "min": 0.1, "max": 0.5}])");
  const std::vector<Trial> trials{ended(spec, 1, {{"x", 0.5}, {"y", 0.0}}), ended(spec, 2, {{"x", 0.0}, {"y", 1.0}})};
  const GpHistory data = read_history(spec, 2, trials, 100);
  EXPECT_THAT(data.losses, ElementsAre(0.25, 1));
  EXPECT_THAT(data.further, ElementsAre(ElementsAre(0.25, 2)));
  EXPECT_THAT(data.constrained, ElementsAre(ElementsAre(-0.5, 0), ElementsAre(0.25, 1)));
  EXPECT_THAT(data.feasible, ElementsAre(true, false));
  const gp::OutcomeConstraint low = bounds_of(spec.constraints[0]), both = bounds_of(spec.constraints[1]);
  EXPECT_EQ(low.low, -kInfinity);
  EXPECT_EQ(low.high, -0.25) << "turned round";
  EXPECT_EQ(both.low, 0.1);
  EXPECT_EQ(both.high, 0.5);
}

TEST(GpOutcomes, TheFeasibleStandBeforeTheOthersAndTheParetoSetFirst) {
  const StudySpec spec = spec_of("gp", kTwo + ", " + kBound);
  std::vector<Trial> trials;
  for (const auto& [x, y] : {std::pair{0.0, 0.0}, {0.4, 0.0}, {0.4, 0.5}, {0.9, 0.0}, {0.6, 0.0}})
    trials.push_back(ended(spec, static_cast<TrialId>(trials.size() + 1), {{"x", x}, {"y", y}}));
  const GpHistory data = read_history(spec, 2, trials, 100);
  const std::vector<double> standing = standings(spec, data);
  EXPECT_EQ(standing[0], 0);
  EXPECT_EQ(standing[1], 0);
  EXPECT_GT(standing[2], 0);
  EXPECT_GT(standing[4], standing[2]) << "breaks the bound a little";
  EXPECT_GT(standing[3], standing[4]) << "breaks it more";
  EXPECT_EQ(points_to_begin_from(spec, data).size(), 5U);
}

TEST(GpOutcomes, BeyondTheLimitTheFrontStays) {
  const StudySpec spec = spec_of("gp", kTwo);
  std::vector<Trial> trials;
  for (int i = 0; i < 200; ++i)
    trials.push_back(ended(spec, i + 1, {{"x", (i * 37 % 200) / 200.0}, {"y", i % 5 == 0 ? 0.0 : 0.5 + i / 500.0}}));
  const GpHistory data = read_history(spec, 2, trials, 100);
  ASSERT_EQ(data.losses.size(), 100U);
  ASSERT_EQ(data.further.front().size(), 100U);
  ASSERT_EQ(data.feasible.size(), 100U);
  std::size_t on_front = 0;
  for (std::size_t i = 0; i < 100; ++i) on_front += data.points.row(i)[1] == 0 ? 1U : 0U;
  EXPECT_EQ(on_front, 40U) << "all of the Pareto set";
}

TEST(GpOutcomes, TheReferenceIsTheStudysElseFromWhatWasFound) {
  const StudySpec spec =
      spec_of("gp", R"("objectives": [{"name": "f"}, {"name": "g", "goal": "maximize", "reference": -3}])");
  const std::vector<Trial> trials{ended(spec, 1, {{"x", 0.0}, {"y", 0.0}}), ended(spec, 2, {{"x", 1.0}, {"y", 0.0}})};
  const std::vector<double> reference = reference_of(spec, read_history(spec, 2, trials, 100));
  EXPECT_DOUBLE_EQ(reference[0], 1.3);
  EXPECT_DOUBLE_EQ(reference[1], 3);
}

TEST(GpOutcomes, FindsMoreOfTheFrontThanRandomSearch) {
  const double by_gp = share_of_hypervolume(spec_of("gp", kTwo), run(spec_of("gp", kTwo), 25));
  const double by_chance = share_of_hypervolume(spec_of("random", kTwo), run(spec_of("random", kTwo), 25));
  const double all = 1.1 * 1.1 - 1.0 / 6;  // below the front √g = 1 − √f
  EXPECT_GT(by_gp, 0.97 * all);
  EXPECT_LT(by_chance, by_gp - 0.05);
}

TEST(GpOutcomes, SuggestionsTellWhatWasExpectedOfEachObjective) {
  const StudySpec spec = spec_of("gp", kTwo + ", " + kBound);
  const std::vector<Trial> trials = run(spec, 16);
  const Trial& last = trials.back();
  ASSERT_EQ(last.suggestion.method, "gp");
  ASSERT_EQ(last.suggestion.means.size(), 2U);
  EXPECT_EQ(last.suggestion.means[1].first, "g");
  EXPECT_NEAR(last.suggestion.means[1].second, last.values[1].second, 0.2) << "in the metric's own direction";
  ASSERT_TRUE(last.suggestion.feasible);
  EXPECT_GE(*last.suggestion.feasible, 0);
  EXPECT_LE(*last.suggestion.feasible, 1);
  EXPECT_FALSE(last.suggestion.mean);
}

TEST(GpOutcomes, OneObjectiveStaysWithinItsConstraint) {
  // Least at x = 1, which the constraint forbids: the best allowed is at x = 0.5.
  const StudySpec spec = spec_of("gp", R"("metric": {"name": "g", "goal": "maximize"}, )" + kBound);
  const std::vector<Trial> trials = run(spec, 25);
  double best = -kInfinity;
  for (const Trial& trial : trials)
    if (trial.feasible()) best = std::max(best, *trial.value);
  EXPECT_NEAR(best, -0.25, 0.01);
  EXPECT_LE(std::ranges::count_if(trials.begin() + 10, trials.end(), [](const Trial& t) { return !t.feasible(); }), 8);
}

TEST(GpOutcomes, FindsAFeasiblePointWhereFewAre) {
  const StudySpec spec =
      spec_of("gp", R"("metric": {"name": "g", "goal": "maximize"}, "constraints": [{"name": "f", "max": 0.002}])");
  const std::vector<Trial> trials = run(spec, 20);
  EXPECT_TRUE(std::ranges::any_of(trials, &Trial::feasible)) << "0.16 % of the space";
}

TEST(GpOutcomes, EveryMethodTakesThem) {
  for (const char* method : {"random", "sobol", "gp"}) {
    const std::vector<Trial> trials = run(spec_of(method, kTwo + ", " + kBound), 8);
    EXPECT_EQ(trials.size(), 8U) << method;
  }
}

TEST(GpOutcomes, AModelOfOtherOutcomesIsCorrupt) {
  const StudySpec two = spec_of("gp", kTwo);
  const std::vector<Trial> trials = run(two, 8);
  const GpHistory data = read_history(two, 2, trials, 100);
  GpModel model;
  model.objective.push_back(gp::default_hyperparameters({{{}, {}}}));
  model.constraints.push_back({model.objective, gp::OutputWarp::none});
  const auto processes = outcome_processes({{{}, {}}}, data, model);
  ASSERT_FALSE(processes);
  EXPECT_EQ(processes.error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace krige::tuner
