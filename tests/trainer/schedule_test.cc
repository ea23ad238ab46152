#include "trainer/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace krige::trainer {
namespace {

TrainJob job(TrainMode mode, std::int64_t workers, std::int64_t batch) {
  TrainJob job;
  job.mode = mode;
  job.workers = workers;
  job.batch_size = batch;
  job.epochs = 3;
  job.seed = 5;
  return job;
}

// How often each place of an epoch's order is used by the blocks of all workers.
std::vector<int> uses(const Schedule& schedule, std::uint32_t workers, std::uint64_t epoch) {
  std::vector<int> uses(schedule.train_rows());
  for (std::uint64_t step = 0; step < schedule.steps_per_epoch(); ++step)
    for (std::uint32_t w = 0; w < workers; ++w) {
      const StepPlan plan = schedule.plan(epoch * schedule.steps_per_epoch() + step, w);
      EXPECT_EQ(plan.epoch, epoch);
      for (std::uint32_t b = plan.first_block; b < plan.end_block; ++b) {
        const KeyRange rows = schedule.block(plan, b);
        EXPECT_LE(rows.size(), schedule.block_rows());
        for (std::uint64_t r = rows.begin; r < rows.end; ++r) ++uses[r];
      }
    }
  return uses;
}

TEST(Schedule, EveryRowIsUsedOnceAnEpoch) {
  for (const TrainMode mode : {TrainMode::bsp, TrainMode::ssp, TrainMode::asp})
    for (const std::int64_t workers : {1, 2, 3, 7})
      for (const std::int64_t batch : {0, 1, 7, 64, 1000})
        for (const std::uint64_t rows : {7, 100, 1348}) {
          const Schedule schedule(job(mode, workers, batch), rows);
          const std::vector<int> used = uses(schedule, static_cast<std::uint32_t>(workers), 2);
          EXPECT_TRUE(std::ranges::all_of(used, [](int n) { return n == 1; }))
              << workers << " " << batch << " " << rows;
        }
}

TEST(Schedule, LocalStepsCutTheRowsOfAClockIntoMinibatches) {
  for (const std::int64_t batch : {1, 7, 64})
    for (const std::uint64_t rows : {7, 100, 1348}) {
      TrainJob stepping = job(TrainMode::asp, 2, batch);
      stepping.local_steps = 5;
      const Schedule schedule(stepping, rows);
      for (std::uint32_t worker : {0, 1}) {
        std::uint64_t used = 0;
        for (std::uint64_t clock = 0; clock < schedule.steps_per_epoch(); ++clock) {
          const StepPlan plan = schedule.plan(clock, worker);
          used += plan.rows.size();
          EXPECT_EQ(plan.blocks, 1U);
          EXPECT_LE(plan.local_steps, schedule.most_local_steps());
          EXPECT_LE(plan.rows.size(), plan.local_steps * static_cast<std::uint64_t>(batch));
        }
        EXPECT_EQ(used, part_of(rows, 2, worker).size());
      }
    }
}

TEST(Schedule, SharedMinibatchesDoNotDependOnTheWorkers) {
  const Schedule one(job(TrainMode::bsp, 1, 64), 1348);
  const Schedule five(job(TrainMode::bsp, 5, 64), 1348);
  ASSERT_EQ(one.total_steps(), five.total_steps());
  EXPECT_EQ(one.steps_per_epoch(), 22U);
  for (std::uint64_t clock = 0; clock < one.total_steps(); ++clock) {
    EXPECT_EQ(one.plan(clock, 0).rows, five.plan(clock, 3).rows);
    EXPECT_EQ(one.plan(clock, 0).blocks, five.plan(clock, 3).blocks);
    EXPECT_LE(one.plan(clock, 0).rows.size(), 64U);
    EXPECT_GE(one.plan(clock, 0).rows.size(), 61U);
  }
}

TEST(Schedule, BatchSizeZeroIsAllRows) {
  const Schedule schedule(job(TrainMode::bsp, 2, 0), 442);
  EXPECT_EQ(schedule.steps_per_epoch(), 1U);
  EXPECT_EQ(schedule.plan(0, 0).rows, (KeyRange{0, 442}));
  EXPECT_EQ(schedule.plan(0, 0).blocks, 4U);
}

std::vector<std::uint32_t> rows_of(EpochOrder order, std::uint64_t rows) {
  std::vector<std::uint32_t> all;
  for (std::uint64_t place = 0; place < rows; ++place) all.push_back(order[place]);
  return all;
}

TEST(Schedule, OrderIsAPermutationThatSeedAndEpochGive) {
  for (const auto& [rows, window] : std::vector<std::pair<std::uint64_t, std::uint64_t>>{
           {100, 0}, {100, 1000}, {50'000, 4096}, {50'001, 1}, {4097, 4096}}) {
    const Schedule schedule(job(TrainMode::bsp, 2, 8), rows, window);
    std::vector<std::uint32_t> order = rows_of(schedule.order(1), rows);
    EXPECT_EQ(order, rows_of(schedule.order(1), rows));
    EXPECT_NE(order, rows_of(schedule.order(2), rows));
    TrainJob other = job(TrainMode::bsp, 2, 8);
    other.seed = 6;
    EXPECT_NE(order, rows_of(Schedule(other, rows, window).order(1), rows));
    // Any place may be asked for, in any order.
    EpochOrder jumping = schedule.order(1);
    for (const std::uint64_t place : {rows - 1, std::uint64_t{0}, rows / 2, rows / 3})
      EXPECT_EQ(jumping[place], order[place]);
    std::ranges::sort(order);
    for (std::uint32_t i = 0; i < rows; ++i) ASSERT_EQ(order[i], i);
  }
}

TEST(Schedule, AWindowReadsAFewSegmentsFromAllOverTheFile) {
  const std::uint64_t rows = 100 * EpochOrder::kSegmentRows;
  const std::vector<std::uint32_t> order =
      rows_of(Schedule(job(TrainMode::bsp, 1, 8), rows, 4 * EpochOrder::kSegmentRows).order(0), rows);
  std::set<std::uint64_t> segments;
  for (std::uint64_t place = 0; place < 4 * EpochOrder::kSegmentRows; ++place)
    segments.insert(order[place] / EpochOrder::kSegmentRows);
  EXPECT_EQ(segments.size(), 4U);
  EXPECT_GT(*segments.rbegin() - *segments.begin(), 10U);
  EpochOrder opening = Schedule(job(TrainMode::bsp, 1, 8), rows, 4 * EpochOrder::kSegmentRows).order(0);
  const std::uint32_t first = opening[0];
  const std::vector<KeyRange> opened = opening.take_opened();
  EXPECT_EQ(opened.size(), 4U);
  EXPECT_TRUE(std::ranges::any_of(opened, [&](const KeyRange& r) { return r.begin <= first && first < r.end; }));
  EXPECT_TRUE(opening.take_opened().empty());
}

TEST(Schedule, OnlyLargeDataAreShuffledInWindows) {
  EXPECT_EQ(shuffle_window(2'000'000, 84), 0U);
  EXPECT_EQ(shuffle_window(24'000'000, 84), (64U << 20) / 92);
  EXPECT_EQ(shuffle_window(1000, 1 << 20), EpochOrder::kSegmentRows);
}

}  // namespace
}  // namespace krige::trainer
