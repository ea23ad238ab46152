#include "cli/interrupt.h"

#include <condition_variable>
#include <ctime>
#include <mutex>
#include <utility>

namespace krige::cli {
namespace {

// How soon the watching thread notices that it is to end.
constexpr timespec kPoll{0, 100'000'000};

}  // namespace

InterruptWatch::InterruptWatch(std::function<void()> on_hangup) {
  ::sigemptyset(&signals_);
  ::sigaddset(&signals_, SIGINT);
  ::sigaddset(&signals_, SIGTERM);
  if (on_hangup) ::sigaddset(&signals_, SIGHUP);
  ::pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  thread_ = std::jthread([this, on_hangup = std::move(on_hangup)](const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      const int signal = ::sigtimedwait(&signals_, nullptr, &kPoll);
      if (signal == SIGHUP) {
        on_hangup();
        continue;
      }
      if (signal == SIGTERM || (signal == SIGINT && interrupted_.stop_requested())) at_once_.request_stop();
      if (signal > 0) interrupted_.request_stop();
    }
  });
}

InterruptWatch::~InterruptWatch() = default;

void InterruptWatch::wait() {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait(lock, token(), [] { return false; });
}

}  // namespace krige::cli
