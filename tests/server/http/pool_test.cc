#include "server/http/pool.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <latch>

namespace krige::server {
namespace {

TEST(Pool, RunsAsManyJobsAtOnceAsItMayHaveThreads) {
  std::latch all_there(4);
  std::atomic<int> done = 0;
  {
    Pool pool(4);
    for (int i = 0; i < 4; ++i)
      ASSERT_TRUE(pool.run([&] {
        all_there.arrive_and_wait();  // passes only when four run at once
        ++done;
      }));
  }
  EXPECT_EQ(done, 4);
}

TEST(Pool, KeepsTheBoundAndRunsWhatWaited) {
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  std::atomic<int> done = 0;
  {
    Pool pool(2);
    for (int i = 0; i < 200; ++i)
      ASSERT_TRUE(pool.run([&] {
        const int now = ++running;
        for (int seen = most; seen < now && !most.compare_exchange_weak(seen, now);) {
        }
        --running;
        ++done;
      }));
  }
  EXPECT_EQ(done, 200);
  EXPECT_LE(most, 2);
}

TEST(Slots, GivesBackWhatIsDropped) {
  Slots slots(2);
  Slots::Slot first = slots.take();
  const Slots::Slot second = slots.take();
  ASSERT_TRUE(first && second);
  EXPECT_FALSE(slots.take());
  first.reset();
  EXPECT_TRUE(slots.take());
}

}  // namespace
}  // namespace krige::server
