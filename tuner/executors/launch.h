// Launches the supervisor of an attempt with its pipes.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/fd.h"
#include "tuner/executors/executor.h"

namespace krige::tuner {

// Our ends; the child has the others and no further descriptor of this process.
struct Launched {
  pid_t pid = 0;     // of the supervisor, our child: to be reaped by whoever gets this
  UniqueFd process;  // readable when the supervisor has ended
  UniqueFd lifeline;
  UniqueFd status;
  UniqueFd input;
  UniqueFd output;
  UniqueFd error;
};

// `marks` are entries of the environment that the run's own cannot override. Thread-safe. invalid_argument names the
// part of `run` that no program can be given; process_failed: the supervisor could not be started.
[[nodiscard]] Result<Launched> launch(const std::string& supervisor, const RunSpec& run,
                                      const std::vector<std::pair<std::string, std::string>>& marks);

}  // namespace krige::tuner
