#include "server/auth/rate_limiter.h"

#include <gtest/gtest.h>

namespace krige::server {
namespace {

class TickedClock : public Clock {
 public:
  [[nodiscard]] MonotonicTime now() const override { return time; }
  [[nodiscard]] WallTime wall_now() const override { return {}; }
  MonotonicTime time{};
};

int taken(RateLimiter& limiter, const std::string& caller) {
  int count = 0;
  while (count < 1000 && limiter.take(caller)) ++count;
  return count;
}

TEST(RateLimiter, GivesABurstAndThenTheRate) {
  TickedClock clock;
  RateLimiter limiter(10, clock);
  EXPECT_EQ(taken(limiter, "a"), 20);
  clock.time += std::chrono::milliseconds(99);
  EXPECT_FALSE(limiter.take("a"));
  clock.time += std::chrono::milliseconds(1);
  EXPECT_EQ(taken(limiter, "a"), 1);
  clock.time += std::chrono::seconds(1);
  EXPECT_EQ(taken(limiter, "a"), 10);
  clock.time += std::chrono::hours(1);
  EXPECT_EQ(taken(limiter, "a"), 20);
}

TEST(RateLimiter, OneCallerTakesNothingFromAnother) {
  TickedClock clock;
  RateLimiter limiter(1, clock);
  EXPECT_EQ(taken(limiter, "a"), 2);
  EXPECT_EQ(taken(limiter, "b"), 2);
}

TEST(RateLimiter, OfManyCallersOnlySoManyAreKept) {
  TickedClock clock;
  RateLimiter limiter(1, clock);
  for (std::size_t i = 0; i < RateLimiter::kMostCallers; ++i) EXPECT_TRUE(limiter.take(std::to_string(i)));
  EXPECT_FALSE(limiter.take("new")) << "all of them have asked just now";
  EXPECT_TRUE(limiter.take("7")) << "who is known goes on";
  clock.time += std::chrono::seconds(1);
  EXPECT_TRUE(limiter.take("new")) << "the others may ask as often as if they were new";
}

TEST(RateLimiter, ZeroIsNoLimit) {
  RateLimiter limiter(0);
  EXPECT_EQ(taken(limiter, "a"), 1000);
}

}  // namespace
}  // namespace krige::server
