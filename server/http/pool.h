// Threads that run jobs, and counters that bound who may keep one for long.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace krige::server {

// Starts threads as they are needed, up to a bound; jobs beyond it wait in order. Thread-safe.
class Pool {
 public:
  explicit Pool(std::size_t max_threads) : max_threads_(max_threads) {}
  // Runs what is queued, then joins.
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  // False when no thread could be started and there is none to run the job. Jobs must not throw.
  [[nodiscard]] bool run(std::function<void()> job);

 private:
  void work();

  const std::size_t max_threads_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> jobs_;
  std::size_t idle_ = 0;
  bool stopping_ = false;
  std::vector<std::jthread> threads_;  // last: they use all of the above
};

// At most `count` holders at a time; a slot is held as long as its handle lives. The Slots must outlive the handles.
class Slots {
 public:
  explicit Slots(std::size_t count) : count_(count), free_(count) {}

  using Slot = std::shared_ptr<void>;
  // Null when all are taken.
  [[nodiscard]] Slot take();
  [[nodiscard]] std::size_t taken() const;
  // How often there was none, until now.
  [[nodiscard]] std::uint64_t refused() const;

 private:
  const std::size_t count_;
  mutable std::mutex mutex_;
  // Below: guarded by mutex_.
  std::size_t free_;
  std::uint64_t refused_ = 0;
};

}  // namespace krige::server
