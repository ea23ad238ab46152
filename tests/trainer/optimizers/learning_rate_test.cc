#include "trainer/optimizers/learning_rate.h"

#include <gtest/gtest.h>

#include <cmath>

namespace krige::trainer {
namespace {

LearningRate rate_of(RateSchedule schedule, std::int64_t warmup) {
  TrainJob job;
  job.learning_rate = 2;
  job.schedule = schedule;
  job.warmup_steps = warmup;
  job.schedule_decay = 0.5;
  return {job, 100};
}

TEST(LearningRate, WarmsUpToItsFullValue) {
  for (const RateSchedule schedule : {RateSchedule::constant, RateSchedule::inverse_sqrt, RateSchedule::cosine,
                                      RateSchedule::step, RateSchedule::linear}) {
    const LearningRate rate = rate_of(schedule, 20);
    EXPECT_DOUBLE_EQ(rate.at(0), 0.1);
    EXPECT_DOUBLE_EQ(rate.at(9), 1);
    EXPECT_DOUBLE_EQ(rate.at(19), 2);
    EXPECT_NEAR(rate.at(20), 2, 0.05);
  }
}

TEST(LearningRate, FollowsItsSchedule) {
  const auto at = [](RateSchedule schedule, std::uint64_t update) { return rate_of(schedule, 20).at(update); };
  EXPECT_EQ(at(RateSchedule::constant, 99), 2);
  EXPECT_DOUBLE_EQ(at(RateSchedule::inverse_sqrt, 79), 1);  // √(20/80)
  EXPECT_DOUBLE_EQ(rate_of(RateSchedule::inverse_sqrt, 0).at(3), 1);
  EXPECT_DOUBLE_EQ(at(RateSchedule::cosine, 60), 1);
  EXPECT_NEAR(at(RateSchedule::cosine, 100), 0, 1e-15);
  EXPECT_DOUBLE_EQ(at(RateSchedule::step, 59), 2);
  EXPECT_DOUBLE_EQ(at(RateSchedule::step, 60), 1);
  EXPECT_DOUBLE_EQ(at(RateSchedule::step, 80), 0.5);
  EXPECT_DOUBLE_EQ(at(RateSchedule::linear, 60), 1);
  EXPECT_DOUBLE_EQ(at(RateSchedule::linear, 100), 0);
  EXPECT_EQ(at(RateSchedule::linear, 1000), 0);  // more updates than were announced
}

TEST(LearningRate, AWarmUpMayBeLongerThanTheTraining) {
  EXPECT_DOUBLE_EQ(rate_of(RateSchedule::cosine, 1000).at(99), 0.2);
}

}  // namespace
}  // namespace krige::trainer
