// SIGINT and SIGTERM as a stop token, and SIGHUP as a call.
#pragma once

#include <signal.h>

#include <functional>
#include <stop_token>
#include <thread>

namespace krige::cli {

// Make one before any other thread: the signals are blocked in this thread and in those it starts, and taken by one of
// ours.
class InterruptWatch {
 public:
  InterruptWatch() : InterruptWatch(nullptr) {}
  // `on_hangup` is called from a thread of its own on SIGHUP, which without it ends the process as ever.
  explicit InterruptWatch(std::function<void()> on_hangup);
  ~InterruptWatch();
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;

  [[nodiscard]] std::stop_token token() const { return interrupted_.get_token(); }
  // SIGTERM, or SIGINT for the second time: nothing is to be waited for.
  [[nodiscard]] std::stop_token at_once() const { return at_once_.get_token(); }
  [[nodiscard]] bool interrupted() const { return interrupted_.stop_requested(); }
  // Returns when a signal has come.
  void wait();

 private:
  std::stop_source interrupted_;
  std::stop_source at_once_;
  sigset_t signals_{};
  std::jthread thread_;
};

}  // namespace krige::cli
