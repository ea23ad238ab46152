// Removes what trials of long ago have left: the files of their attempts (logs, models, figures of their processes) and
// their records. What a trial was and what became of it stays for ever. Trials that have not ended are never touched,
// and neither are the best of each study.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

#include "base/clock.h"
#include "tuner/study/engine.h"

namespace krige::server {

struct RetentionOptions {
  std::optional<Millis> files_for;           // since their trial has ended
  std::optional<Millis> records_for;         // the same
  std::optional<std::uint64_t> files_bytes;  // of all trials together; then those that ended first go
  std::int64_t keep_best = 10;               // trials of each study; of several objectives its Pareto set
  Millis interval = std::chrono::minutes(10);

  [[nodiscard]] bool removes() const { return files_for || records_for || files_bytes; }
};

// What one sweep found and did.
struct Swept {
  std::uint64_t bytes_before = 0;  // on the disk, of all trials' files
  std::uint64_t bytes_removed = 0;
  std::int64_t files_of_trials = 0;
  std::int64_t records_of_trials = 0;
};

class Retention {
 public:
  struct Services {
    tuner::Engine* engine = nullptr;  // outlives this
    std::string log_folder;           // as the executor's; may be empty
    const Clock* clock = &system_clock();
    // After each batch of one study that was removed: for the audit log. May be empty.
    std::function<void(const StudyId&, const std::string& what)> on_removed{};
    std::function<void(const Swept&)> on_swept{};
  };

  // Sweeps at once and then every interval, in a thread of its own.
  Retention(Services services, const RetentionOptions& options);
  // Ends between two batches of trials: within some hundred removals.
  ~Retention() = default;

  // One sweep. It ends early when asked to, or after kSweepTime; the next one goes on.
  [[nodiscard]] static Swept sweep(const Services& services, const RetentionOptions& options,
                                   const std::stop_token& stop = {});
  static constexpr std::chrono::minutes kSweepTime{5};

 private:
  const Services services_;
  const RetentionOptions options_;
  std::jthread thread_;  // last: it uses all of the above
};

}  // namespace krige::server
