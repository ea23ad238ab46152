#include "tuner/study/trial_filter.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tuner/study/trial_selection.h"

namespace krige::tuner {
namespace {

StudySpec spec(const char* json) { return parse_study(parse_json(json).value()).value(); }

const char* const kStudy = R"({"metric": {"name": "accuracy", "goal": "maximize"}, "parameters": {
    "rate": {"min": 0.0, "max": 1.0}, "optimizer": {"values": ["adam", "sgd", "sgd, nesterov"]},
    "value": {"min": 0, "max": 9}}})";

Trial trial(TrialId id, TrialState state, std::optional<double> value, Params params) {
  Trial t;
  t.id = id;
  t.state = state;
  t.value = value;
  t.params = std::move(params);
  t.suggestion.method = "gp";
  t.created_at = WallTime(Millis(1000));
  if (is_final(state)) t.ended_at = WallTime(Millis(1000 + 10'000 * id));
  return t;
}

std::vector<Trial> trials() {
  std::vector<Trial> all{
      trial(1, TrialState::completed, 0.91,
            {{"rate", 0.1}, {"optimizer", std::string("adam")}, {"value", std::int64_t{7}}}),
      trial(2, TrialState::failed, {}, {{"rate", 0.5}, {"optimizer", std::string("sgd")}}),
      trial(3, TrialState::completed, 0.85, {{"rate", 0.01}, {"optimizer", std::string("sgd, nesterov")}}),
      trial(4, TrialState::running, {}, {{"rate", 0.2}})};
  all[1].reason = "Out of memory";
  return all;
}

std::vector<TrialId> found(const std::string& text) {
  const StudySpec study = spec(kStudy);
  const auto filter = TrialFilter::parse(text);
  EXPECT_TRUE(filter) << text;
  const auto passes = filter->test(study);
  EXPECT_TRUE(passes) << text;
  std::vector<TrialId> ids;
  for (const Trial& one : trials())
    if ((*passes)(one)) ids.push_back(one.id);
  return ids;
}

std::string fault(const std::string& text) {
  const auto filter = TrialFilter::parse(text);
  const auto passes = filter ? filter->test(spec(kStudy)) : Result<TrialFilter::Test>(fail(filter.error()));
  if (passes) return "";
  EXPECT_EQ(passes.error().field, "filter");
  return passes.error().message;
}

using Ids = std::vector<TrialId>;

TEST(TrialFilter, ConditionsMustAllHold) {
  EXPECT_EQ(found(""), (Ids{1, 2, 3, 4}));
  EXPECT_EQ(found("accuracy > 0.9"), Ids{1});
  EXPECT_EQ(found("accuracy>=0.85 rate<0.1"), Ids{3});
  EXPECT_EQ(found("state = completed and rate <= 0.1"), (Ids{1, 3}));
  EXPECT_EQ(found("state=COMPLETED,FAILED"), (Ids{1, 2, 3}));
  EXPECT_EQ(found("state != completed,failed"), Ids{4});
  EXPECT_EQ(found("optimizer = \"sgd, nesterov\""), Ids{3});
  EXPECT_EQ(found("optimizer ~ SGD"), (Ids{2, 3}));
  EXPECT_EQ(found("seconds >= 10 id != 2"), (Ids{1, 3}));
  EXPECT_EQ(found("optimizer != adam"), (Ids{2, 3})) << "what a trial does not have is not another value";
  EXPECT_EQ(found("rate = 0.10"), Ids{1});
  EXPECT_EQ(found("method=gp trial < 3"), (Ids{1, 2}));
}

TEST(TrialFilter, AParameterGoesBeforeAFieldOfItsName) { EXPECT_EQ(found("value = 7"), Ids{1}); }

TEST(TrialFilter, AWordAloneIsLookedForEverywhere) {
  EXPECT_EQ(found("memory"), Ids{2});
  EXPECT_EQ(found("ADAM"), Ids{1});
  EXPECT_EQ(found("\"out of\""), Ids{2});
  EXPECT_EQ(found("running"), Ids{4});
  EXPECT_EQ(found("0.01"), Ids{3});
}

TEST(TrialFilter, WhatIsNotUnderstoodIsSaid) {
  EXPECT_EQ(fault("nothing > 3"), "there is no nothing");
  EXPECT_EQ(fault("rate <"), "rate < has no value behind it");
  EXPECT_EQ(fault("> 3"), "> has no name before it");
  EXPECT_EQ(fault("state = done"), "done is not a state of a trial");
  EXPECT_EQ(fault("rate = \"unclosed"), "") << "a mark that nothing closes is a letter";
  for (const char* odd : {"!", "\"", "\"\"", "~", "a!b", "==", "rate !! 3", "  ", "\"\" = 3"})
    fault(odd);  // neither hangs nor crashes
}

TEST(TrialFilter, OfSeveralObjectivesAndConstraintsByTheirNames) {
  const StudySpec study =
      spec(R"({"objectives": [{"name": "loss", "goal": "minimize"}, {"name": "speed", "goal": "maximize"}],
      "constraints": [{"name": "memory", "max": 10}], "parameters": {"x": {"min": 0.0, "max": 1.0}}})");
  Trial one = trial(1, TrialState::completed, {}, {{"x", 0.5}});
  one.values = {{"loss", 2}, {"speed", 7}};
  one.constraints = {{"memory", 12, false}};
  EXPECT_TRUE((*TrialFilter::parse("speed > 5 memory > 10 loss = 2")->test(study))(one));
  EXPECT_FALSE((*TrialFilter::parse("memory <= 10")->test(study))(one));
}

TrialSelection selected(const TrialQuery& query) { return select_trials(trials(), spec(kStudy), query).value(); }

TEST(TrialSelection, SortsByAnyFieldAndPutsWhatHasNoneLast) {
  TrialQuery query;
  query.sort = TrialSort{"rate"};
  EXPECT_EQ(selected(query).ids, (Ids{3, 1, 4, 2}));
  query.sort = TrialSort{"accuracy", true};
  EXPECT_EQ(selected(query).ids, (Ids{1, 3, 2, 4}));
  query.sort = TrialSort{"accuracy"};
  EXPECT_EQ(selected(query).ids, (Ids{3, 1, 2, 4}));
  query.sort = TrialSort{"optimizer"};
  EXPECT_EQ(selected(query).ids, (Ids{1, 2, 3, 4}));
  query.sort = TrialSort{"nothing"};
  EXPECT_EQ(select_trials(trials(), spec(kStudy), query).error().field, "order_by");
}

TEST(TrialSelection, APageOfThoseThatPass) {
  TrialQuery query;
  query.filter = TrialFilter::parse("rate > 0.05").value();
  query.order = TrialOrder::id_descending;
  query.limit = 2;
  EXPECT_EQ(selected(query).ids, (Ids{4, 2}));
  EXPECT_EQ(selected(query).total, 3U);
  query.offset = 2;
  EXPECT_EQ(selected(query).ids, Ids{1});
  query.offset = 9;
  EXPECT_EQ(selected(query).ids, Ids{});
  query.offset = 0;
  query.states = {TrialState::failed};
  EXPECT_EQ(selected(query).ids, Ids{2});
}

TEST(TrialSelection, APageBeginsWhereTheOneBeforeEndedWhateverHasChanged) {
  const StudySpec study = spec(kStudy);
  std::vector<Trial> now = trials();
  const auto page = [&](TrialQuery& query) {
    const TrialSelection selection = select_trials(now, study, query).value();
    query.from = selection.next;
    return selection.ids;
  };
  TrialQuery unfinished;
  unfinished.filter = TrialFilter::parse("state != completed").value();
  unfinished.limit = 1;
  EXPECT_EQ(page(unfinished), Ids{2});
  now[1].state = TrialState::completed;
  EXPECT_EQ(page(unfinished), Ids{4}) << "one before it is no longer in the list";
  EXPECT_FALSE(unfinished.from);

  TrialQuery by_rate;
  by_rate.sort = TrialSort{"rate"};
  by_rate.limit = 2;
  EXPECT_EQ(page(by_rate), (Ids{3, 1}));
  now.push_back(trial(5, TrialState::running, {}, {{"rate", 0.001}}));
  EXPECT_EQ(page(by_rate), (Ids{4, 2})) << "one has come before it";

  TrialQuery by_state;
  by_state.sort = TrialSort{"state"};
  by_state.limit = 3;
  EXPECT_EQ(page(by_state), (Ids{1, 2, 3}));
  now[3].state = TrialState::completed;  // the first of the next page
  EXPECT_EQ(page(by_state), Ids{5}) << "its place is known without it";

  TrialQuery by_optimizer;
  by_optimizer.sort = TrialSort{"optimizer", true};
  by_optimizer.limit = 1;
  Ids seen;
  do {
    const Ids ids = page(by_optimizer);
    seen.insert(seen.end(), ids.begin(), ids.end());
  } while (by_optimizer.from && seen.size() < 9);
  EXPECT_EQ(seen, (Ids{3, 2, 1, 4, 5}));
}

TEST(TrialSelection, IsInTheOrderOfTheIndexWhereThatHasOne) {
  std::vector<Trial> all;
  for (TrialId id = 1; id <= 3; ++id) all.push_back(trial(id, TrialState::completed, 0.5, {{"rate", 0.1}}));
  all.push_back(trial(4, TrialState::running, {}, {}));
  all.push_back(trial(5, TrialState::running, {}, {}));
  TrialQuery query;
  query.order = TrialOrder::value_descending;
  query.offset = 1;
  EXPECT_EQ(select_trials(all, spec(kStudy), query).value().ids, (Ids{2, 1, 4, 5}));
}

}  // namespace
}  // namespace krige::tuner
