#include "trainer/schedule.h"

#include <gtest/gtest.h>

#include <algorithm>

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
  EXPECT_EQ(schedule.plan(0, 0).blocks, 7U);
}

TEST(Schedule, OrderIsAPermutationThatSeedAndEpochGive) {
  const Schedule schedule(job(TrainMode::bsp, 2, 8), 100);
  std::vector<std::uint32_t> order = schedule.order(1);
  EXPECT_EQ(order, schedule.order(1));
  EXPECT_NE(order, schedule.order(2));
  TrainJob other = job(TrainMode::bsp, 2, 8);
  other.seed = 6;
  EXPECT_NE(order, Schedule(other, 100).order(1));
  std::ranges::sort(order);
  for (std::uint32_t i = 0; i < 100; ++i) ASSERT_EQ(order[i], i);
}

}  // namespace
}  // namespace krige::trainer
