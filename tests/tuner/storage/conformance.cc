#include "tests/tuner/storage/conformance.h"

#include <gmock/gmock.h>

#include <atomic>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>
#include <set>
#include <thread>

#include "base/rng.h"

namespace krige::tuner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

template <typename T>
void expect_error(const Result<T>& result, ErrorCode code) {
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, code) << result.error().describe();
}

Change empty_change(const StudyId& study, std::uint64_t epoch = 1) {
  Change change;
  change.study = study;
  change.epoch = epoch;
  return change;
}

TEST_P(StorageConformance, ANewStudyIsAtEpochOneWithItsEventsNumbered) {
  StudyRow row = study_row("s1");
  row.name = "α “β” 🙂 '; DROP TABLE studies; --";
  row.spec = std::string(300'000, 'x');
  row.state = StudyState::paused;
  row.state_reason = "";
  row.active_time = Millis(987'654'321);
  row.seq = 77;  // both are the store's to set
  row.epoch = 99;
  row.ended_at = at(-5);
  ASSERT_TRUE(store_->create_study(row, {{"STUDY_CREATED", R"({"a": 1})"}, {"STUDY_STATE_CHANGED", "{}"}}));
  row.seq = 2;
  row.epoch = 1;
  EXPECT_THAT(store_->studies().value(), ElementsAre(row));
  EXPECT_THAT(store_->events("s1", 0, 10).value(), ElementsAre(Event{1, "STUDY_CREATED", row.created_at, R"({"a": 1})"},
                                                               Event{2, "STUDY_STATE_CHANGED", row.created_at, "{}"}));
  EXPECT_THAT(store_->trials("s1").value(), IsEmpty());
}

TEST_P(StorageConformance, StudiesComeByCreation) {
  for (const char* id : {"m", "z", "a"}) create(id);
  StudyRow earlier = study_row("b");  // a wall clock that was set back changes nothing
  earlier.created_at = at(5);
  ASSERT_TRUE(store_->create_study(earlier, {}));
  const std::vector<StudyRow> rows = store_->studies().value();
  std::vector<StudyId> ids;
  for (const StudyRow& row : rows) ids.push_back(row.id);
  EXPECT_THAT(ids, ElementsAre("m", "z", "a", "b"));
}

TEST_P(StorageConformance, AnIdIsTakenOnce) {
  create("s1");
  StudyRow second = study_row("s1");
  second.name = "other";
  expect_error(store_->create_study(second, {{"STUDY_CREATED", "{}"}}), ErrorCode::already_exists);
  EXPECT_EQ(only_study().name, "digits");
  EXPECT_EQ(only_study().seq, 0U);
  EXPECT_THAT(store_->events("s1", 0, 10).value(), IsEmpty());
}

TEST_P(StorageConformance, AnUnknownStudyIsNotFoundByAnyCall) {
  create("s1");
  expect_error(store_->commit(empty_change("s2")), ErrorCode::not_found);
  expect_error(store_->delete_study("s2"), ErrorCode::not_found);
  expect_error(store_->take_over("s2"), ErrorCode::not_found);
  expect_error(store_->trials("s2"), ErrorCode::not_found);
  expect_error(store_->records("s2", 1), ErrorCode::not_found);
  expect_error(store_->events("s2", 0, 1), ErrorCode::not_found);
  expect_error(store_->last_event("s2", "E"), ErrorCode::not_found);
  EXPECT_THAT(store_->trials("s2").error().message, HasSubstr("s2"));
}

TEST_P(StorageConformance, EveryFieldOfATrialComesBack) {
  create("s1");
  Change change = empty_change("s1");
  for (int state = 0; state <= static_cast<int>(TrialState::cancelled); ++state) {
    Trial trial = full_trial(state + 1);
    trial.state = static_cast<TrialState>(state);
    change.trials.push_back(trial);
  }
  for (int state = 0; state <= static_cast<int>(AttemptState::cancelled); ++state)
    change.trials[0].attempts.push_back({10 + state, "t", static_cast<AttemptState>(state), "", "", at(0), at(1)});
  Trial bare;
  bare.id = std::numeric_limits<TrialId>::max();
  change.trials.push_back(bare);
  Trial odd = full_trial(20);
  odd.reason = std::string("bytes \xff\x00 of a program", 21);
  odd.params = {{"", ""},
                {"größe 🙂", "\"quoted\\\" \n\t\u0001"},
                {"zero", -0.0},
                {"whole", 3.0},
                {"least", std::numeric_limits<std::int64_t>::min()},
                {"most", std::numeric_limits<std::int64_t>::max()},
                {"off", false}};
  odd.suggestion = {.method = "",
                    .fit = std::int64_t{1} << 53,
                    .through = std::uint64_t{1} << 53,
                    .mean = -kInfinity,
                    .sd = kInfinity,
                    .log_ei = -0.0,
                    .note = "größer"};
  odd.value = -kInfinity;
  odd.created_at = at(-1);
  odd.attempts[0].id = std::numeric_limits<AttemptId>::max() - 1;
  odd.attempts[1].id = std::numeric_limits<AttemptId>::max();
  odd.attempts[0].worker = std::string("\0", 1);
  change.trials.push_back(odd);
  change.trials.push_back(full_trial_of_several(30));
  ASSERT_TRUE(store_->commit(change));

  std::vector<Trial> expected = change.trials;
  std::ranges::sort(expected, {}, &Trial::id);
  const std::vector<Trial> read = store_->trials("s1").value();
  ASSERT_THAT(read, SizeIs(expected.size()));
  for (std::size_t i = 0; i < read.size(); ++i) EXPECT_EQ(read[i], expected[i]) << "trial " << expected[i].id;
  EXPECT_TRUE(std::signbit(std::get<double>(*find(read[9].params, "zero"))));
}

TEST_P(StorageConformance, NotANumberIsKeptApartFromNone) {
  create("s1");
  Change change = empty_change("s1");
  change.trials = {full_trial(1), full_trial(2)};
  change.trials[0].value = kNan;
  change.trials[0].suggestion.mean = kNan;
  change.trials[1].value = std::nullopt;
  change.trials[1].suggestion.mean = std::nullopt;
  ASSERT_TRUE(store_->commit(change));
  const std::vector<Trial> read = store_->trials("s1").value();
  ASSERT_TRUE(read.at(0).value);
  EXPECT_TRUE(std::isnan(*read[0].value));
  EXPECT_TRUE(std::isnan(read[0].suggestion.mean.value_or(0)));
  EXPECT_EQ(read.at(1).value, std::nullopt);
  EXPECT_EQ(read[1].suggestion.mean, std::nullopt);
}

TEST_P(StorageConformance, DoublesComeBackBitForBit) {
  create("s1");
  Rng rng(7);
  Change change = empty_change("s1");
  std::vector<double> numbers{5e-324, -5e-324, 1.7976931348623157e308, 0.1, -0.0, 1e22, 123456789012345678.0};
  while (numbers.size() < 500) {
    const auto number = std::bit_cast<double>(rng.next());
    if (std::isfinite(number)) numbers.push_back(number);
  }
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    Trial trial = full_trial(static_cast<TrialId>(i) + 1);
    trial.value = numbers[i];
    trial.params = {{"x", numbers[i]}};
    trial.suggestion.sd = numbers[i];
    change.trials.push_back(trial);
    change.records.push_back({1, 1, static_cast<std::int64_t>(i), {{"m", numbers[i]}}});
  }
  ASSERT_TRUE(store_->commit(change));
  const std::vector<Trial> trials = store_->trials("s1").value();
  const std::vector<Record> records = store_->records("s1", 1).value();
  ASSERT_THAT(trials, SizeIs(numbers.size()));
  ASSERT_THAT(records, SizeIs(numbers.size()));
  const auto bits = [](double number) { return std::bit_cast<std::uint64_t>(number); };
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    EXPECT_EQ(bits(trials[i].value.value_or(0)), bits(numbers[i])) << numbers[i];
    EXPECT_EQ(bits(std::get<double>(trials[i].params.at(0).second)), bits(numbers[i])) << numbers[i];
    EXPECT_EQ(bits(trials[i].suggestion.sd.value_or(0)), bits(numbers[i])) << numbers[i];
    EXPECT_EQ(bits(records[i].metrics.at(0).second), bits(numbers[i])) << numbers[i];
  }
}

TEST_P(StorageConformance, ATrialIsReplacedWholeWithItsAttempts) {
  create("s1");
  ASSERT_TRUE(store_->commit(change_of("s1", 1, 1)));
  Change second = empty_change("s1");
  Trial changed;
  changed.id = 1;
  changed.state = TrialState::failed;
  changed.params = {{"other", 1.5}};
  changed.attempts = {{2, "t2", AttemptState::failed, "w", "r", at(1), std::nullopt}};
  changed.created_at = at(77);
  second.trials = {changed};
  ASSERT_TRUE(store_->commit(second));
  EXPECT_THAT(store_->trials("s1").value(), ElementsAre(changed));
  EXPECT_THAT(store_->records("s1", 1).value(), SizeIs(1)) << "its records stay";

  second.trials = {full_trial(1), changed};  // twice in one change: the last holds
  ASSERT_TRUE(store_->commit(second));
  EXPECT_THAT(store_->trials("s1").value(), ElementsAre(changed));
}

TEST_P(StorageConformance, TheSameStepAgainReplacesItsRecord) {
  create("s1");
  Change change = change_of("s1", 1, 1);
  change.trials.push_back(full_trial(2));
  change.records = {record(1, 2, 1, 0.1), record(1, 1, 10, 0.2), record(1, 1, -2, 0.3), record(2, 1, 1, 0.4),
                    record(1, 1, 10, 0.9)};
  ASSERT_TRUE(store_->commit(change));
  Change again = empty_change("s1");
  again.records = {{1, 1, -2, {{"train_loss", kNan}, {"up", kInfinity}, {"down", -kInfinity}, {"größe", -0.0}}},
                   {1, 1, std::numeric_limits<std::int64_t>::max(), {}}};
  ASSERT_TRUE(store_->commit(again));

  const std::vector<Record> read = store_->records("s1", 1).value();
  ASSERT_THAT(read, SizeIs(4)) << "by attempt, then step";
  EXPECT_EQ(read[0].step, -2);
  ASSERT_THAT(read[0].metrics, SizeIs(4));
  EXPECT_EQ(read[0].metrics[0].first, "train_loss") << "in the order they were reported";
  EXPECT_TRUE(std::isnan(read[0].metrics[0].second));
  EXPECT_EQ(read[0].metrics[1].second, kInfinity);
  EXPECT_EQ(read[0].metrics[2].second, -kInfinity);
  EXPECT_TRUE(std::signbit(read[0].metrics[3].second));
  EXPECT_EQ(read[1], record(1, 1, 10, 0.9));
  EXPECT_EQ(read[2], again.records[1]);
  EXPECT_EQ(read[3], record(1, 2, 1, 0.1));
  EXPECT_THAT(store_->records("s1", 2).value(), ElementsAre(record(2, 1, 1, 0.4)));
  EXPECT_THAT(store_->records("s1", 3).value(), IsEmpty());
}

TEST_P(StorageConformance, WhatIsForgottenLeavesGapsAndNothingElse) {
  create("s1");
  Change change = change_of("s1", 1, 1);
  for (const TrialId trial : {2, 12}) {
    change.trials.push_back(full_trial(trial));
    change.records.push_back(record(trial, 1, 1, 0.5));
    change.records.push_back(record(trial, 2, 1, 0.5));
  }
  change.events = {{kTrialReported, R"({"trial_id":2,"step":1})"},
                   {kTrialReported, R"({"trial_id":12,"step":1})"},
                   {"TRIAL_STATE_CHANGED", R"({"trial_id":2})"},
                   {kTrialReported, R"({"trial_id":2,"step":2})"}};
  ASSERT_TRUE(store_->commit(change));
  const std::vector<Event> before = store_->events("s1", 0, 100).value();
  Change forget = empty_change("s1");
  forget.trials = {full_trial(2)};
  forget.trials[0].records_removed_at = at(7);
  forget.forgotten = {2};
  forget.events = {{"TRIALS_FORGOTTEN", "{}"}};
  const std::uint64_t last = store_->commit(forget).value();
  EXPECT_EQ(last, before.back().seq + 1) << "numbers are not used again";
  EXPECT_TRUE(store_->records("s1", 2)->empty());
  EXPECT_THAT(store_->records("s1", 12).value(), SizeIs(2));
  EXPECT_EQ(store_->trials("s1")->at(1), forget.trials[0]);
  const std::vector<Event> after = store_->events("s1", 0, 100).value();
  ASSERT_EQ(after.size(), before.size() - 1) << "two are gone, one has come";
  for (const Event& event : after)
    EXPECT_FALSE(event.type == kTrialReported && event.data.starts_with(R"({"trial_id":2,)")) << event.seq;
  EXPECT_EQ(store_->events("s1", after.back().seq - 1, 100)->size(), 1U);
}

TEST_P(StorageConformance, AChangeOfTheRowTakesWhatARunnerMayChange) {
  create("s1");
  for (int state = 0; state <= static_cast<int>(StudyState::failed); ++state) {
    Change change = empty_change("s1");
    change.row = study_row("other");
    change.row->name = "other";
    change.row->spec = "other";
    change.row->created_at = at(1);
    change.row->seq = 1000;
    change.row->epoch = 1000;
    change.row->state = static_cast<StudyState>(state);
    change.row->state_reason = "größe";
    change.row->active_time = Millis(state + 5);
    if (state % 2 == 0) change.row->ended_at = at(state);
    EXPECT_EQ(store_->commit(change).value(), 0U);
    StudyRow expected = study_row("s1");
    expected.epoch = 1;
    expected.name = "other";
    expected.spec = "other";
    expected.state = change.row->state;
    expected.state_reason = change.row->state_reason;
    expected.active_time = change.row->active_time;
    expected.ended_at = change.row->ended_at;
    EXPECT_EQ(only_study(), expected);
  }
}

TEST_P(StorageConformance, EventsAreNumberedWithoutGaps) {
  create("s1");
  create("s2");
  Change change = empty_change("s1");
  EXPECT_EQ(store_->commit(change).value(), 0U);
  change.events = {{"A", "{}"}, {"B", R"({"x": "größe"})"}};
  change.time = at(42);
  EXPECT_EQ(store_->commit(change).value(), 2U);
  expect_error(store_->commit(empty_change("s1", 2)), ErrorCode::conflict);
  change.events = {{"C", ""}};
  EXPECT_EQ(store_->commit(change).value(), 3U);
  change.events = {};
  EXPECT_EQ(store_->commit(change).value(), 3U);
  EXPECT_EQ(only_study().seq, 3U);
  EXPECT_THAT(
      store_->events("s1", 0, 10).value(),
      ElementsAre(Event{1, "A", at(42), "{}"}, Event{2, "B", at(42), R"({"x": "größe"})"}, Event{3, "C", at(42), ""}));
  EXPECT_THAT(store_->events("s2", 0, 10).value(), IsEmpty()) << "a sequence of its own";
}

TEST_P(StorageConformance, EventsComeInPages) {
  create("s1");
  Change change = empty_change("s1");
  for (int i = 0; i < 10; ++i) change.events.push_back({"E", std::to_string(i)});
  ASSERT_TRUE(store_->commit(change));
  std::vector<std::uint64_t> seen;
  std::uint64_t after = 0;
  while (true) {
    const std::vector<Event> page = store_->events("s1", after, 4).value();
    if (page.empty()) break;
    EXPECT_LE(page.size(), 4U);
    for (const Event& event : page) seen.push_back(event.seq);
    after = seen.back();
  }
  std::vector<std::uint64_t> expected(10);
  std::iota(expected.begin(), expected.end(), 1);
  EXPECT_EQ(seen, expected);
  EXPECT_THAT(store_->events("s1", 9, 4).value(), SizeIs(1));
  EXPECT_THAT(store_->events("s1", 0, 0).value(), IsEmpty());
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  EXPECT_THAT(store_->events("s1", 0, std::numeric_limits<std::size_t>::max()).value(), SizeIs(10));
  EXPECT_THAT(store_->events("s1", kMost, kMost).value(), IsEmpty());
}

TEST_P(StorageConformance, TheLastEventOfATypeIsTheNewestOfItsStudy) {
  create("s1");
  create("s2");
  EXPECT_EQ(store_->last_event("s1", "A").value(), std::nullopt);
  Change change = empty_change("s1");
  change.events = {{"A", R"({"n": 1})"}, {"A", R"({"n": "größe"})"}, {"B", "{}"}};
  change.time = at(42);
  ASSERT_TRUE(store_->commit(change));
  change = empty_change("s2");
  change.events = {{"C", "{}"}, {"A", "{}"}};
  ASSERT_TRUE(store_->commit(change));
  EXPECT_EQ(store_->last_event("s1", "A").value(), (Event{2, "A", at(42), R"({"n": "größe"})"}));
  EXPECT_EQ(store_->last_event("s1", "B").value(), (Event{3, "B", at(42), "{}"}));
  EXPECT_EQ(store_->last_event("s1", "C").value(), std::nullopt);
  EXPECT_EQ(store_->last_event("s1", "a").value(), std::nullopt);
}

TEST_P(StorageConformance, ATakenOverStudyRefusesItsOldRunner) {
  create("s1");
  ASSERT_TRUE(store_->commit(change_of("s1", 1, 1)));
  EXPECT_EQ(store_->take_over("s1").value(), 2U);
  EXPECT_EQ(store_->take_over("s1").value(), 3U);
  EXPECT_EQ(only_study().epoch, 3U);
  for (const std::uint64_t epoch : {0U, 1U, 2U, 4U})
    expect_error(store_->commit(change_of("s1", epoch, 2)), ErrorCode::conflict);
  EXPECT_THAT(store_->commit(change_of("s1", 2, 2)).error().message, HasSubstr("epoch 3"));
  EXPECT_THAT(store_->trials("s1").value(), ElementsAre(full_trial(1)));
  EXPECT_EQ(only_study().seq, 1U);
  EXPECT_EQ(store_->commit(change_of("s1", 3, 2)).value(), 2U);
}

TEST_P(StorageConformance, AChangeWithABadPartKeepsNothing) {
  create("s1");
  ASSERT_TRUE(store_->commit(change_of("s1", 1, 1)));
  const StudyRow before = only_study();
  const auto refuses = [&](ErrorCode code, const std::string& field, const std::function<void(Change&)>& spoil) {
    Change change = change_of("s1", 1, 2);
    change.trials.push_back(full_trial(1));
    change.trials.back().reason = "changed";
    change.row = before;
    change.row->state = StudyState::failed;
    spoil(change);
    const Result<std::uint64_t> result = store_->commit(change);
    ASSERT_FALSE(result) << field;
    EXPECT_EQ(result.error().code, code) << result.error().describe();
    EXPECT_EQ(result.error().field, field);
    EXPECT_THAT(store_->trials("s1").value(), ElementsAre(full_trial(1))) << field;
    EXPECT_THAT(store_->records("s1", 1).value(), ElementsAre(record(1, 1, 1, 0.5))) << field;
    EXPECT_THAT(store_->records("s1", 2).value(), IsEmpty()) << field;
    EXPECT_THAT(store_->events("s1", 0, 10).value(), SizeIs(1)) << field;
    EXPECT_EQ(only_study(), before) << field;
  };
  const auto invalid = [&](const std::string& field, const std::function<void(Change&)>& spoil) {
    refuses(ErrorCode::invalid_argument, field, spoil);
  };
  refuses(ErrorCode::not_found, "", [](Change& c) { c.records.push_back(record(3, 1, 1, 0)); });
  refuses(ErrorCode::conflict, "", [](Change& c) { c.epoch = 2; });
  invalid("trials[1].id", [](Change& c) { c.trials[1].id = 0; });
  invalid("trials[1].params.x", [](Change& c) { c.trials[1].params.emplace_back("x", kNan); });
  invalid("trials[1].params.x", [](Change& c) { c.trials[1].params.emplace_back("x", -kInfinity); });
  invalid("trials[1].params.x", [](Change& c) { c.trials[1].params.emplace_back("x", "\xff"); });
  invalid("trials[1].params", [](Change& c) { c.trials[1].params.emplace_back("\xc3", 1.0); });
  invalid("trials[1].params.on", [](Change& c) { c.trials[1].params.emplace_back("on", 1.0); });
  invalid("trials[1].suggestion.note", [](Change& c) { c.trials[1].suggestion.note = "\xff"; });
  invalid("trials[1].suggestion.method", [](Change& c) { c.trials[1].suggestion.method = "\xff"; });
  invalid("trials[1].attempts[1].id", [](Change& c) { c.trials[1].attempts[1].id = 1; });
  invalid("trials[1].attempts[0].id", [](Change& c) { c.trials[1].attempts[0].id = 0; });
  invalid("records[0].metrics.train_loss", [](Change& c) { c.records[0].metrics.emplace_back("train_loss", 1); });
  invalid("records[0].metrics", [](Change& c) { c.records[0].metrics.emplace_back("\xff", 1); });
}

TEST_P(StorageConformance, DeletingAStudyRemovesEverythingOfIt) {
  create("s1");
  create("s2");
  for (TrialId trial = 1; trial <= 3; ++trial) {
    ASSERT_TRUE(store_->commit(change_of("s1", 1, trial)));
    ASSERT_TRUE(store_->commit(change_of("s2", 1, trial)));
  }
  ASSERT_TRUE(store_->delete_study("s1"));
  expect_error(store_->delete_study("s1"), ErrorCode::not_found);
  EXPECT_EQ(only_study().id, "s2");
  expect_error(store_->commit(change_of("s1", 1, 4)), ErrorCode::not_found);
  EXPECT_THAT(store_->trials("s2").value(), SizeIs(3));
  EXPECT_THAT(store_->events("s2", 0, 10).value(), SizeIs(3));

  create("s1");  // nothing of the old one shows through
  EXPECT_THAT(store_->trials("s1").value(), IsEmpty());
  EXPECT_THAT(store_->events("s1", 0, 10).value(), IsEmpty());
  Change change = empty_change("s1");
  change.trials = {full_trial(1)};
  ASSERT_TRUE(store_->commit(change));
  EXPECT_THAT(store_->records("s1", 1).value(), IsEmpty());
  EXPECT_THAT(store_->studies().value().back().id, "s1");
}

TEST_P(StorageConformance, ThreadsLoseNothingAndReadersSeeWholeChanges) {
  constexpr int kThreads = 8;
  constexpr int kEach = 25;
  create("s1");
  std::vector<std::vector<std::uint64_t>> numbers(kThreads);
  std::atomic<bool> done = false;
  std::atomic<int> torn = 0;
  {
    std::jthread reader([&] {
      while (!done) {
        // Each change holds one trial and two events.
        const std::size_t trials = store_->trials("s1").value().size();
        const std::uint64_t seq = store_->studies().value().at(0).seq;
        const std::size_t events = store_->events("s1", 0, 10'000).value().size();
        if (seq % 2 != 0 || events % 2 != 0 || events < seq || seq < 2 * trials) ++torn;
      }
    });
    std::vector<std::jthread> writers;
    for (int t = 0; t < kThreads; ++t)
      writers.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          Change change = change_of("s1", 1, 1 + t + kThreads * i);
          change.events.push_back({"SECOND", "{}"});
          numbers[static_cast<std::size_t>(t)].push_back(store_->commit(change).value_or(0));
        }
      });
    writers.clear();
    done = true;
  }
  EXPECT_EQ(torn, 0);
  std::set<std::uint64_t> last;
  for (const std::vector<std::uint64_t>& own : numbers) {
    EXPECT_TRUE(std::ranges::is_sorted(own));
    last.insert(own.begin(), own.end());
  }
  ASSERT_THAT(last, SizeIs(kThreads * kEach));
  EXPECT_EQ(*last.begin(), 2U);
  EXPECT_EQ(*last.rbegin(), 2U * kThreads * kEach);
  const std::vector<Trial> trials = store_->trials("s1").value();
  ASSERT_THAT(trials, SizeIs(kThreads * kEach));
  for (std::size_t i = 0; i < trials.size(); ++i) EXPECT_EQ(trials[i], full_trial(static_cast<TrialId>(i) + 1));
  const std::vector<Event> events = store_->events("s1", 0, 10'000).value();
  for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].seq, i + 1);
}

// Changes that come together share a transaction; whoever is refused is refused alone.
TEST_P(StorageConformance, AChangeThatIsRefusedTakesNoneOfThoseBesideItAlong) {
  constexpr int kThreads = 8;
  constexpr int kEach = 40;
  create("s1");
  create("s2");
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> writers;
    for (int t = 0; t < kThreads; ++t)
      writers.emplace_back([&, t] {
        for (int i = 0; i < kEach; ++i) {
          Change change = change_of(t % 2 == 0 ? "s1" : "s2", 1, 1 + t / 2 + kThreads / 2 * i);
          ErrorCode expected = ErrorCode::internal;
          if (i % 4 == 1) {
            change.epoch = 7;
            expected = ErrorCode::conflict;
          } else if (i % 4 == 2) {
            change.records.push_back(record(100'000, 1, 1, 0.5));
            expected = ErrorCode::not_found;
          } else if (i % 4 == 3) {
            change.study = "s3";
            expected = ErrorCode::not_found;
          }
          const Result<std::uint64_t> kept = store_->commit(change);
          if (i % 4 == 0 ? !kept : kept || kept.error().code != expected) ++wrong;
        }
      });
  }
  EXPECT_EQ(wrong, 0);
  for (const char* study : {"s1", "s2"}) {
    std::vector<TrialId> ids;
    for (const Trial& trial : store_->trials(study).value()) ids.push_back(trial.id);
    EXPECT_THAT(ids, SizeIs(kThreads / 2 * kEach / 4)) << study;
    const std::vector<Event> events = store_->events(study, 0, 10'000).value();
    ASSERT_THAT(events, SizeIs(ids.size()));
    for (std::size_t i = 0; i < events.size(); ++i) EXPECT_EQ(events[i].seq, i + 1);
  }
}

TEST_P(StorageConformance, AnAnswerIsKeptWithItsChangeOrNotAtAll) {
  const KeptAnswer first{"key 1", "POST /a", "größe \"1\"", at(1'000)};
  ASSERT_TRUE(store_->create_study(study_row("s1"), {}, {first}));
  EXPECT_EQ(store_->kept_answer("key 1").value(), first);
  EXPECT_EQ(store_->kept_answer("key 2").value(), std::nullopt);
  EXPECT_FALSE(store_->create_study(study_row("s1"), {}, {{"key 2", "", "", at(1'000)}}));
  Change change = change_of("s1", 7, 1);
  change.answers = {{"key 2", "b", "c", at(2'000)}};
  EXPECT_FALSE(store_->commit(change));
  EXPECT_EQ(store_->kept_answer("key 2").value(), std::nullopt);
  change.epoch = 1;
  ASSERT_TRUE(store_->commit(change));
  EXPECT_EQ(store_->kept_answer("key 2").value(), change.answers[0]);
}

TEST_P(StorageConformance, TheFirstAnswerUnderAKeyStaysForADay) {
  const KeptAnswer first{"key", "a", "1", at(1'000)};
  ASSERT_TRUE(store_->keep_answer(first));
  ASSERT_TRUE(store_->keep_answer({"key", "b", "2", at(2'000)}));
  EXPECT_EQ(store_->kept_answer("key").value(), first);
  const WallTime next_day = first.time + kAnswersAreKept;
  ASSERT_TRUE(store_->keep_answer({"other", "", "", next_day}));
  EXPECT_EQ(store_->kept_answer("key").value(), first);
  ASSERT_TRUE(store_->keep_answer({"third", "", "", next_day + Millis(1)}));
  EXPECT_EQ(store_->kept_answer("key").value(), std::nullopt);
  EXPECT_TRUE(store_->kept_answer("other").value());
}

TEST_P(StorageConformance, EachStoreHasAnIdentity) {
  EXPECT_THAT(store_->store_id(), SizeIs(16));
  EXPECT_EQ(store_->store_id(), store_->store_id());
  const TemporaryFolder other;
  EXPECT_NE(GetParam().make(other).value()->store_id(), store_->store_id());
}

}  // namespace
}  // namespace krige::tuner
