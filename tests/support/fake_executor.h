// An executor without processes: the test says what the attempts print and how they end.
#pragma once

#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tuner/executors/executor.h"

namespace krige::tuner {

class FakeExecutor final : public Executor {
 public:
  // Shared with the test, which outlives the engine that owns the executor.
  struct Bench {
    std::mutex mutex;
    std::condition_variable changed;
    ExecutorCallbacks callbacks;
    std::map<AttemptKey, RunSpec> running;
    std::vector<AttemptKey> started;  // ever
    bool refuse_to_start = false;

    // The attempt that runs for the trial; waits for it up to ten seconds.
    std::optional<AttemptKey> wait_for(TrialId trial) {
      std::unique_lock lock(mutex);
      std::optional<AttemptKey> found;
      changed.wait_for(lock, std::chrono::seconds(10), [&] {
        for (const auto& [key, run] : running)
          if (key.trial == trial) found = key;
        return found.has_value();
      });
      return found;
    }
    void line(const AttemptKey& key, const std::string& text) { callbacks.on_line(key, text); }
    void exit(const AttemptKey& key, const Outcome& outcome) {
      {
        const std::lock_guard lock(mutex);
        if (running.erase(key) == 0) return;
      }
      callbacks.on_exit(key, outcome);
    }
    // Prints one record and ends well.
    void succeed(const AttemptKey& key, const std::string& metric, double value) {
      line(key, "{\"step\":1,\"" + metric + "\":" + std::to_string(value) + "}");
      exit(key, {.kind = Outcome::Kind::exited});
    }
  };

  explicit FakeExecutor(std::shared_ptr<Bench> bench) : bench_(std::move(bench)) {}

  void set_callbacks(ExecutorCallbacks callbacks) override { bench_->callbacks = std::move(callbacks); }
  Status start(const RunSpec& run) override {
    const std::lock_guard lock(bench_->mutex);
    if (bench_->refuse_to_start) return fail(ErrorCode::io, "no processes left");
    bench_->running.emplace(run.key, run);
    bench_->started.push_back(run.key);
    bench_->changed.notify_all();
    return {};
  }
  void stop(const AttemptKey& key, Millis) override { bench_->exit(key, {.kind = Outcome::Kind::stopped}); }
  Result<int> kill_leftovers() override { return 0; }

 private:
  std::shared_ptr<Bench> bench_;
};

}  // namespace krige::tuner
