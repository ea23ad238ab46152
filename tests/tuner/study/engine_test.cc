// The engine over the memory store: local trials by a fake executor, workers outside by the public calls.
#include "tuner/study/engine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <future>
#include <nlohmann/json.hpp>
#include <set>
#include <thread>

#include "tests/tuner/study/support.h"

namespace krige::tuner {
namespace {

using EngineTest = EngineFixture;

TEST_F(EngineTest, LocalStudyRunsItsBudgetAndEnds) {
  const StudyId id = create(kLocal);
  for (TrialId t = 1; t <= 4; ++t) {
    const auto key = bench_->wait_for(t);
    ASSERT_TRUE(key);
    EXPECT_LE(bench_->running.size(), 2U);
    bench_->succeed(*key, "loss", 1.0 / static_cast<double>(t));
  }
  ASSERT_TRUE(wait_for_state(id, StudyState::completed));
  const StudyView study = view(id);
  EXPECT_EQ(study.row.state_reason, "max_trials");
  EXPECT_EQ(study.best->trial, 4);
  EXPECT_EQ(study.trial_counts.at(TrialState::completed), 4);
  EXPECT_EQ(bench_->started.size(), 4U);
}

TEST_F(EngineTest, EventsAreNumberedWithoutGapsAndTellTheStory) {
  const StudyId id = create(kLocal);
  for (TrialId t = 1; t <= 4; ++t) bench_->succeed(bench_->wait_for(t).value(), "loss", 1);
  ASSERT_TRUE(wait_for_state(id, StudyState::completed));
  const std::vector<Event> events = engine_->wait_events(id, 0, 1000, MonotonicTime::max(), {}).value();
  for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].seq, i + 1);
  EXPECT_EQ(events.front().type, "STUDY_CREATED");
  EXPECT_EQ(events.back().type, "STUDY_STATE_CHANGED");
  EXPECT_EQ(std::ranges::count(events, "TRIAL_CREATED", &Event::type), 4);
  EXPECT_EQ(std::ranges::count(events, "TRIAL_REPORTED", &Event::type), 4);
}

TEST_F(EngineTest, AProgramThatFailsFailsItsTrialWithItsLastWords) {
  const StudyId id = create(kLocal);
  bench_->exit(*bench_->wait_for(1), {.kind = Outcome::Kind::exited,
                                      .exit_code = 1,
                                      .reason = "exit code 1",
                                      .error_tail = "Traceback\nout of memory\n"});
  ASSERT_TRUE(wait_until(id, [&](const StudyView&) { return trial(id, 1).state == TrialState::failed; }));
  EXPECT_EQ(trial(id, 1).reason, "out of memory (exit code 1)");
}

TEST_F(EngineTest, AMetricThatIsNoNumberIsInfeasibleNotBest) {
  const StudyId id = create(kLocal);
  const AttemptKey key = *bench_->wait_for(1);
  bench_->line(key, "some chatter");
  bench_->line(key, R"({"step":1,"loss":"NaN"})");
  bench_->exit(key, {.kind = Outcome::Kind::exited});
  ASSERT_TRUE(wait_until(id, [&](const StudyView&) { return is_final(trial(id, 1).state); }));
  EXPECT_EQ(trial(id, 1).state, TrialState::infeasible);
  EXPECT_EQ(trial(id, 1).reason, "loss became NaN");
  EXPECT_FALSE(view(id).best);
}

TEST_F(EngineTest, ALostAttemptRunsAgainAndTooManyFailTheTrial) {
  const StudyId id = create(kLocal);
  const AttemptKey first = *bench_->wait_for(1);
  bench_->exit(first, {.kind = Outcome::Kind::lost, .reason = "its supervisor was killed"});
  ASSERT_TRUE(wait_until(id, [&](const StudyView&) { return trial(id, 1).attempts.size() == 2; }));
  EXPECT_EQ(trial(id, 1).attempts[0].state, AttemptState::lost);
  const std::optional<AttemptKey> second = bench_->wait_for(1);
  ASSERT_EQ(second, (AttemptKey{id, 1, 2}));
  bench_->exit(*second, {.kind = Outcome::Kind::lost, .reason = "again"});
  ASSERT_TRUE(wait_until(id, [&](const StudyView&) { return trial(id, 1).state == TrialState::failed; }));
  EXPECT_EQ(trial(id, 1).reason, "lost 2 times, the last time: again");
}

TEST_F(EngineTest, TargetReachedStopsTheRest) {
  std::string json = kLocal;
  json.replace(json.find("\"goal\""), 6, "\"target\": 0.1, \"goal\"");
  const StudyId id = create(json.c_str());
  ASSERT_TRUE(bench_->wait_for(2));
  bench_->succeed(*bench_->wait_for(1), "loss", 0.05);
  ASSERT_TRUE(wait_for_state(id, StudyState::completed));
  EXPECT_EQ(view(id).row.state_reason, "target_reached");
  EXPECT_EQ(trial(id, 2).state, TrialState::cancelled);
}

TEST_F(EngineTest, StopCancelsWhatRuns) {
  const StudyId id = create(kLocal);
  ASSERT_TRUE(bench_->wait_for(2));
  ASSERT_TRUE(engine_->stop(id));
  ASSERT_TRUE(wait_for_state(id, StudyState::stopped));
  EXPECT_EQ(view(id).row.state_reason, "user");
  EXPECT_EQ(view(id).trial_counts.at(TrialState::cancelled), 2);
  EXPECT_EQ(engine_->stop(id).error().code, ErrorCode::study_finished);
}

TEST_F(EngineTest, FailuresInARowEndTheStudy) {
  std::string json = kLocal;
  json.replace(json.find("\"parallel\""), 10, "\"max_failures\": 2, \"parallel\"");
  bench_->refuse_to_start = true;
  const StudyId id = create(json.c_str());
  ASSERT_TRUE(wait_for_state(id, StudyState::failed));
  EXPECT_EQ(view(id).row.state_reason, "max_failures");
  EXPECT_EQ(trial(id, 1).reason, "no processes left");
}

TEST_F(EngineTest, ARestartKeepsWhatIsFinishedAndRunsTheLostAgain) {
  const StudyId id = create(kLocal);
  bench_->succeed(*bench_->wait_for(1), "loss", 0.5);
  ASSERT_TRUE(bench_->wait_for(3));
  ASSERT_TRUE(wait_until(id, [&](const StudyView&) { return trial(id, 1).state == TrialState::completed; }));
  engine_.reset();
  open();
  ASSERT_TRUE(wait_until(id, [&](const StudyView&) { return trial(id, 2).attempts.size() == 2; }));
  EXPECT_EQ(trial(id, 1).value, 0.5);
  EXPECT_EQ(trial(id, 2).attempts[0].state, AttemptState::preempted);
  for (TrialId t = 2; t <= 4; ++t) bench_->succeed(*bench_->wait_for(t), "loss", 1);
  ASSERT_TRUE(wait_for_state(id, StudyState::completed));
  EXPECT_EQ(view(id).best->trial, 1);
  EXPECT_EQ(view(id).trial_counts.at(TrialState::completed), 4);
}

TEST_F(EngineTest, PauseStartsNothingNew) {
  const StudyId id = create(kLocal);
  ASSERT_TRUE(bench_->wait_for(2));
  ASSERT_TRUE(engine_->pause(id));
  bench_->succeed(*bench_->wait_for(1), "loss", 1);
  bench_->succeed(*bench_->wait_for(2), "loss", 1);
  ASSERT_TRUE(wait_until(id, [](const StudyView& s) {
    return s.trial_counts.contains(TrialState::completed) && s.trial_counts.at(TrialState::completed) == 2;
  }));
  EXPECT_EQ(bench_->started.size(), 2U);
  ASSERT_TRUE(engine_->resume(id));
  EXPECT_TRUE(bench_->wait_for(3));
}

TEST_F(EngineTest, DeletedStudiesAreGone) {
  const StudyId id = create(kLocal);
  ASSERT_TRUE(bench_->wait_for(2));
  ASSERT_TRUE(engine_->delete_study(id));
  EXPECT_TRUE(bench_->running.empty());
  EXPECT_EQ(engine_->study(id).error().code, ErrorCode::not_found);
  EXPECT_TRUE(storage_->studies()->empty());
}

TEST_F(EngineTest, OutsideWorkerAsksReportsAndCompletes) {
  const StudyId id = create(kOutside);
  const Assignment given = one(id, "w1");
  EXPECT_FALSE(engine_->report(id, given.trial, given.token, 1, {{"loss", 0.7}})->should_stop);
  ASSERT_TRUE(engine_->report(id, given.trial, given.token, 2, {{"loss", 0.4}}));
  const Result<Trial> done = engine_->complete(id, given.trial, given.token, {});
  ASSERT_TRUE(done) << done.error().describe();
  EXPECT_EQ(done->value, 0.4);
  EXPECT_EQ(engine_->trial(id, given.trial)->records.size(), 2U);
}

TEST_F(EngineTest, TheSameClientGetsItsPendingTrialAgain) {
  const StudyId id = create(kOutside);
  const Assignment first = one(id, "w1"), again = one(id, "w1"), other = one(id, "w2");
  EXPECT_EQ(first.trial, again.trial);
  EXPECT_EQ(first.token, again.token);
  EXPECT_NE(first.trial, other.trial);
  EXPECT_EQ(engine_->suggest(id, 2, "w1", 10s)->trials.size(), 2U);
}

TEST_F(EngineTest, BudgetInFlightGivesNothingAndTheEndIsAConflict) {
  const StudyId id = create(kOutside);
  const std::vector<Assignment> all = engine_->suggest(id, 10, "w1", 10s)->trials;
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(engine_->suggest(id, 1, "w2", 10s)->kind, SuggestAnswer::Kind::nothing_now);
  for (const Assignment& given : all) ASSERT_TRUE(engine_->complete(id, given.trial, given.token, {.value = 1.0}));
  ASSERT_TRUE(wait_for_state(id, StudyState::completed));
  EXPECT_EQ(engine_->suggest(id, 1, "w2", 10s).error().code, ErrorCode::study_finished);
}

TEST_F(EngineTest, AnExpiredLeaseGivesTheTrialToAnotherAndFencesTheFirst) {
  const StudyId id = create(kOutside);
  const Assignment first = one(id, "w1");
  clock_.advance(61s);
  const Assignment second = one(id, "w2");  // wakes the runner, which sees the lease's end
  const Assignment third = one(id, "w3");
  // One of the two later askers got the lost trial.
  const Assignment& taken = second.trial == first.trial ? second : third;
  ASSERT_EQ(taken.trial, first.trial);
  EXPECT_EQ(taken.attempt, 2);
  EXPECT_EQ(engine_->complete(id, first.trial, first.token, {.value = 1.0}).error().code, ErrorCode::stale_token);
  EXPECT_EQ(engine_->complete(id, first.trial, {}, {.value = 1.0}).error().field, "token");
  EXPECT_TRUE(engine_->complete(id, taken.trial, taken.token, {.value = 2.0}));
  EXPECT_EQ(trial(id, first.trial).value, 2.0);
}

TEST_F(EngineTest, ALateResultIsTakenWhileNobodyHasTheTrial) {
  const StudyId id = create(kOutside);
  const Assignment given = one(id, "w1");
  ASSERT_TRUE(engine_->pause(id));  // so that nobody else can take it
  clock_.advance(61s);
  ASSERT_TRUE(engine_->resume(id));
  ASSERT_TRUE(engine_->pause(id));
  ASSERT_TRUE(wait_until(id, [&](const StudyView&) { return trial(id, given.trial).state == TrialState::waiting; }));
  const Result<Trial> done = engine_->complete(id, given.trial, given.token, {.value = 3.0});
  ASSERT_TRUE(done) << done.error().describe();
  EXPECT_EQ(done->state, TrialState::completed);
  EXPECT_EQ(done->attempts.size(), 1U);
  EXPECT_EQ(done->attempts[0].state, AttemptState::succeeded);
}

TEST_F(EngineTest, ATrialTakesOneResultAndTheSameAgainIsNoConflict) {
  const StudyId id = create(kOutside);
  const Assignment given = one(id, "w1");
  ASSERT_TRUE(engine_->complete(id, given.trial, given.token, {.value = 1.0}));
  EXPECT_TRUE(engine_->complete(id, given.trial, given.token, {.value = 1.0}));
  EXPECT_EQ(engine_->complete(id, given.trial, given.token, {.value = 2.0}).error().code, ErrorCode::trial_finished);
  EXPECT_EQ(engine_->report(id, given.trial, given.token, 1, {}).error().code, ErrorCode::trial_finished);
}

TEST_F(EngineTest, CompletionNeedsTheMetric) {
  const StudyId id = create(kOutside);
  const Assignment given = one(id, "w1");
  EXPECT_EQ(engine_->complete(id, given.trial, {}, {}).error().field, "metrics.loss");
  EXPECT_EQ(engine_->complete(id, given.trial, {}, {.metrics = {{"accuracy", 1}}}).error().field, "metrics.loss");
  EXPECT_EQ(engine_->complete(id, given.trial, {}, {.value = NAN})->state, TrialState::infeasible);
  const Assignment next = one(id, "w1");
  EXPECT_EQ(engine_->complete(id, next.trial, {}, {.state = TrialState::failed, .reason = "crashed"})->reason,
            "crashed");
}

TEST_F(EngineTest, ParallelClientsGetDifferentTrials) {
  const StudyId id = create(
      R"({"method": "gp", "parameters": {"x": {"min": 0, "max": 9}, "c": {"values": ["a", "b"]}}, "budget": {"max_trials": 20}})");
  std::vector<std::jthread> clients;
  std::mutex mutex;
  std::set<std::string> points;
  for (int w = 0; w < 4; ++w)
    clients.emplace_back([&, w] {
      while (true) {
        const Result<SuggestAnswer> answer = engine_->suggest(id, 1, "w" + std::to_string(w), 10s);
        if (!answer) {
          EXPECT_EQ(answer.error().code, ErrorCode::study_finished);
          return;
        }
        for (const Assignment& given : answer->trials) {
          {
            const std::lock_guard lock(mutex);
            EXPECT_TRUE(points.insert(point_key(given.params)).second);
          }
          EXPECT_TRUE(engine_->complete(id, given.trial, given.token, {.value = static_cast<double>(given.trial % 5)}));
        }
      }
    });
  clients.clear();
  EXPECT_EQ(points.size(), 20U);
  EXPECT_TRUE(wait_for_state(id, StudyState::completed));
}

TEST_F(EngineTest, AnExhaustedSpaceEndsTheStudy) {
  const StudyId id = create(R"({"method": "grid", "parameters": {"a": {"values": [1, 2, 3]}}})");
  const std::vector<Assignment> all = engine_->suggest(id, 5, "w", 10s)->trials;
  ASSERT_EQ(all.size(), 3U);
  for (const Assignment& given : all) ASSERT_TRUE(engine_->complete(id, given.trial, given.token, {.value = 1.0}));
  ASSERT_TRUE(wait_for_state(id, StudyState::completed));
  EXPECT_EQ(view(id).row.state_reason, "space_exhausted");
}

TEST_F(EngineTest, TimeInWhichNothingHappensIsKeptOverARestart) {
  const StudyId id =
      create(R"({"method": "random", "parameters": {"x": {"min": 0, "max": 9}}, "budget": {"max_time": "30m"}})");
  const Assignment given = one(id, "w1");
  for (int i = 0; i < 20; ++i) {
    clock_.advance(30s);
    ASSERT_TRUE(engine_->heartbeat(id, given.trial, given.token));
  }
  const std::uint64_t seq = view(id).row.seq;
  engine_.reset();
  open();
  EXPECT_EQ(view(id).row.active_time, 10min);
  EXPECT_EQ(view(id).row.seq, seq) << "that time goes by is no event";
}

TEST_F(EngineTest, TimeThatIsUpEndsTheStudyAndPausedTimeDoesNotCount) {
  const StudyId id =
      create(R"({"method": "random", "parameters": {"x": {"min": 0, "max": 9}}, "budget": {"max_time": "30m"}})");
  clock_.advance(3min);
  EXPECT_EQ(view(id).row.active_time, 3min);
  ASSERT_TRUE(engine_->pause(id));
  clock_.advance(2h);
  EXPECT_EQ(view(id).row.active_time, 3min);
  ASSERT_TRUE(engine_->resume(id));
  const Assignment given = one(id, "w1");
  ASSERT_TRUE(engine_->complete(id, given.trial, given.token, {.value = 1.0}));
  clock_.advance(28min);
  EXPECT_EQ(engine_->suggest(id, 1, "w1", 10s).error().code, ErrorCode::study_finished);
  EXPECT_EQ(view(id).row.state_reason, "max_time");
  EXPECT_EQ(view(id).row.state, StudyState::completed);
}

TEST_F(EngineTest, ChangesOfAnyStudyAreSeen) {
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  const std::uint64_t cursor = engine_->wait_changes(0, deadline, {}).cursor;
  const StudyId id = create(kOutside);
  const Engine::Changes changes = engine_->wait_changes(cursor, deadline, {});
  ASSERT_EQ(changes.changed.size(), 1U);
  EXPECT_EQ(changes.changed[0].row.id, id);
  ASSERT_TRUE(engine_->delete_study(id));
  EXPECT_EQ(engine_->wait_changes(changes.cursor, deadline, {}).deleted, std::vector<StudyId>{id});
}

TEST_F(EngineTest, AFailedAttemptIsRetriedAsOftenAsTheStudySays) {
  std::string json = kLocal;
  json.replace(json.find("\"budget\""), 8, "\"retries\": 1, \"budget\"");
  const StudyId id = create(json.c_str());
  const Outcome failure{
      .kind = Outcome::Kind::exited, .exit_code = 1, .reason = "exit code 1", .error_tail = "no network\n"};
  bench_->exit(*bench_->wait_for(1), failure);
  ASSERT_TRUE(wait_until(id, [&](const StudyView&) { return trial(id, 1).attempts.size() == 2; }));
  EXPECT_EQ(trial(id, 1).attempts[0].state, AttemptState::failed);
  EXPECT_EQ(trial(id, 1).attempts[0].reason, "no network (exit code 1)");
  bench_->exit(*bench_->wait_for(1), failure);
  ASSERT_TRUE(wait_until(id, [&](const StudyView&) { return trial(id, 1).state == TrialState::failed; }));
  EXPECT_EQ(trial(id, 1).attempts.size(), 2U);
}

TEST_F(EngineTest, AWorkersFailureIsRetriedByWhoeverAsksNext) {
  std::string json = kOutside;
  json.replace(json.find("\"budget\""), 8, "\"retries\": 1, \"budget\"");
  const StudyId id = create(json.c_str());
  const Assignment given = one(id, "w1");
  EXPECT_EQ(engine_->complete(id, given.trial, given.token, {.state = TrialState::failed, .reason = "oom"})->state,
            TrialState::waiting);
  // Until then it is nobody's: neither a result nor a sign of life of the attempt that failed changes that.
  for (const Completion& late : {Completion{.value = 1.0}, Completion{.state = TrialState::infeasible}})
    EXPECT_EQ(engine_->complete(id, given.trial, given.token, late).error().code, ErrorCode::stale_token);
  EXPECT_EQ(engine_->report(id, given.trial, given.token, 1, {{"loss", 1}}).error().code, ErrorCode::stale_token);
  EXPECT_EQ(engine_->heartbeat(id, given.trial, std::nullopt).error().code, ErrorCode::stale_token);
  // The same end again, whose answer was lost on its way, is no second failure.
  EXPECT_EQ(engine_->complete(id, given.trial, given.token, {.state = TrialState::failed, .reason = "oom"})->state,
            TrialState::waiting);
  const Assignment again = one(id, "w2");
  EXPECT_EQ(again.trial, given.trial);
  EXPECT_EQ(engine_->complete(id, given.trial, given.token, {.value = 1.0}).error().code, ErrorCode::stale_token);
  EXPECT_EQ(engine_->complete(id, again.trial, again.token, {.state = TrialState::failed, .reason = "oom"})->state,
            TrialState::failed);
}

TEST_F(EngineTest, TrialsByHandSurviveARestart) {
  const StudyId id = create(kOutside);
  const Params point{{"x", 0.5}};
  ASSERT_TRUE(engine_->add_trial(id, {.params = point, .state = {}, .value = {}, .reason = {}}));
  ASSERT_TRUE(engine_->add_trial(id, {.params = point, .state = TrialState::completed, .value = 3.0, .reason = {}}));
  engine_.reset();
  open();
  EXPECT_EQ(view(id).best->trial, 2);
  EXPECT_EQ(one(id, "w").trial, 1);
}

TEST_F(EngineTest, AStudyOfAProgramThatIsNotAllowedAnyMoreStartsNothingAfterARestart) {
  const StudyId id = create(kLocal), outside = create(kOutside);
  ASSERT_TRUE(bench_->wait_for(2));
  engine_.reset();
  const std::size_t started = bench_->started.size();
  options_.may_run = [](const StudySpec& spec) -> Status {
    return fail(ErrorCode::permission_denied, "not " + spec.command->front(), "command");
  };
  open();
  ASSERT_TRUE(wait_for_state(id, StudyState::paused));
  EXPECT_EQ(view(id).row.state_reason, "program_not_allowed");
  EXPECT_EQ(trial(id, 1).state, TrialState::waiting);
  EXPECT_EQ(engine_->resume(id).error().code, ErrorCode::permission_denied);
  EXPECT_EQ(one(outside, "w").trial, 1) << "a study that starts no program goes on";
  engine_.reset();
  EXPECT_EQ(bench_->started.size(), started);
  options_.may_run = nullptr;
  open();
  EXPECT_EQ(view(id).row.state, StudyState::paused) << "it is for a user to say that it goes on";
  ASSERT_TRUE(engine_->resume(id));
  EXPECT_TRUE(bench_->wait_for(1));
}

TEST_F(EngineTest, AStudyThatCannotBeReadIsNamed) {
  StudyRow row;
  row.id = "strange";
  row.spec = R"({"metric": 3})";
  ASSERT_TRUE(storage_->create_study(row, {}, {}));
  const auto opened = Engine::open(std::make_unique<SharedStorage>(storage_, gate_), nullptr, options_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
  EXPECT_NE(opened.error().message.find("study strange"), std::string::npos) << opened.error().message;
}

TEST_F(EngineTest, AChangedBudgetEndsTheStudyOrLetsItGoOnAndSurvivesARestart) {
  const StudyId id = create(kOutside);
  StudySpec changed = parse_study(parse_json(view(id).row.spec).value()).value();
  changed.budget.max_trials = 1;
  const std::string read = view(id).row.spec;
  ASSERT_TRUE(engine_->update(id, changed, read));
  EXPECT_EQ(engine_->update(id, changed, read).error().code, ErrorCode::precondition_failed);
  engine_.reset();
  open();
  const Assignment given = one(id, "w");
  EXPECT_EQ(engine_->suggest(id, 1, "v", 0ms)->kind, SuggestAnswer::Kind::nothing_now);
  ASSERT_TRUE(engine_->complete(id, given.trial, given.token, {.value = 1.0}));
  ASSERT_TRUE(wait_for_state(id, StudyState::completed));
  EXPECT_EQ(engine_->update(id, changed, view(id).row.spec).error().code, ErrorCode::study_finished);
  const std::vector<Event> all = events(id);
  EXPECT_EQ(std::ranges::count(all, "STUDY_UPDATED", &Event::type), 1);
}

constexpr const char* kWide = R"({
  "name": "wide", "method": "random", "seed": 3, "metric": {"name": "loss"},
  "parameters": {"x": {"type": "float", "min": 0, "max": 1}}, "budget": {"max_trials": 200}})";

// Every order and filter in pages, against a sorted list.
TEST_F(EngineTest, TrialsComeInPagesOfAnyOrderAndState) {
  const StudyId id = create(kWide);
  for (int i = 0; i < 60; ++i) {
    NewTrial added{{{"x", i / 100.0}}, std::nullopt, std::nullopt, ""};
    if (i % 4 == 1) added.state = TrialState::failed;
    if (i % 4 >= 2) added.state = TrialState::completed, added.value = (i * 7) % 10 - 5.0;
    ASSERT_TRUE(engine_->add_trial(id, std::move(added)));
  }
  const std::vector<Trial> all = storage_->trials(id).value();
  using enum TrialState;
  for (const std::vector<TrialState>& states : {std::vector<TrialState>{}, {completed}, {failed, completed}, {running}})
    for (const TrialOrder order :
         {TrialOrder::id, TrialOrder::id_descending, TrialOrder::value, TrialOrder::value_descending}) {
      std::vector<Trial> expected;
      for (const Trial& one : all)
        if (states.empty() || std::ranges::find(states, one.state) != states.end()) expected.push_back(one);
      const bool by_value = order == TrialOrder::value || order == TrialOrder::value_descending;
      const bool descending = order == TrialOrder::id_descending || order == TrialOrder::value_descending;
      std::ranges::sort(expected, [&](const Trial& a, const Trial& b) {
        if (by_value && a.value.has_value() != b.value.has_value()) return a.value.has_value();
        const auto key = [&](const Trial& t) { return std::pair(by_value ? t.value.value_or(0) : 0, t.id); };
        return descending && (!by_value || a.value) ? key(a) > key(b) : key(a) < key(b);
      });
      for (const std::size_t limit : {std::size_t{1}, std::size_t{7}, std::size_t{60}}) {
        TrialQuery query{order, {}, limit, states};
        std::vector<Trial> seen;
        do {
          const TrialPage page = engine_->trials(id, query).value();
          EXPECT_LE(page.trials.size(), limit);
          seen.insert(seen.end(), page.trials.begin(), page.trials.end());
          query.from = page.next;
        } while (query.from && seen.size() <= all.size());
        EXPECT_EQ(seen, expected) << "order " << static_cast<int>(order) << ", limit " << limit;
      }
    }
}

// Requests of many threads are planned and committed together: as if they had come one after the other.
TEST_F(EngineTest, RequestsOfManyThreadsGetDistinctTrialsAndNoneBeyondTheBudget) {
  const StudyId id = create(kWide);
  std::atomic<int> completed = 0, refused = 0;
  {
    std::vector<std::jthread> workers;
    for (int w = 0; w < 16; ++w)
      workers.emplace_back([&, w] {
        while (true) {
          const Result<SuggestAnswer> answer = engine_->suggest(id, 1 + w % 3, "w" + std::to_string(w), 10s);
          if (!answer || answer->trials.empty()) return;
          for (const Assignment& given : answer->trials) {
            const bool both = given.trial % 5 == 0;  // two that bring a result each, at the same time
            std::vector<std::jthread> callers;
            for (int i = 0; i <= int{both}; ++i)
              callers.emplace_back([&, i] {
                ++(engine_->complete(id, given.trial, given.token, {.value = i + 1.0}) ? completed : refused);
              });
          }
        }
      });
  }
  ASSERT_TRUE(wait_for_state(id, StudyState::completed));
  EXPECT_EQ(completed, 200);
  EXPECT_EQ(refused, 40);
  const std::vector<Trial> trials = engine_->trials(id, {TrialOrder::id, {}, 1000, {}})->trials;
  ASSERT_EQ(trials.size(), 200U);
  std::set<std::string> points;
  for (const Trial& one : trials) {
    points.insert(point_key(one.params));
    EXPECT_EQ(one.attempts.size(), 1U);
    EXPECT_EQ(one.suggestion.method, "random");
  }
  EXPECT_EQ(points.size(), 200U);
  const std::vector<Event> all = events(id);
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i].seq, i + 1);
}

TEST_F(EngineTest, WhoLooksDoesNotWaitForTheDisk) {
  std::promise<void> asked, goes_on;
  gate_ = [&, first = true, disk = goes_on.get_future().share()](const Change& change) mutable -> Status {
    const bool completes = !change.trials.empty() && change.trials.front().state == TrialState::completed;
    if (completes && std::exchange(first, false)) {
      asked.set_value();
      EXPECT_EQ(disk.wait_for(10s), std::future_status::ready) << "the test waits for the disk";
    }
    return {};
  };
  open();
  const StudyId id = create(kOutside);
  const Assignment given = one(id, "w");
  const std::jthread worker([&] { EXPECT_TRUE(engine_->complete(id, given.trial, given.token, {.value = 1.0})); });
  asked.get_future().wait();
  EXPECT_EQ(view(id).trial_counts.at(TrialState::running), 1) << "committed, then shown";
  EXPECT_EQ(trial(id, given.trial).state, TrialState::running);
  EXPECT_EQ(engine_->trials(id, {})->trials.size(), 1U);
  EXPECT_EQ(engine_->studies().size(), 1U);
  goes_on.set_value();
}

// The store refuses a group as a whole: each request is tried alone then.
TEST_F(EngineTest, ARequestThatTheStoreRefusesFailsForNoneButItself) {
  gate_ = [](const Change& change) -> Status {
    for (const Trial& one : change.trials)
      if (one.value == 13.0) return fail(ErrorCode::io, "the disk is full");
    return {};
  };
  open();
  const StudyId id = create(kWide);
  const std::vector<Assignment> given = engine_->suggest(id, 100, "w", 10s)->trials;
  ASSERT_EQ(given.size(), 100U);
  std::atomic<int> completed = 0, refused = 0;
  {
    std::vector<std::jthread> callers;
    for (std::size_t t = 0; t < 10; ++t)
      callers.emplace_back([&, t] {
        for (std::size_t i = t; i < given.size(); i += 10) {
          const double value = i % 10 == 3 ? 13.0 : 1.0;
          const Result<Trial> ended = engine_->complete(id, given[i].trial, given[i].token, {.value = value});
          EXPECT_TRUE(ended ? ended->value == value : ended.error().code == ErrorCode::io);
          ++(ended ? completed : refused);
        }
      });
  }
  EXPECT_EQ(completed, 90);
  EXPECT_EQ(refused, 10);
  EXPECT_EQ(view(id).trial_counts.at(TrialState::completed), 90);
  EXPECT_EQ(view(id).trial_counts.at(TrialState::running), 10);
}

}  // namespace
}  // namespace krige::tuner
