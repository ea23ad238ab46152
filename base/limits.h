// What an attempt may use, all of its processes together.
#pragma once

#include <cstdint>
#include <optional>

#include "base/clock.h"

namespace krige {

struct Limits {
  std::optional<Millis> time;                 // from its start
  std::optional<Millis> cpu_time;             // summed over cores and processes
  std::optional<std::uint64_t> memory_bytes;  // resident; pages that processes share count once
  Millis grace{1000};                         // between SIGTERM and SIGKILL for time and cpu_time; memory has none

  friend bool operator==(const Limits&, const Limits&) = default;
};

enum class Limit : std::uint32_t { none, time, cpu_time, memory };

}  // namespace krige
