// Which rows make which minibatch: a function of the job's seed and the numbers of rows and workers, computed by every
// process for itself. A clock is a number of minibatches done; the epochs of all workers have the same number of
// minibatches.
#pragma once

#include <cstdint>
#include <vector>

#include "base/train_job.h"
#include "trainer/floats.h"

namespace krige::trainer {

// What one worker computes for one minibatch. Rows are places in the epoch's order (Schedule::order).
struct StepPlan {
  std::uint64_t epoch = 0;
  KeyRange rows;                  // the whole minibatch
  std::uint32_t blocks = 0;       // micro-blocks of the minibatch: the leaves of its sum
  std::uint32_t first_block = 0;  // this worker's share is [first_block, end_block)
  std::uint32_t end_block = 0;
};

class Schedule {
 public:
  // bsp: one minibatch at a time for all workers, cut into micro-blocks. ssp, asp: each worker has its part of the
  // epoch's rows and its own minibatches. The minibatches of an epoch differ by at most one row, none exceeds
  // batch_size.
  Schedule(const TrainJob& job, std::uint64_t train_rows);

  [[nodiscard]] std::uint64_t steps_per_epoch() const { return steps_per_epoch_; }
  [[nodiscard]] std::uint64_t total_steps() const { return steps_per_epoch_ * epochs_; }
  // Of a shard: one a minibatch.
  [[nodiscard]] std::uint64_t total_updates() const { return total_steps() * (shared_ ? 1 : workers_); }
  [[nodiscard]] std::uint64_t train_rows() const { return train_rows_; }
  [[nodiscard]] std::uint32_t block_rows() const { return block_rows_; }
  [[nodiscard]] bool shared_minibatches() const { return shared_; }

  // `clock` < total_steps().
  [[nodiscard]] StepPlan plan(std::uint64_t clock, std::uint32_t worker) const;
  // Rows of one block of a plan, as places in the epoch's order.
  [[nodiscard]] KeyRange block(const StepPlan& plan, std::uint32_t block) const;
  // The rows of the training set in the order of one epoch.
  [[nodiscard]] std::vector<std::uint32_t> order(std::uint64_t epoch) const;

 private:
  std::uint64_t train_rows_;
  std::uint64_t epochs_;
  std::uint64_t workers_;
  std::uint64_t seed_;
  bool shared_;
  std::uint64_t steps_per_epoch_ = 1;
  std::uint32_t block_rows_ = 1;
};

// Streams of the job's seed, so that no two uses share random numbers.
enum class SeedStream : std::uint64_t { split = 1, weights = 2, dropout = 3, epochs = 1 << 16 };

}  // namespace krige::trainer
