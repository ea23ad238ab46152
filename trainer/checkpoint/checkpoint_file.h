// The file of a training that can go on: what the shards hold at one clock that all workers have reached, and what it
// belongs to. Random numbers need no section of their own: every stream is a function of the job's seed and the epoch
// (schedule.h), so the clock is the generator's position and the data's cursor.
//
//   "KRIGECKP" | version u32 | sections u32 | a table of (name, 8 bytes | bytes u64 | CRC-32 u32 | zero u32) | CRC-32
//   of all before u32 | zero u32 | the sections' bytes in the order of the table
// Sections: job (JSON), data (JSON of DataSummary), clock (clock, version, steps an epoch, seed; u64 each), weights
// (f32), state (f32: the optimizer's arrays, one after the other, each as long as weights). Little-endian.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "base/train_job.h"
#include "trainer/floats.h"

namespace krige::trainer {

struct Checkpoint {
  TrainJob job;
  std::string data;                   // as to_text(DataSummary)
  std::uint64_t clock = 0;            // minibatches that every worker has done
  std::uint64_t version = 0;          // updates of the weights
  std::uint64_t steps_per_epoch = 1;  // the cursor: epoch clock / steps, step clock % steps
  Floats weights;
  Floats state;
};

// Written aside, synced and renamed: the file is the old one or the new one.
[[nodiscard]] Status write_checkpoint(const std::string& path, const Checkpoint& checkpoint);
// not_found: no such file. unsupported: a version that this program does not read. corrupt: not a checkpoint, or
// damaged; the message names the section.
[[nodiscard]] Result<Checkpoint> read_checkpoint(const std::string& path);
// conflict, naming the fields: the job is another one. How a bsp training is spread over processes does not matter, as
// it does not change a bit of it; nor does the transport.
[[nodiscard]] Status check_same_job(const Checkpoint& checkpoint, const TrainJob& job);

}  // namespace krige::trainer
