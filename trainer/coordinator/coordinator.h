// The process that runs one training: starts shards and workers, gives the shards their first weights, has each epoch's
// weights evaluated, and writes the records.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/train_job.h"
#include "trainer/coordinator/crew.h"

namespace krige::trainer {

struct CheckpointOptions {
  std::string path;                           // empty: none are written
  std::int64_t every = 1;                     // epochs
  bool resume = false;                        // go on from `path`, if it exists
  std::optional<std::int64_t> pause_after{};  // so many epochs of the whole training, as SIGUSR1 then would
};

struct CoordinatorOptions {
  CrewOptions crew;
  std::string model_path;  // where the final weights go; empty: nowhere
  CheckpointOptions checkpoint;
  std::string cluster_path;            // where every second the figures of all processes go; empty: nowhere
  std::optional<Transport> transport;  // before the job's
  int records_fd = 1;                  // metric records as JSON lines
};

// Runs the job to its end. It blocks SIGTERM, SIGINT and SIGCHLD and must be called from the main thread, once. When it
// returns, no process that it started is left. Errors: cancelled (a signal), process_failed and timeout (a member died
// or fell silent), and whatever a member found (bad data, …). A training whose loss is no longer a number ends at that
// epoch, without an error.
//
// SIGUSR1 pauses: all workers stop at the next minibatch that they can stop at together, the checkpoint is written, and
// the training ends as `paused`. Without a checkpoint's path it is ignored, with a warning. A bsp training that was
// resumed is bit for bit the one that was never stopped. Errors of resuming: corrupt and unsupported (the file),
// conflict (another job, other data).
enum class Ending { finished, paused };
[[nodiscard]] Result<Ending> run_training(const TrainJob& job, const CoordinatorOptions& options);

}  // namespace krige::trainer
