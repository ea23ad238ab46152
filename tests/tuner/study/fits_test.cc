// How fits of the surrogate are made, kept and found again.
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "tests/tuner/study/fake_learner.h"
#include "tests/tuner/study/support.h"
#include "tuner/study/codec.h"
#include "tuner/study/events.h"

namespace krige::tuner {
namespace {

constexpr const char* kStudy = R"({
  "name": "learning", "method": "gp", "metric": {"name": "loss", "goal": "minimize"},
  "parameters": {"x": {"type": "float", "min": 0, "max": 1}}})";

class FitsTest : public EngineFixture {
 protected:
  void SetUp() override {
    options_.sampler_for = [learner = learner_](const StudySpec&) { return std::make_unique<FakeLearner>(learner); };
    EngineFixture::SetUp();
  }

  // One trial after another.
  void run(const StudyId& id, int trials) {
    for (int i = 0; i < trials; ++i) {
      const Assignment given = one(id, "w");
      ASSERT_TRUE(engine_->complete(id, given.trial, given.token, {.value = 0.01 * static_cast<double>(given.trial)}));
    }
  }

  std::vector<SurrogateFit> fits(const StudyId& id) {
    std::vector<SurrogateFit> fits;
    for (const Event& event : events(id))
      if (event.type == kSurrogateFitted) fits.push_back(surrogate_fit_from_text(event.data).value());
    return fits;
  }

  SurrogateFit latest(const StudyId& id) {
    return surrogate_fit_from_text(storage_->last_event(id, kSurrogateFitted).value()->data).value();
  }

  // Between two engines.
  void add_event(const StudyId& id, NewEvent event) {
    Change change;
    change.study = id;
    change.epoch = 1;
    change.events.push_back(std::move(event));
    ASSERT_TRUE(storage_->commit(change));
  }

  // A study with this many COMPLETED trials of which no fit was ever made.
  StudyId create_with_history(int trials) {
    StudyRow row;
    row.id = "imported";
    row.name = row.id;
    row.spec = dump(to_json(parse_study(parse_json(kStudy).value()).value()));
    EXPECT_TRUE(storage_->create_study(row, {study_created({row, std::nullopt, {}})}));
    Change change;
    change.study = row.id;
    change.epoch = 1;
    for (TrialId id = 1; id <= trials; ++id) {
      Trial trial;
      trial.id = id;
      trial.state = TrialState::completed;
      trial.params = {{"x", 1.0 / static_cast<double>(id)}};
      trial.value = 1.0;
      change.events.push_back(trial_created(trial));
      change.trials.push_back(std::move(trial));
    }
    EXPECT_TRUE(storage_->commit(change));
    return row.id;
  }

  std::shared_ptr<FakeLearner::Bench> learner_ = std::make_shared<FakeLearner::Bench>();
};

TEST_F(FitsTest, AFitIsKeptBeforeTheSuggestionThatNamesIt) {
  const StudyId id = create(kStudy);
  run(id, 23);
  std::int64_t kept = 0;
  std::int64_t named = 0;
  for (const Event& event : events(id)) {
    const OrderedJson data = parse_json(event.data).value();
    if (event.type == kSurrogateFitted) {
      EXPECT_EQ(data.at("id"), ++kept);
      EXPECT_EQ(data.at("finished"), kept * FakeLearner::kEvery);
      EXPECT_LT(data.at("through").get<std::uint64_t>(), event.seq);
      EXPECT_TRUE(data.at("model").at("mix").is_number());
    } else if (event.type == kTrialCreated) {
      const OrderedJson& suggestion = data.at("trial").at("suggestion");
      EXPECT_LT(suggestion.at("through").get<std::uint64_t>(), event.seq);
      EXPECT_EQ(suggestion.value("fit", 0), kept);
      named = suggestion.value("fit", 0);
    }
  }
  EXPECT_EQ(named, 4);
  EXPECT_EQ(learner_->refits(), 4);
}

TEST_F(FitsTest, AMethodThatDoesNotLearnHasNoFits) {
  options_.sampler_for = make_sampler;
  open();
  const StudyId id = create(R"({"method": "sobol", "parameters": {"x": {"min": 0.0, "max": 1.0}}})");
  run(id, 12);
  EXPECT_TRUE(fits(id).empty());
  EXPECT_EQ(trial(id, 12).suggestion.fit, std::nullopt);
  EXPECT_GT(trial(id, 12).suggestion.through, trial(id, 11).suggestion.through);
}

TEST_F(FitsTest, ALongHistoryIsFittedInTheBackgroundWhileTheLastFitServes) {
  const StudyId id = create(kStudy);
  run(id, 150);  // the fit of the 150th is due with the next suggestion
  const std::int64_t before = fits(id).back().id;
  const int begun = learner_->refits();
  learner_->hold();
  run(id, 12);  // more than one fit would be due
  ASSERT_TRUE(learner_->wait_for_refits(begun + 1));
  EXPECT_EQ(trial(id, 162).suggestion.fit, before);
  EXPECT_EQ(learner_->refits(), begun + 1) << "one at a time";
  learner_->release();
  ASSERT_TRUE(wait_until(id, [&](const StudyView&) { return fits(id).back().id == before + 1; }));
  EXPECT_EQ(fits(id).back().finished, 150) << "of the history when it began";
  EXPECT_EQ(fits(id).back().through, trial(id, 151).suggestion.through);
  run(id, 1);
  EXPECT_GE(trial(id, 163).suggestion.fit, before + 1);
}

TEST_F(FitsTest, TheFirstFitOfALongHistoryIsWaitedFor) {
  const StudyId id = create_with_history(200);
  open();
  const Assignment given = one(id, "w");
  EXPECT_EQ(given.trial, 201);
  EXPECT_EQ(trial(id, 201).suggestion.fit, 1);
  EXPECT_EQ(fits(id).at(0).finished, 200);
}

TEST_F(FitsTest, ARefitThatFailsIsTriedAgainWhenTheHistoryGrew) {
  const StudyId id = create(kStudy);
  run(id, 7);
  learner_->fail_refits(true);
  run(id, 3);
  EXPECT_EQ(learner_->refits(), 1);
  ASSERT_EQ(engine_->suggest(id, 4, "w", 10s)->trials.size(), 4U);  // four suggestions of the same history
  EXPECT_EQ(learner_->refits(), 2);
  EXPECT_EQ(trial(id, 14).suggestion.fit, 1);
  learner_->fail_refits(false);
  run(id, 1);
  ASSERT_EQ(engine_->suggest(id, 4, "w", 10s)->trials.size(), 4U);
  EXPECT_EQ(learner_->refits(), 3);
  EXPECT_EQ(trial(id, 15).suggestion.fit, 2);
  EXPECT_EQ(fits(id).size(), 2U);
}

TEST_F(FitsTest, ARestartGoesOnWithTheLatestFit) {
  const StudyId id = create(kStudy);
  run(id, 13);
  ASSERT_EQ(learner_->refits(), 2);
  engine_.reset();
  open();
  run(id, 1);
  EXPECT_EQ(learner_->refits(), 2) << "nothing was learned since";
  EXPECT_EQ(trial(id, 14).suggestion.fit, 2);
  run(id, 2);
  EXPECT_EQ(fits(id).back().id, 3);
}

TEST_F(FitsTest, AFitThatCannotBeReadIsMadeAgain) {
  const StudyId id = create(kStudy);
  run(id, 7);
  engine_.reset();
  add_event(id, {kSurrogateFitted, R"({"id": 2, "finished": 7, "through": 9, "model": 3})"});
  open();
  run(id, 1);
  EXPECT_EQ(learner_->refits(), 2);
  EXPECT_EQ(latest(id).finished, 7);
}

TEST_F(FitsTest, AFitThatTheMethodCannotUseIsMadeAgain) {
  const StudyId id = create(kStudy);
  run(id, 7);
  engine_.reset();
  add_event(id, surrogate_fitted({2, 7, 9, R"({"of": "another version"})"}));
  open();
  run(id, 1);
  EXPECT_EQ(learner_->refits(), 2);
  EXPECT_EQ(latest(id).id, 3);
  EXPECT_EQ(trial(id, 8).suggestion.fit, 3);
}

TEST_F(FitsTest, AFitThatTheStoreRefusesIsNotUsedAndNotMadeTwice) {
  std::atomic<int> refusals = 2;
  gate_ = [&](const Change& change) -> Status {
    if (change.events.empty() || change.events.front().type != kSurrogateFitted || refusals == 0) return {};
    --refusals;
    return fail(ErrorCode::io, "the disk is full");
  };
  open();
  const StudyId id = create(kStudy);
  run(id, 6);
  EXPECT_EQ(refusals, 0);
  EXPECT_EQ(learner_->refits(), 1);
  EXPECT_EQ(fits(id).size(), 1U);
  EXPECT_EQ(trial(id, 6).suggestion.fit, 1);
}

TEST_F(FitsTest, TheEndOfTheEngineWaitsForAFitAndKeepsTheStudyWhole) {
  const StudyId id = create(kStudy);
  run(id, 150);
  const std::size_t before = fits(id).size();
  const int begun = learner_->refits();
  learner_->hold();
  run(id, 1);
  ASSERT_TRUE(learner_->wait_for_refits(begun + 1));
  std::jthread end([&] { engine_.reset(); });
  learner_->release();
  end.join();
  EXPECT_LE(fits(id).size(), before + 1);
  open();
  run(id, 1);
  EXPECT_EQ(trial(id, 152).state, TrialState::completed);
}

TEST_F(FitsTest, AStudyThatHasEndedTakesNoFit) {
  const StudyId id = create(kStudy);
  run(id, 150);
  const int begun = learner_->refits();
  learner_->hold();
  run(id, 1);
  ASSERT_TRUE(learner_->wait_for_refits(begun + 1));
  ASSERT_TRUE(engine_->stop(id));
  ASSERT_EQ(view(id).row.state, StudyState::stopped);
  learner_->release();
  engine_.reset();
  EXPECT_EQ(events(id).back().type, "STUDY_STATE_CHANGED");
}

TEST_F(FitsTest, ADeletedStudyMayBeInTheMiddleOfAFit) {
  const StudyId id = create(kStudy);
  run(id, 150);
  const int begun = learner_->refits();
  learner_->hold();
  run(id, 1);
  ASSERT_TRUE(learner_->wait_for_refits(begun + 1));
  std::jthread deletion([&] { EXPECT_TRUE(engine_->delete_study(id)); });
  learner_->release();
  deletion.join();
  EXPECT_TRUE(storage_->studies()->empty());
}

TEST(FitCodec, AFitReadsBackAndDamageIsNamed) {
  const SurrogateFit fit{3, 40, 172, R"({"length_scales":[0.1,0.30000000000000004],"noise":1e-06})"};
  const NewEvent event = surrogate_fitted(fit);
  EXPECT_EQ(event.type, "SURROGATE_FITTED");
  EXPECT_EQ(
      event.data,
      R"({"id":3,"finished":40,"through":172,"model":{"length_scales":[0.1,0.30000000000000004],"noise":1e-06}})");
  EXPECT_EQ(surrogate_fit_from_text(event.data).value(), fit);
  const auto field = [](const char* text) { return surrogate_fit_from_text(text).error().field; };
  EXPECT_EQ(field(R"({"id": 0, "finished": 1, "through": 1, "model": {}})"), "id");
  EXPECT_EQ(field(R"({"id": 1, "finished": -1, "through": 1, "model": {}})"), "finished");
  EXPECT_EQ(field(R"({"id": 1, "finished": 1, "model": {}})"), "through");
  EXPECT_EQ(field(R"({"id": 1, "finished": 1, "through": 1, "model": null})"), "model");
  EXPECT_EQ(field(R"({"id": 1, "finished": 1, "through": 1, "model": {}, "more": 1})"), "more");
  EXPECT_FALSE(surrogate_fit_from_text("{"));
  EXPECT_FALSE(surrogate_fit_from_text(surrogate_fitted({1, 1, 1, "no JSON"}).data));
}

}  // namespace
}  // namespace krige::tuner
