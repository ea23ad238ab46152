// The process that runs one training: starts shards and workers, gives the shards their first weights, has each epoch's
// weights evaluated, and writes the records.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/train_job.h"
#include "trainer/coordinator/crew.h"

namespace krige::trainer {

struct CoordinatorOptions {
  CrewOptions crew;
  std::string model_path;              // where the final weights go; empty: nowhere
  std::optional<Transport> transport;  // before the job's
  int records_fd = 1;                  // metric records as JSON lines
};

// Runs the job to its end. It blocks SIGTERM, SIGINT and SIGCHLD and must be called from the main thread, once. When it
// returns, no process that it started is left. Errors: cancelled (a signal), process_failed and timeout (a member died
// or fell silent), and whatever a member found (bad data, …). A training whose loss is no longer a number ends at that
// epoch, without an error.
[[nodiscard]] Status run_training(const TrainJob& job, const CoordinatorOptions& options);

}  // namespace krige::trainer
