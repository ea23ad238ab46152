#include "trainer/coordinator/early_stop.h"

#include <gtest/gtest.h>

#include <limits>

namespace krige::trainer {
namespace {

TEST(BestEpoch, EndsAfterItsPatience) {
  BestEpoch best({.patience = 2, .min_delta = 0});
  EXPECT_TRUE(best.observe(1, 0.5));
  EXPECT_TRUE(best.observe(2, 0.4));
  EXPECT_FALSE(best.observe(3, 0.4));
  EXPECT_FALSE(best.exhausted());
  EXPECT_FALSE(best.observe(4, 0.45));
  EXPECT_TRUE(best.exhausted());
  EXPECT_EQ(best.epoch(), 2U);
}

// Small gains do not count against patience, but the best is the best.
TEST(BestEpoch, GainsBelowMinDeltaAreKeptButDoNotProlong) {
  BestEpoch best({.patience = 2, .min_delta = 0.1});
  EXPECT_TRUE(best.observe(1, 0.5));
  EXPECT_TRUE(best.observe(2, 0.45));
  EXPECT_FALSE(best.exhausted());
  EXPECT_TRUE(best.observe(3, 0.42));
  EXPECT_TRUE(best.exhausted());
  EXPECT_EQ(best.epoch(), 3U);
}

TEST(BestEpoch, ManySmallGainsAddUp) {
  BestEpoch best({.patience = 3, .min_delta = 0.1});
  for (std::uint64_t epoch = 1; epoch <= 20; ++epoch) {
    best.observe(epoch, 2 - 0.06 * static_cast<double>(epoch));
    EXPECT_FALSE(best.exhausted()) << epoch;
  }
}

TEST(BestEpoch, NotANumberIsNeverTheBest) {
  BestEpoch best({.patience = 1, .min_delta = 0});
  EXPECT_FALSE(best.observe(1, std::numeric_limits<double>::quiet_NaN()));
  EXPECT_TRUE(best.exhausted());
  EXPECT_EQ(best.epoch(), 0U);
}

}  // namespace
}  // namespace krige::trainer
