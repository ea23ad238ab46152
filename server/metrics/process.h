// What Linux says of this process, read from /proc.
#pragma once

#include <cstdint>

namespace krige::server {

struct ProcessFigures {
  double cpu_seconds = 0;
  double resident_bytes = 0;
  double open_descriptors = 0;
  double threads = 0;
  double start_seconds = 0;  // since 1970
  double descendants = 0;    // processes that come from this one: supervisors, workers, shards, programs
};

// What cannot be read is 0.
[[nodiscard]] ProcessFigures read_process_figures();

}  // namespace krige::server
