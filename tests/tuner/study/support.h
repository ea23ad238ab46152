// An engine over a memory store that outlives it, with local trials by a fake executor.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "tests/support/fake_executor.h"
#include "tuner/study/engine.h"

namespace krige::tuner {

// A study for workers outside, and one for a program of this machine.
inline constexpr const char* kOutside = R"({
  "name": "outside", "method": "random", "seed": 3, "metric": {"name": "loss", "goal": "minimize"},
  "parameters": {"x": {"type": "float", "min": 0, "max": 1}}, "budget": {"max_trials": 4}})";
inline constexpr const char* kLocal = R"({
  "name": "local", "method": "random", "seed": 3, "metric": {"name": "loss", "goal": "minimize"},
  "parameters": {"x": {"type": "float", "min": 0, "max": 1}}, "budget": {"max_trials": 4, "parallel": 2},
  "command": ["program", "${args}"]})";

using namespace std::chrono_literals;

// A clock that a test moves.
class ManualClock final : public Clock {
 public:
  [[nodiscard]] MonotonicTime now() const override { return MonotonicTime(Millis(now_.load())); }
  [[nodiscard]] WallTime wall_now() const override { return WallTime(Millis(now_.load())); }
  void advance(Millis by) { now_ += by.count(); }

 private:
  std::atomic<Millis::rep> now_{1'000'000};
};

// A store kept by the test, so that a second engine can open what the first left.
class SharedStorage final : public Storage {
 public:
  // What a commit is asked before the store is; an error is what the store then says.
  using Gate = std::function<Status(const Change&)>;
  explicit SharedStorage(std::shared_ptr<Storage> storage, Gate gate = {})
      : storage_(std::move(storage)), gate_(std::move(gate)) {}
  Status create_study(const StudyRow& row, const std::vector<NewEvent>& events,
                      const std::vector<KeptAnswer>& answers) override {
    return storage_->create_study(row, events, answers);
  }
  Result<std::uint64_t> commit(const Change& change) override {
    if (gate_) KRIGE_CHECK(gate_(change));
    return storage_->commit(change);
  }
  Status delete_study(const StudyId& study) override { return storage_->delete_study(study); }
  Result<std::uint64_t> take_over(const StudyId& study) override { return storage_->take_over(study); }
  Result<std::vector<StudyRow>> studies() override { return storage_->studies(); }
  Result<std::vector<Trial>> trials(const StudyId& study) override { return storage_->trials(study); }
  Result<std::vector<Record>> records(const StudyId& study, TrialId trial) override {
    return storage_->records(study, trial);
  }
  Result<std::vector<Event>> events(const StudyId& study, std::uint64_t after, std::size_t limit) override {
    return storage_->events(study, after, limit);
  }
  Result<std::optional<Event>> last_event(const StudyId& study, const std::string& type) override {
    return storage_->last_event(study, type);
  }
  Status keep_answer(const KeptAnswer& answer) override { return storage_->keep_answer(answer); }
  Result<std::optional<KeptAnswer>> kept_answer(const std::string& key) override { return storage_->kept_answer(key); }
  [[nodiscard]] std::string store_id() const override { return storage_->store_id(); }

 private:
  std::shared_ptr<Storage> storage_;
  const Gate gate_;
};

class EngineFixture : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.clock = &clock_;
    options_.lease = 60s;
    options_.max_lost_attempts = 2;
    options_.retry_pause = 0ms;
    open();
  }
  void open() {
    engine_ =
        Engine::open(std::make_unique<SharedStorage>(storage_, gate_), std::make_unique<FakeExecutor>(bench_), options_)
            .value();
  }

  StudyId create(const std::string& json) {
    const StudySpec spec = parse_study(parse_json(json).value()).value();
    return engine_->create_study(spec).value().row.id;
  }

  StudyView view(const StudyId& id) { return engine_->study(id).value(); }
  Trial trial(const StudyId& id, TrialId trial) { return engine_->trial(id, trial).value().trial; }

  // Waits until the predicate on the study holds, woken by its events.
  template <typename Predicate>
  bool wait_until(const StudyId& id, Predicate predicate) {
    const MonotonicTime deadline = std::chrono::steady_clock::now() + 10s;
    std::uint64_t seq = 0;
    while (std::chrono::steady_clock::now() < deadline) {
      if (predicate(view(id))) return true;
      const auto events = engine_->wait_events(id, seq, 1000, deadline, {});
      if (!events) return false;
      if (!events->empty()) seq = events->back().seq;
    }
    return false;
  }
  bool wait_for_state(const StudyId& id, StudyState state) {
    return wait_until(id, [&](const StudyView& study) { return study.row.state == state; });
  }

  Assignment one(const StudyId& id, const std::string& client) {
    const SuggestAnswer answer = engine_->suggest(id, 1, client, 10s).value();
    EXPECT_EQ(answer.kind, SuggestAnswer::Kind::trials);
    return answer.trials.at(0);
  }

  // All of the study, as the store has them.
  std::vector<Event> events(const StudyId& id) { return storage_->events(id, 0, 1'000'000).value(); }

  ManualClock clock_;
  EngineOptions options_;
  SharedStorage::Gate gate_;
  std::shared_ptr<Storage> storage_ = make_memory_storage();
  std::shared_ptr<FakeExecutor::Bench> bench_ = std::make_shared<FakeExecutor::Bench>();
  std::unique_ptr<Engine> engine_;
};

}  // namespace krige::tuner
