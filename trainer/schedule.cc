#include "trainer/schedule.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "base/rng.h"

namespace krige::trainer {
namespace {

std::uint64_t divide_up(std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; }

// Four blocks a minibatch keep up to four workers busy. Fewer than 8 rows starve the matrix product; more than 64 gain
// nothing.
std::uint32_t shared_block_rows(std::uint64_t batch) {
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(std::bit_ceil(divide_up(batch, 4)), 8, 64));
}

constexpr std::uint64_t kOwnBlockRows = 256;

}  // namespace

Schedule::Schedule(const TrainJob& job, std::uint64_t train_rows)
    : train_rows_(train_rows),
      epochs_(static_cast<std::uint64_t>(job.epochs)),
      workers_(static_cast<std::uint64_t>(job.workers)),
      seed_(job.seed),
      shared_(job.mode == TrainMode::bsp) {
  const std::uint64_t rows = shared_ ? train_rows : divide_up(train_rows, workers_);
  const auto asked = static_cast<std::uint64_t>(job.batch_size);
  const std::uint64_t batch = std::max<std::uint64_t>(1, asked == 0 ? rows : std::min(rows, asked));
  steps_per_epoch_ = std::max<std::uint64_t>(1, divide_up(rows, batch));
  block_rows_ = shared_ ? shared_block_rows(batch) : static_cast<std::uint32_t>(std::min(batch, kOwnBlockRows));
}

StepPlan Schedule::plan(std::uint64_t clock, std::uint32_t worker) const {
  StepPlan plan;
  plan.epoch = clock / steps_per_epoch_;
  const std::uint64_t step = clock % steps_per_epoch_;
  const KeyRange mine = shared_ ? KeyRange{0, train_rows_} : part_of(train_rows_, workers_, worker);
  plan.rows = part_of(mine.size(), steps_per_epoch_, step);
  plan.rows.begin += mine.begin;
  plan.rows.end += mine.begin;
  // A worker with fewer rows than others may have an empty minibatch: one empty block still advances its clock.
  plan.blocks = static_cast<std::uint32_t>(std::max<std::uint64_t>(1, divide_up(plan.rows.size(), block_rows_)));
  const KeyRange blocks = shared_ ? part_of(plan.blocks, workers_, worker) : KeyRange{0, plan.blocks};
  plan.first_block = static_cast<std::uint32_t>(blocks.begin);
  plan.end_block = static_cast<std::uint32_t>(blocks.end);
  return plan;
}

KeyRange Schedule::block(const StepPlan& plan, std::uint32_t block) const {
  const std::uint64_t begin = plan.rows.begin + static_cast<std::uint64_t>(block) * block_rows_;
  return {begin, std::min(plan.rows.end, begin + block_rows_)};
}

std::vector<std::uint32_t> Schedule::order(std::uint64_t epoch) const {
  std::vector<std::uint32_t> rows(train_rows_);
  std::iota(rows.begin(), rows.end(), 0U);
  Rng rng(seed_, static_cast<std::uint64_t>(SeedStream::epochs) + epoch);
  rng.shuffle(std::span<std::uint32_t>(rows));
  return rows;
}

}  // namespace krige::trainer
