#include "trainer/schedule.h"

#include <algorithm>
#include <bit>
#include <numeric>

#include "base/rng.h"

namespace krige::trainer {
namespace {

std::uint64_t divide_up(std::uint64_t a, std::uint64_t b) { return (a + b - 1) / b; }

// Four blocks a minibatch (of 128 rows and more) keep up to four workers busy. Each costs a whole gradient, written and
// added: fewer than 32 rows are not worth it, and starve the matrix product. More than 256 leave its operands no place
// in the cache.
std::uint32_t shared_block_rows(std::uint64_t batch) {
  return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(std::bit_ceil(divide_up(batch, 4)), 32, 256));
}

constexpr std::uint64_t kOwnBlockRows = 256;

}  // namespace

Schedule::Schedule(const TrainJob& job, std::uint64_t train_rows, std::uint64_t window_rows)
    : train_rows_(train_rows),
      window_rows_(window_rows),
      epochs_(static_cast<std::uint64_t>(job.epochs)),
      workers_(static_cast<std::uint64_t>(job.workers)),
      seed_(job.seed),
      shared_(job.mode == TrainMode::bsp),
      local_steps_(static_cast<std::uint64_t>(job.local_steps)) {
  const std::uint64_t rows = shared_ ? train_rows : divide_up(train_rows, workers_);
  const auto asked = static_cast<std::uint64_t>(job.batch_size);
  batch_ = std::max<std::uint64_t>(1, asked == 0 ? rows : std::min(rows, asked));
  steps_per_epoch_ = std::max<std::uint64_t>(1, divide_up(rows, batch_ * local_steps_));
  block_rows_ = shared_ ? shared_block_rows(batch_) : static_cast<std::uint32_t>(std::min(batch_, kOwnBlockRows));
}

StepPlan Schedule::plan(std::uint64_t clock, std::uint32_t worker) const {
  StepPlan plan;
  plan.epoch = clock / steps_per_epoch_;
  const std::uint64_t step = clock % steps_per_epoch_;
  const KeyRange mine = shared_ ? KeyRange{0, train_rows_} : part_of(train_rows_, workers_, worker);
  plan.rows = part_of(mine.size(), steps_per_epoch_, step);
  plan.rows.begin += mine.begin;
  plan.rows.end += mine.begin;
  if (local_steps_ > 1) {
    plan.local_steps = divide_up(plan.rows.size(), batch_);
    plan.blocks = plan.end_block = 1;
    return plan;
  }
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

EpochOrder Schedule::order(std::uint64_t epoch) const { return {seed_, epoch, train_rows_, window_rows_}; }

std::uint64_t shuffle_window(std::uint64_t rows, double bytes_per_row) {
  constexpr double kWholeBytes = 256 << 20;
  constexpr double kWindowBytes = 64 << 20;
  const double row = bytes_per_row + 2 * sizeof(std::uint32_t);
  if (static_cast<double>(rows) * row <= kWholeBytes) return 0;
  return std::max<std::uint64_t>(EpochOrder::kSegmentRows, static_cast<std::uint64_t>(kWindowBytes / row));
}

EpochOrder::EpochOrder(std::uint64_t seed, std::uint64_t epoch, std::uint64_t rows, std::uint64_t window_rows)
    : seed_(seed), stream_(static_cast<std::uint64_t>(SeedStream::epochs) + epoch), rows_(rows) {
  Rng rng(seed_, stream_);
  if (window_rows == 0 || rows <= window_rows) {
    window_.resize(rows);
    std::iota(window_.begin(), window_.end(), 0U);
    rng.shuffle(std::span<std::uint32_t>(window_));
    window_begins_ = {0, rows};
    return;
  }
  segments_.resize(divide_up(rows, kSegmentRows));
  std::iota(segments_.begin(), segments_.end(), 0U);
  rng.shuffle(std::span<std::uint32_t>(segments_));
  window_segments_ = std::max<std::uint64_t>(1, window_rows / kSegmentRows);
  std::uint64_t place = 0;
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    if (i % window_segments_ == 0) window_begins_.push_back(place);
    place += part_of(rows, segments_.size(), segments_[i]).size();
  }
  window_begins_.push_back(rows);
}

std::uint32_t EpochOrder::operator[](std::uint64_t place) {
  if (place - begin_ >= window_.size()) open_window(place);
  return window_[place - begin_];
}

void EpochOrder::open_window(std::uint64_t place) {
  const auto after = std::ranges::upper_bound(window_begins_, place);
  const auto number = static_cast<std::uint64_t>(after - window_begins_.begin()) - 1;
  begin_ = window_begins_[number];
  window_.clear();
  opened_.clear();
  const std::uint64_t end = std::min<std::uint64_t>(segments_.size(), (number + 1) * window_segments_);
  for (std::uint64_t i = number * window_segments_; i < end; ++i) {
    const KeyRange segment = part_of(rows_, segments_.size(), segments_[i]);
    opened_.push_back(segment);
    for (std::uint64_t row = segment.begin; row < segment.end; ++row)
      window_.push_back(static_cast<std::uint32_t>(row));
  }
  Rng rng(mix64(seed_) + number, stream_);
  rng.shuffle(std::span<std::uint32_t>(window_));
}

}  // namespace krige::trainer
