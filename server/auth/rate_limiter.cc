#include "server/auth/rate_limiter.h"

#include <algorithm>
#include <chrono>

namespace krige::server {

double RateLimiter::capacity() const { return std::max(1.0, 2 * per_second_); }

void RateLimiter::fill(Bucket& bucket, MonotonicTime now) const {
  const double seconds = std::chrono::duration<double>(now - bucket.filled).count();
  bucket.left = std::min(capacity(), bucket.left + per_second_ * seconds);
  bucket.filled = now;
}

bool RateLimiter::take(const std::string& caller) {
  if (per_second_ <= 0) return true;
  const MonotonicTime now = clock_.now();
  const std::lock_guard lock(mutex_);
  if (buckets_.size() >= kMostCallers && !buckets_.contains(caller)) {
    // A full one is as good as none.
    for (auto& [held_by, bucket] : buckets_) fill(bucket, now);
    std::erase_if(buckets_, [&](const auto& held) { return held.second.left >= capacity(); });
    if (buckets_.size() >= kMostCallers) return false;
  }
  Bucket& bucket = buckets_.try_emplace(caller, Bucket{capacity(), now}).first->second;
  fill(bucket, now);
  if (bucket.left < 1) return false;
  bucket.left -= 1;
  return true;
}

}  // namespace krige::server
