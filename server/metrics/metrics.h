// What the service counts, in the text format of Prometheus (0.0.4).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tuner/storage/timed_storage.h"
#include "tuner/study/engine.h"

namespace krige::server {

// Thread-safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  // One request that was answered. `route`: its pattern, so that there are only so many.
  void count_request(std::string_view method, std::string_view route, int status, double seconds);
  // A call of suggest that gave trials.
  void count_suggest(double seconds);
  // An address that will be told: the counts of its deliveries begin at 0, and an alert sees the first one that is
  // lost.
  void expect_deliveries(const std::string& origin);
  // A try to deliver a message to a webhook's address.
  void count_delivery(const std::string& origin, std::string_view outcome, double seconds);
  // One sweep: trials of which files and records were removed, and the bytes of files that are left.
  void count_sweep(std::int64_t files_of_trials, std::int64_t records_of_trials, std::uint64_t bytes_left);

  // What is looked up when somebody asks.
  struct Sources {
    const tuner::Engine& engine;
    const tuner::StoreTimes* store = nullptr;  // null: not measured
    std::size_t event_streams = 0;             // open now
    std::size_t waiting_suggests = 0;
    // What a bound of the service turned away, by bound, until now.
    std::vector<std::pair<std::string, std::uint64_t>> refused{};
  };
  [[nodiscard]] std::string text(const Sources& sources) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace krige::server
