// The one thread of a trainer process waits here: for sockets, descriptors and timers (Boost.Asio inside).
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/clock.h"
#include "base/fd.h"
#include "trainer/transport/channel.h"
#include "trainer/transport/shared_slots.h"

namespace krige::trainer {

// Bytes sent and received.
struct Traffic {
  std::uint64_t socket_bytes = 0;
  std::uint64_t memory_bytes = 0;
};

class EventLoop {
 public:
  EventLoop();
  ~EventLoop();
  EventLoop(const EventLoop&) = delete;
  EventLoop& operator=(const EventLoop&) = delete;

  // Frames over a connected stream socket; the numbers at their ends through `memory`, if there is one with a free
  // slot. A slot is released when the handler of its frame has returned. Destroying the channel closes the socket; its
  // handlers are not called after that. A channel must not outlive the loop, nor be destroyed by its own handlers.
  [[nodiscard]] std::unique_ptr<Channel> open(UniqueFd socket, ChannelHandlers handlers,
                                              std::optional<SharedSlots> memory = std::nullopt);
  // Of all its channels since the beginning.
  [[nodiscard]] Traffic traffic() const;
  // Calls `readable` whenever there is something to read from `fd`, which stays the caller's and must outlive the loop.
  void watch(int fd, std::function<void()> readable);
  // Calls `tick` every `interval`.
  void every(Millis interval, std::function<void()> tick);
  // Runs the handlers whose time has come, without waiting.
  void poll();
  // Runs handlers, one by one, until `done` is true. A process that waits for a peer has a timer that ends the wait.
  void run_until(const std::function<bool()>& done);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace krige::trainer
