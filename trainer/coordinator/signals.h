// SIGTERM, SIGINT, SIGUSR1 and SIGCHLD as something to read: a signal may come at any time, but is handled by the event
// loop.
#pragma once

#include <optional>

#include "base/fd.h"

namespace krige::trainer {

class Signals {
 public:
  // Blocks the signals for this process, so that they wait in the descriptor. Call before other threads start.
  [[nodiscard]] static Result<Signals> take();
  [[nodiscard]] int descriptor() const { return fd_.get(); }

  struct Seen {
    std::optional<int> stop;  // SIGTERM or SIGINT
    bool pause = false;       // SIGUSR1
    bool child = false;
  };
  // All that have come since the last call.
  [[nodiscard]] Seen read() const;

 private:
  explicit Signals(UniqueFd fd) : fd_(std::move(fd)) {}
  UniqueFd fd_;
};

}  // namespace krige::trainer
