// Attempts as processes of this machine, each under a supervisor of its own (base/supervisor.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "tuner/executors/executor.h"

namespace krige::tuner {

struct LocalExecutorOptions {
  std::string supervisor;  // program that has the role `supervise`: krige-trainer
  std::string store_id;    // marks every process, so that kill_leftovers finds them
  // What attempts print is kept below this folder (attempt_log.h); empty: it is not.
  std::string log_folder{};
  std::uint64_t log_bytes = std::uint64_t{1} << 20;  // of each attempt, at most
};

// One thread owns all attempts. The process becomes a subreaper and its closed standard streams are opened on
// /dev/null. Every process of an attempt has KRIGE_STORE_ID, KRIGE_EXECUTOR_ID (random) and KRIGE_ATTEMPT
// (study/trial/attempt) in its environment. not_found: no such supervisor; unsupported: a kernel without pidfd.
[[nodiscard]] Result<std::unique_ptr<Executor>> make_local_executor(LocalExecutorOptions options);

}  // namespace krige::tuner
