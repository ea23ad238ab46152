// Keeps what an executor tells, for tests to wait on.
#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/processes.h"
#include "tuner/executors/local_executor.h"

namespace krige::tuner {

class Recorder {
 public:
  [[nodiscard]] ExecutorCallbacks callbacks() {
    return {.on_line = [this](const AttemptKey& key, std::string_view line) { add_line(key, line); },
            .on_exit = [this](const AttemptKey& key, const Outcome& outcome) { add_exit(key, outcome); }};
  }

  // The number-th line of the attempt; nullopt at the deadline or when it ended before.
  [[nodiscard]] std::optional<std::string> line(const AttemptKey& key, std::size_t number) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, testing::kPatience, [&] { return lines_[key].size() > number || outcomes_.contains(key); });
    if (lines_[key].size() <= number) return std::nullopt;
    return lines_[key][number];
  }
  [[nodiscard]] pid_t pid(const AttemptKey& key, std::size_t number) {
    return testing::pid_of(line(key, number).value_or(""));
  }
  // nullopt at the deadline.
  [[nodiscard]] std::optional<Outcome> outcome(const AttemptKey& key) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, testing::kPatience, [&] { return outcomes_.contains(key); });
    if (!outcomes_.contains(key)) return std::nullopt;
    return outcomes_[key];
  }
  [[nodiscard]] std::vector<std::string> lines(const AttemptKey& key) {
    const std::lock_guard lock(mutex_);
    return lines_[key];
  }
  // A line behind the end, or a second end.
  [[nodiscard]] bool was_told_too_much() {
    const std::lock_guard lock(mutex_);
    return too_much_;
  }

 private:
  void add_line(const AttemptKey& key, std::string_view line) {
    const std::lock_guard lock(mutex_);
    too_much_ = too_much_ || outcomes_.contains(key);
    lines_[key].emplace_back(line);
    changed_.notify_all();
  }
  void add_exit(const AttemptKey& key, const Outcome& outcome) {
    const std::lock_guard lock(mutex_);
    too_much_ = too_much_ || !outcomes_.emplace(key, outcome).second;
    changed_.notify_all();
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<AttemptKey, std::vector<std::string>> lines_;
  std::map<AttemptKey, Outcome> outcomes_;
  bool too_much_ = false;
};

[[nodiscard]] inline std::unique_ptr<Executor> make_executor(const std::string& store_id, Recorder& recorder) {
  auto executor = make_local_executor({.supervisor = testing::program("supervise"), .store_id = store_id}).value();
  executor->set_callbacks(recorder.callbacks());
  return executor;
}

[[nodiscard]] inline RunSpec make_run(TrialId trial, std::vector<std::string> argv) {
  RunSpec run;
  run.key = {"study", trial, 1};
  run.argv = std::move(argv);
  return run;
}

[[nodiscard]] inline RunSpec unruly_run(TrialId trial, std::vector<std::string> words) {
  words.insert(words.begin(), testing::program("unruly"));
  return make_run(trial, std::move(words));
}

}  // namespace krige::tuner
