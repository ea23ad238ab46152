#include "server/auth/rate_limiter.h"

#include <algorithm>
#include <chrono>

namespace krige::server {

bool RateLimiter::take(const std::string& caller) {
  if (per_second_ <= 0) return true;
  const double capacity = std::max(1.0, 2 * per_second_);
  const MonotonicTime now = clock_.now();
  const std::lock_guard lock(mutex_);
  Bucket& bucket = buckets_.try_emplace(caller, Bucket{capacity, now}).first->second;
  bucket.left =
      std::min(capacity, bucket.left + per_second_ * std::chrono::duration<double>(now - bucket.filled).count());
  bucket.filled = now;
  if (bucket.left < 1) return false;
  bucket.left -= 1;
  return true;
}

}  // namespace krige::server
