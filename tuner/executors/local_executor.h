// Attempts as processes of this machine, each under a supervisor of its own (base/supervisor.h).
#pragma once

#include <memory>
#include <string>

#include "tuner/executors/executor.h"

namespace krige::tuner {

struct LocalExecutorOptions {
  std::string supervisor;  // program that has the role `supervise`: krige-trainer
  std::string store_id;    // marks every process, so that kill_leftovers finds them
};

[[nodiscard]] Result<std::unique_ptr<Executor>> make_local_executor(LocalExecutorOptions options);

}  // namespace krige::tuner
