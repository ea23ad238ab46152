#include "base/low_priority.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <memory>
#include <stdexcept>

namespace krige {
namespace {

int niceness() { return ::getpriority(PRIO_PROCESS, 0); }

TEST(LowPriority, IsTheComputationsAlone) {
  const int before = niceness();
  const int during = at_low_priority(niceness);
  EXPECT_EQ(niceness(), before);
  // 19 is the lowest there is.
  EXPECT_EQ(during, std::max(before, 10));
}

TEST(LowPriority, GivesTheResult) {
  const std::unique_ptr<int> made = at_low_priority([] { return std::make_unique<int>(7); });
  EXPECT_EQ(*made, 7);
}

TEST(LowPriority, ThrowsWhatTheComputationThrows) {
  EXPECT_THROW(at_low_priority([]() -> int { throw std::runtime_error("no"); }), std::runtime_error);
}

}  // namespace
}  // namespace krige
