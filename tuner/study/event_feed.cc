#include "tuner/study/event_feed.h"

#include <algorithm>
#include <chrono>

namespace krige::tuner {
namespace {

// A follower that was sent the last events a moment ago finds the next ones here, at thousands of events a second;
// about 3 MB, and none where nobody listens.
constexpr std::size_t kMostEvents = 4096;
// Longer than a follower takes from one call to the next.
constexpr Millis kFollows = std::chrono::seconds(60);

}  // namespace

void EventFeed::publish(const std::vector<NewEvent>& events, WallTime time, std::uint64_t seq) {
  const std::lock_guard lock(mutex_);
  seq_ = seq;
  changed_.notify_all();
  if (std::chrono::steady_clock::now() >= followed_until_) return latest_.clear();
  std::uint64_t next = seq - events.size();
  for (const NewEvent& event : events) latest_.push_back({++next, event.type, time, event.data});
  if (latest_.size() > kMostEvents)
    latest_.erase(latest_.begin(), latest_.begin() + static_cast<std::ptrdiff_t>(latest_.size() - kMostEvents));
}

void EventFeed::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

std::uint64_t EventFeed::wait_past(std::uint64_t after, MonotonicTime deadline, const std::stop_token& stop) const {
  std::unique_lock lock(mutex_);
  followed_until_ = std::chrono::steady_clock::now() + kFollows;
  changed_.wait_until(lock, stop, deadline, [&] { return seq_ > after || closed_; });
  return seq_;
}

std::optional<std::vector<Event>> EventFeed::events(std::uint64_t after, std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  if (latest_.empty() || latest_.front().seq > after + 1) return std::nullopt;
  const std::size_t skipped = std::min(after + 1 - latest_.front().seq, latest_.size());
  const std::size_t count = std::min(limit, latest_.size() - skipped);
  const auto first = latest_.begin() + static_cast<std::ptrdiff_t>(skipped);
  return std::vector<Event>(first, first + static_cast<std::ptrdiff_t>(count));
}

}  // namespace krige::tuner
