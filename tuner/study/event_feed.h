// The latest events of a study, for those who follow it. A crowd of them neither reads the store nor holds up who
// changes the study.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <stop_token>
#include <vector>

#include "base/clock.h"
#include "tuner/storage/storage.h"

namespace krige::tuner {

// Thread-safe.
class EventFeed {
 public:
  // `seq`: of the study's last event.
  explicit EventFeed(std::uint64_t seq) : seq_(seq) {}

  // What was committed, in its order: the events that lead to `seq`.
  void publish(const std::vector<NewEvent>& events, WallTime time, std::uint64_t seq);
  // Wakes every wait_past(), for good.
  void close();

  // Blocks until the study's sequence is above `after`, the deadline, the stop, or the end of the feed. The sequence
  // then.
  [[nodiscard]] std::uint64_t wait_past(std::uint64_t after, MonotonicTime deadline, const std::stop_token& stop) const;
  // At most `limit` events with seq > after, by seq; nullopt when they are not here any more: the store has them.
  [[nodiscard]] std::optional<std::vector<Event>> events(std::uint64_t after, std::size_t limit) const;

 private:
  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  // Below: guarded by mutex_.
  std::uint64_t seq_;
  std::deque<Event> latest_;              // without gaps, to seq_
  mutable MonotonicTime followed_until_;  // nobody listens any more
  bool closed_ = false;
};

}  // namespace krige::tuner
