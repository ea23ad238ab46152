// Several objectives and constraints from the first report to the store, a restart and the replay.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "gp/hypervolume/pareto.h"
#include "tests/tuner/study/support.h"
#include "tuner/study/codec.h"
#include "tuner/study/replay.h"
#include "tuner/trial/codec.h"
#include "tuner/trial/outcome.h"

namespace krige::tuner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

constexpr const char* kTwo = R"({
  "method": "gp", "seed": 5, "budget": {"max_trials": 14},
  "parameters": {"x": {"type": "float", "min": 0, "max": 1}, "y": {"type": "float", "min": 0, "max": 1}},
  "objectives": [{"name": "accuracy", "goal": "maximize"}, {"name": "latency"}],
  "constraints": [{"name": "memory", "max": 1.5}]})";
constexpr const char* kBound = R"({
  "method": "random", "budget": {"max_trials": 6}, "parameters": {"x": {"type": "float", "min": 0, "max": 1}},
  "metric": {"name": "loss"}, "constraints": [{"name": "memory", "max": 10}]})";
constexpr const char* kCommand = R"({
  "method": "random", "budget": {"max_trials": 1}, "parameters": {"x": {"type": "float", "min": 0, "max": 1}},
  "objectives": [{"name": "accuracy", "goal": "maximize", "reduce": "best"}, {"name": "latency"}],
  "constraints": [{"name": "memory", "max": 10}], "command": ["work"]})";

double number(const Params& params, std::string_view name) { return std::get<double>(*find(params, name)); }

Metrics metrics_of(const Params& params) {
  const double x = number(params, "x"), y = number(params, "y");
  return {{"accuracy", 1 - x * x - y * y / 4}, {"latency", (1 - x) * (1 - x) + y}, {"memory", x + y}};
}

class OutcomesTest : public EngineFixture {
 protected:
  Result<Trial> complete(const StudyId& id, const Assignment& given, Metrics metrics) {
    Completion completion;
    completion.metrics = std::move(metrics);
    return engine_->complete(id, given.trial, given.token, completion);
  }
  Trial complete_one(const StudyId& id) {
    const Assignment given = one(id, "w");
    return complete(id, given, metrics_of(given.params)).value();
  }
  std::vector<TrialId> optimal(const StudyId& id) {
    std::vector<TrialId> out;
    const TrialPage page = engine_->optimal(id).value();
    for (const Trial& trial : page.trials) out.push_back(trial.id);
    return out;
  }
};

// By comparing all pairs.
std::vector<TrialId> unbeaten(const StudySpec& spec, const std::vector<Trial>& trials) {
  std::vector<TrialId> out;
  for (const Trial& one : trials) {
    if (one.state != TrialState::completed || !one.feasible()) continue;
    bool beaten = false;
    for (const Trial& other : trials)
      beaten = beaten || (other.state == TrialState::completed && other.feasible() &&
                          gp::dominates(losses(spec, other), losses(spec, one)));
    if (!beaten) out.push_back(one.id);
  }
  return out;
}

TEST_F(OutcomesTest, TheParetoSetSurvivesARestartAndTheReplayAgrees) {
  const StudyId id = create(kTwo);
  const StudySpec spec = parse_study(parse_json(kTwo).value()).value();
  for (int i = 0; i < 8; ++i) complete_one(id);
  const std::vector<Trial> before = storage_->trials(id).value();
  EXPECT_EQ(view(id).optimal, unbeaten(spec, before));
  engine_.reset();
  open();
  EXPECT_EQ(view(id).optimal, unbeaten(spec, before));
  for (int i = 0; i < 6; ++i) complete_one(id);
  ASSERT_TRUE(wait_for_state(id, StudyState::completed));
  const std::vector<Trial> trials = storage_->trials(id).value();
  EXPECT_EQ(view(id).optimal, unbeaten(spec, trials));
  EXPECT_FALSE(view(id).best);
  EXPECT_EQ(optimal(id), view(id).optimal);
  EXPECT_GE(std::ranges::count(trials, "gp", [](const Trial& trial) { return trial.suggestion.method; }), 5);
  const Result<Replay> replayed = replay(*make_sampler(spec), events(id));
  ASSERT_TRUE(replayed) << replayed.error().describe();
  EXPECT_EQ(replayed->made, 14);
  EXPECT_EQ(replayed->differing, std::vector<TrialId>());
}

TEST_F(OutcomesTest, ACompletionMustHaveAllMetrics) {
  const StudyId id = create(kTwo);
  const Assignment given = one(id, "w");
  const Result<Trial> missing = complete(id, given, {{"accuracy", 0.5}, {"latency", 3}});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(missing.error().field, "metrics.memory");
  Completion value;
  value.value = 3;
  const Result<Trial> alone = engine_->complete(id, given.trial, given.token, value);
  ASSERT_FALSE(alone);
  EXPECT_EQ(alone.error().field, "value");
  const Metrics all{{"accuracy", 0.5}, {"latency", 3}, {"memory", 2}};
  const Trial ended = complete(id, given, all).value();
  EXPECT_EQ(ended.state, TrialState::completed) << "it has a result, which does not count";
  EXPECT_FALSE(ended.feasible());
  EXPECT_TRUE(view(id).optimal.empty());
  EXPECT_TRUE(complete(id, given, all)) << "the same again is no conflict";
  EXPECT_FALSE(complete(id, given, {{"accuracy", 0.6}, {"latency", 3}, {"memory", 2}}));
}

TEST_F(OutcomesTest, AMetricThatIsNotFiniteMakesTheTrialInfeasible) {
  const StudyId id = create(kTwo);
  const Trial ended = complete(id, one(id, "w"), {{"accuracy", 0.5}, {"latency", NAN}, {"memory", 1}}).value();
  EXPECT_EQ(ended.state, TrialState::infeasible);
  EXPECT_EQ(ended.reason, "latency became NaN");
  EXPECT_TRUE(ended.values.empty());
}

TEST_F(OutcomesTest, TheBestIsTheBestFeasible) {
  const StudyId id = create(kBound);
  for (const auto& [loss, memory] : {std::pair{5.0, 3.0}, {1.0, 11.0}, {4.0, 10.0}, {4.0, 2.0}})
    ASSERT_TRUE(complete(id, one(id, "w"), {{"loss", loss}, {"memory", memory}}));
  ASSERT_TRUE(view(id).best);
  EXPECT_EQ(view(id).best->trial, 3);
  EXPECT_THAT(optimal(id), ElementsAre(3, 4)) << "the best, and its equal";
  // The value alone, where the constraint was reported before.
  const Assignment given = one(id, "w");
  Completion value;
  value.value = 2;
  const Result<Trial> missing = engine_->complete(id, given.trial, given.token, value);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().field, "metrics.memory");
  ASSERT_TRUE(engine_->report(id, given.trial, given.token, 1, {{"memory", 4}}));
  EXPECT_EQ(engine_->complete(id, given.trial, given.token, value)->constraints.at(0).value, 4);
  EXPECT_EQ(view(id).best->trial, 5);
}

TEST_F(OutcomesTest, AProgramsRecordsAreReduced) {
  const StudyId id = create(kCommand);
  const AttemptKey key = bench_->wait_for(1).value();
  bench_->line(key, R"({"step": 1, "accuracy": 0.9, "latency": 7, "memory": 4})");
  bench_->line(key, R"({"step": 2, "accuracy": 0.8, "latency": 5})");
  bench_->exit(key, {.kind = Outcome::Kind::exited});
  ASSERT_TRUE(wait_for_state(id, StudyState::completed));
  const Trial ended = trial(id, 1);
  EXPECT_THAT(ended.values, ElementsAre(Pair("accuracy", 0.9), Pair("latency", 5)));
  EXPECT_THAT(ended.constraints, ElementsAre(ConstraintResult{"memory", 4, true}));
}

TEST_F(OutcomesTest, WithoutABetterTradeOffTheStudyEnds) {
  std::string json = kTwo;
  json.replace(json.find(R"("max_trials": 14)"), 16, R"("no_improvement": 3)");
  const StudyId id = create(json);
  for (const double latency : {2.0, 1.0}) {
    const Metrics better{{"accuracy", 0.5}, {"latency", latency}, {"memory", 1}};
    ASSERT_TRUE(complete(id, one(id, "w"), better));
  }
  EXPECT_THAT(view(id).optimal, ElementsAre(2));
  for (int i = 0; i < 3; ++i)
    ASSERT_TRUE(complete(id, one(id, "w"), {{"accuracy", 0.4}, {"latency", 3}, {"memory", 1}}));
  ASSERT_TRUE(wait_for_state(id, StudyState::completed));
  EXPECT_EQ(view(id).row.state_reason, "no_improvement");
}

TEST_F(OutcomesTest, TheStudysJsonHasTheParetoSetInsteadOfABest) {
  const StudyId id = create(kTwo);
  ASSERT_TRUE(complete(id, one(id, "w"), {{"accuracy", 0.5}, {"latency", 1}, {"memory", 1}}));
  const OrderedJson json = to_json(view(id));
  EXPECT_TRUE(json["best"].is_null());
  EXPECT_EQ(json["optimal"], OrderedJson::parse("[1]"));
  EXPECT_FALSE(to_json(view(create(kBound))).contains("optimal"));
  EXPECT_EQ(to_json(view(id), WithSpec::no)["objectives"][0]["name"], "accuracy");
}

}  // namespace
}  // namespace krige::tuner
