// How often each caller may ask: a bucket of tokens that fills up evenly.
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "base/clock.h"

namespace krige::server {

// Thread-safe.
class RateLimiter {
 public:
  // `per_second` on average, twice as many at once; 0: no limit.
  explicit RateLimiter(double per_second, const Clock& clock = system_clock())
      : per_second_(per_second), clock_(clock) {}

  // Whether the caller may ask now. Of callers beyond kMostCallers that have asked lately a new one may not, so that
  // what is kept is bounded.
  [[nodiscard]] bool take(const std::string& caller);

  static constexpr std::size_t kMostCallers = 10'000;

 private:
  struct Bucket {
    double left = 0;
    MonotonicTime filled;
  };
  void fill(Bucket& bucket, MonotonicTime now) const;
  [[nodiscard]] double capacity() const;

  const double per_second_;
  const Clock& clock_;
  std::mutex mutex_;
  std::map<std::string, Bucket> buckets_;
};

}  // namespace krige::server
