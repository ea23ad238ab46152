#include "tuner/study/replay.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <thread>

#include "tests/tuner/study/fake_learner.h"
#include "tests/tuner/study/support.h"
#include "tuner/study/events.h"
#include "tuner/study/explain.h"

namespace krige::tuner {
namespace {

constexpr const char* kLearning = R"({
  "name": "learning", "method": "gp", "seed": 5, "metric": {"name": "loss", "goal": "minimize"},
  "parameters": {"x": {"type": "float", "min": 0, "max": 1}}, "budget": {"max_trials": 60}})";
constexpr const char* kGp = R"({
  "name": "gp", "method": "gp", "seed": 5, "metric": {"name": "loss", "goal": "minimize"},
  "parameters": {"x": {"type": "float", "min": 1e-4, "max": 1, "scale": "log", "default": 0.01},
                 "n": {"type": "int", "min": 1, "max": 40}, "kind": {"values": ["a", "b"]},
                 "m": {"type": "float", "min": 0, "max": 0.99, "when": {"kind": "b"}}},
  "budget": {"max_trials": 45}})";

double as_number(const Params& params, std::string_view name) {
  const Value* value = find(params, name);
  if (value == nullptr) return 0;
  if (const auto* integer = std::get_if<std::int64_t>(value)) return static_cast<double>(*integer);
  const auto* number = std::get_if<double>(value);
  return number == nullptr ? 0.5 : *number;
}

class ReplayTest : public EngineFixture {
 protected:
  void learn_with_fake() {
    options_.sampler_for = [learner = learner_](const StudySpec&) { return std::make_unique<FakeLearner>(learner); };
    open();
  }

  void end_trial(const StudyId& id, const Assignment& given) {
    Completion completion;
    const double x = as_number(given.params, "x");
    const double n = as_number(given.params, "n") / 40 + as_number(given.params, "m");
    if (given.trial % 7 == 0)
      completion.state = TrialState::failed;
    else
      completion.value = given.trial % 11 == 0 ? NAN : (x - 0.3) * (x - 0.3) + std::sin(3 * n);
    static_cast<void>(engine_->report(id, given.trial, given.token, 1, {{"loss", 1.0 / 3}}));
    EXPECT_TRUE(engine_->complete(id, given.trial, given.token, completion));
  }

  // Workers side by side, each with two trials of which it ends the later one first, until the study has ended or
  // `enough` of it. Each may leave a trial behind.
  void work(const StudyId& id, const std::function<bool(const StudyView&)>& enough) {
    std::vector<std::jthread> workers;
    for (int w = 0; w < 4; ++w)
      workers.emplace_back([&, w] {
        while (!enough(view(id))) {
          const Result<SuggestAnswer> answer = engine_->suggest(id, 2, "w" + std::to_string(w), 10s);
          if (!answer) return;
          for (std::size_t i = answer->trials.size(); i-- > 0 && !enough(view(id));) end_trial(id, answer->trials[i]);
        }
      });
  }

  // To its end, with a restart in the middle.
  StudyId run(const char* json) {
    StudyId id = create(json);
    work(id, [](const StudyView& study) {
      const auto completed = study.trial_counts.find(TrialState::completed);
      return completed != study.trial_counts.end() && completed->second >= 18;
    });
    engine_.reset();
    open();
    work(id, [](const StudyView&) { return false; });
    EXPECT_TRUE(wait_for_state(id, StudyState::completed));
    return id;
  }

  std::shared_ptr<FakeLearner::Bench> learner_ = std::make_shared<FakeLearner::Bench>();
};

TEST_F(ReplayTest, EverySuggestionFollowsFromTheEvents) {
  learn_with_fake();
  const StudyId id = run(kLearning);
  const int refits = learner_->refits();
  EXPECT_GE(refits, 3);
  FakeLearner sampler(learner_);
  const Result<Replay> replayed = replay(sampler, events(id));
  ASSERT_TRUE(replayed) << replayed.error().describe();
  EXPECT_EQ(replayed->made, static_cast<std::int64_t>(storage_->trials(id)->size()));
  EXPECT_GE(replayed->made, 60);
  EXPECT_EQ(replayed->skipped, 0);
  EXPECT_EQ(replayed->differing, std::vector<TrialId>());
  EXPECT_EQ(learner_->refits(), refits) << "fits are read, not made";
}

TEST_F(ReplayTest, EverySuggestionOfTheGaussianProcessFollowsFromTheEvents) {
  const StudyId id = run(kGp);
  const std::vector<Trial> trials = storage_->trials(id).value();
  EXPECT_GE(std::ranges::count(trials, "gp", [](const Trial& trial) { return trial.suggestion.method; }), 20);
  const StudySpec spec = parse_study(parse_json(kGp).value()).value();
  const Result<Replay> replayed = replay(*make_sampler(spec), events(id));
  ASSERT_TRUE(replayed) << replayed.error().describe();
  EXPECT_GE(replayed->made, 45);
  EXPECT_EQ(replayed->differing, std::vector<TrialId>());
}

// Several of one change see each other, as their events say; in a small space this decides which points are left.
// What was vetoed is in the events, and a restart knows it too.
TEST_F(ReplayTest, AVetoIsKeptAndReplayed) {
  const StudyId id = create(kGp);
  for (int i = 0; i < 16; ++i) end_trial(id, one(id, "w"));
  std::vector<Params> vetoed;
  for (int i = 0; i < 4; ++i) {
    StudySnapshot study{parse_study(parse_json(kGp).value()).value(), storage_->trials(id).value(),
                        engine_->latest_fit(id).value()};
    NewTrial veto;
    veto.params = next_suggestion(std::move(study))->suggestion.params;
    veto.state = TrialState::cancelled;
    veto.reason = "too slow";
    const Trial kept = engine_->add_trial(id, veto).value();
    EXPECT_EQ(kept.state, TrialState::cancelled);
    EXPECT_TRUE(kept.vetoed());
    vetoed.push_back(veto.params);
    if (i == 1) {
      engine_.reset();
      open();
    }
  }
  for (int i = 0; i < 8; ++i) {
    const Assignment given = one(id, "w");
    EXPECT_EQ(std::ranges::count(vetoed, given.params), 0) << "trial " << given.trial;
    end_trial(id, given);
  }
  EXPECT_EQ(view(id).trial_counts.at(TrialState::cancelled), 4);
  const StudySpec spec = parse_study(parse_json(kGp).value()).value();
  const Result<Replay> replayed = replay(*make_sampler(spec), events(id));
  ASSERT_TRUE(replayed) << replayed.error().describe();
  EXPECT_EQ(replayed->made, 24);
  EXPECT_EQ(replayed->skipped, 4) << "vetoes are no suggestions";
  EXPECT_EQ(replayed->differing, std::vector<TrialId>());
}

TEST_F(ReplayTest, EverySuggestionOfMethodsThatDoNotLearnFollowsFromTheEvents) {
  for (const char* method : {"random", "sobol", "grid"}) {
    std::string json = R"({"name": "few", "method": "M", "seed": 5, "metric": {"name": "loss"}, "parameters":
      {"x": {"type": "int", "min": 1, "max": 9}, "n": {"type": "int", "min": 1, "max": 8}},
      "budget": {"max_trials": 60}})";
    json.replace(json.find("\"M\"") + 1, 1, method);
    const StudyId id = run(json.c_str());
    const StudySpec spec = parse_study(parse_json(json).value()).value();
    const Result<Replay> replayed = replay(*make_sampler(spec), events(id));
    ASSERT_TRUE(replayed) << method << ": " << replayed.error().describe();
    EXPECT_GE(replayed->made, 60) << method;
    EXPECT_EQ(replayed->skipped, 0) << method;
    EXPECT_EQ(replayed->differing, std::vector<TrialId>()) << method;
  }
}

// A short study of one worker, to be tampered with.
class ReplayOfDamageTest : public ReplayTest {
 protected:
  void SetUp() override {
    ReplayTest::SetUp();
    learn_with_fake();
    const StudyId id = create(kLearning);
    for (int i = 0; i < 12; ++i) end_trial(id, one(id, "w"));
    events_ = events(id);
  }

  Result<Replay> replayed() {
    FakeLearner sampler(learner_);
    return replay(sampler, events_);
  }
  // Changes the data of the first event of the type for which `change` says that it did.
  void tamper(const char* type, const std::function<bool(OrderedJson&)>& change) {
    for (Event& event : events_) {
      if (event.type != type) continue;
      OrderedJson data = parse_json(event.data).value();
      if (!change(data)) continue;
      event.data = dump(data);
      return;
    }
    FAIL() << "no such event";
  }
  static bool is_trial(const OrderedJson& data, TrialId id) { return data.at("trial").at("id") == id; }

  std::vector<Event> events_;
};

TEST_F(ReplayOfDamageTest, APointThatIsOffByOneBitDiffers) {
  tamper("TRIAL_CREATED", [](OrderedJson& data) {
    double x = data["trial"]["params"]["x"].get<double>();
    data["trial"]["params"]["x"] = std::nextafter(x, 2);
    return is_trial(data, 12);
  });
  EXPECT_EQ(replayed()->differing, std::vector<TrialId>{12});
}

TEST_F(ReplayOfDamageTest, AFitOrAValueThatWasAnotherChangesWhatFollows) {
  const std::vector<Event> whole = events_;
  tamper("SURROGATE_FITTED", [](OrderedJson& data) {
    data["model"]["mix"] = 0.123;
    return data["id"] == 2;
  });
  EXPECT_EQ(replayed()->differing, (std::vector<TrialId>{11, 12}));
  events_ = whole;
  tamper("TRIAL_STATE_CHANGED", [](OrderedJson& data) {
    data["trial"]["value"] = 17.25;
    return is_trial(data, 10);
  });
  EXPECT_EQ(replayed()->differing, (std::vector<TrialId>{11, 12}));
}

TEST_F(ReplayOfDamageTest, ATrialThatDoesNotSayItsHistoryIsSkipped) {
  tamper("TRIAL_CREATED", [](OrderedJson& data) {
    data["trial"]["suggestion"].erase("through");
    return is_trial(data, 3);
  });
  const Replay result = replayed().value();
  EXPECT_EQ(result.skipped, 1);
  EXPECT_EQ(result.made, 11);
  EXPECT_TRUE(result.differing.empty());
}

TEST_F(ReplayOfDamageTest, WhatTheEventsCannotHaveBeenIsCorrupt) {
  const std::vector<Event> whole = events_;
  const auto expect_corrupt = [&](const char* type, const std::function<bool(OrderedJson&)>& change) {
    events_ = whole;
    tamper(type, change);
    const Result<Replay> result = replayed();
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, ErrorCode::corrupt) << result.error().describe();
  };
  const auto suggestion = [&](TrialId id, const char* key, std::int64_t number) {
    expect_corrupt("TRIAL_CREATED", [=](OrderedJson& data) {
      data["trial"]["suggestion"][key] = number;
      return is_trial(data, id);
    });
  };
  suggestion(11, "fit", 1);
  suggestion(2, "fit", 1);
  suggestion(11, "through", 3);
  suggestion(11, "through", 1000);
  suggestion(11, "through", -1);
  expect_corrupt("TRIAL_CREATED", [](OrderedJson& data) { return data["trial"]["id"] = 2, true; });
  expect_corrupt("TRIAL_CREATED", [](OrderedJson& data) { return data["trial"].erase("params"), true; });
  expect_corrupt("TRIAL_STATE_CHANGED", [](OrderedJson& data) { return data["trial"]["id"] = 99, true; });
  expect_corrupt("TRIAL_STATE_CHANGED", [](OrderedJson& data) { return data["trial"]["state"] = "GONE", true; });
  expect_corrupt("TRIAL_STATE_CHANGED", [](OrderedJson& data) { return data = 3, true; });
  expect_corrupt("SURROGATE_FITTED", [](OrderedJson& data) { return data.erase("model"), true; });
}

}  // namespace
}  // namespace krige::tuner
