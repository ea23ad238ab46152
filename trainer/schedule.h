// Which rows make which minibatch: a function of the job's seed and the numbers of rows and workers, computed by every
// process for itself. A clock is a number of minibatches done; the epochs of all workers have the same number of
// minibatches.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "base/train_job.h"
#include "trainer/floats.h"

namespace krige::trainer {

// What one worker computes for one minibatch. Rows are places in the epoch's order (Schedule::order).
struct StepPlan {
  std::uint64_t epoch = 0;
  KeyRange rows;                  // the whole minibatch, or all those of the local steps
  std::uint64_t local_steps = 1;  // the rows are cut into as many minibatches, as part_of() does
  std::uint32_t blocks = 0;       // micro-blocks of the minibatch: the leaves of its sum
  std::uint32_t first_block = 0;  // this worker's share is [first_block, end_block)
  std::uint32_t end_block = 0;
};

// The rows of the training set in the order of one epoch.
//
// All rows are shuffled, unless they are more than a window. Then segments of rows that follow one another are
// shuffled, and the rows of each window of segments: reads stay within a window, and the descent is nearly as good (Xu
// et al. 2022, "Stochastic gradient descent without full data shuffle"). The order is the same on every machine: it
// depends on the seed and the numbers here, not on how much memory there is.
class EpochOrder {
 public:
  static constexpr std::uint64_t kSegmentRows = 1024;
  EpochOrder() = default;
  EpochOrder(std::uint64_t seed, std::uint64_t epoch, std::uint64_t rows, std::uint64_t window_rows);
  // Not const: holds the window of the last place.
  [[nodiscard]] std::uint32_t operator[](std::uint64_t place);
  // Stretches of rows that the window opened last is made of, once: what is read next. None where all rows are
  // shuffled.
  [[nodiscard]] std::vector<KeyRange> take_opened() { return std::exchange(opened_, {}); }

 private:
  void open_window(std::uint64_t place);

  std::uint64_t seed_ = 0;
  std::uint64_t stream_ = 0;
  std::uint64_t rows_ = 0;
  std::uint64_t window_segments_ = 0;
  std::vector<std::uint32_t> segments_;       // in their order
  std::vector<std::uint64_t> window_begins_;  // first place of each window, and the number of rows
  std::vector<std::uint32_t> window_;         // rows of the open one
  std::uint64_t begin_ = 0;                   // its first place
  std::vector<KeyRange> opened_;
};

class Schedule {
 public:
  // bsp: one minibatch at a time for all workers, cut into micro-blocks. ssp, asp: each worker has its part of the
  // epoch's rows and its own minibatches. The minibatches of an epoch differ by at most one row, none exceeds
  // batch_size. With local steps a clock is of several: one block, which is the push of their outcome. An epoch is
  // shuffled in windows of `window_rows`; 0: as a whole.
  Schedule(const TrainJob& job, std::uint64_t train_rows, std::uint64_t window_rows = 0);

  [[nodiscard]] std::uint64_t steps_per_epoch() const { return steps_per_epoch_; }
  [[nodiscard]] std::uint64_t total_steps() const { return steps_per_epoch_ * epochs_; }
  // Of a shard: one a minibatch.
  [[nodiscard]] std::uint64_t total_updates() const { return total_steps() * (shared_ ? 1 : workers_); }
  // Of one clock.
  [[nodiscard]] std::uint64_t most_local_steps() const { return local_steps_; }
  [[nodiscard]] std::uint64_t train_rows() const { return train_rows_; }
  [[nodiscard]] std::uint32_t block_rows() const { return block_rows_; }
  [[nodiscard]] bool shared_minibatches() const { return shared_; }

  // `clock` < total_steps().
  [[nodiscard]] StepPlan plan(std::uint64_t clock, std::uint32_t worker) const;
  // Rows of one block of a plan, as places in the epoch's order.
  [[nodiscard]] KeyRange block(const StepPlan& plan, std::uint32_t block) const;
  [[nodiscard]] EpochOrder order(std::uint64_t epoch) const;

 private:
  std::uint64_t train_rows_;
  std::uint64_t window_rows_;
  std::uint64_t epochs_;
  std::uint64_t workers_;
  std::uint64_t seed_;
  bool shared_;
  std::uint64_t local_steps_;
  std::uint64_t batch_ = 1;
  std::uint64_t steps_per_epoch_ = 1;
  std::uint32_t block_rows_ = 1;
};

// Whether the weights after `epoch` (from 1) are evaluated.
[[nodiscard]] inline bool is_evaluated(const TrainJob& job, std::uint64_t epoch) {
  return epoch % static_cast<std::uint64_t>(job.evaluate_every) == 0 || epoch == static_cast<std::uint64_t>(job.epochs);
}

// Streams of the job's seed, so that no two uses share random numbers.
enum class SeedStream : std::uint64_t { split = 1, weights = 2, test_split = 3, dropout = 4, epochs = 1 << 16 };

// Rows of a shuffle's window for data of so many bytes: all (0) up to 256 MiB, else 64 MiB worth of rows. Fixed
// numbers, so that a result does not depend on the machine's memory.
[[nodiscard]] std::uint64_t shuffle_window(std::uint64_t rows, double bytes_per_row);

}  // namespace krige::trainer
