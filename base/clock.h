// Time. Leases and deadlines are monotonic; the wall clock is only shown.
#pragma once

#include <chrono>
#include <string>

namespace krige {

using MonotonicTime = std::chrono::steady_clock::time_point;
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
using Millis = std::chrono::milliseconds;

// Implementations may be called from any thread.
class Clock {
 public:
  virtual ~Clock() = default;
  [[nodiscard]] virtual MonotonicTime now() const = 0;
  [[nodiscard]] virtual WallTime wall_now() const = 0;
};

[[nodiscard]] const Clock& system_clock();

// RFC 3339 in UTC with milliseconds: 2026-01-31T12:00:00.000Z.
[[nodiscard]] std::string to_rfc3339(WallTime time);

}  // namespace krige
