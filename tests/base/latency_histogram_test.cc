#include "base/latency_histogram.h"

#include <gtest/gtest.h>

#include <numeric>
#include <thread>
#include <vector>

namespace krige {
namespace {

TEST(LatencyHistogram, CountsEachDurationInTheClassThatHoldsIt) {
  LatencyHistogram histogram;
  histogram.observe(0);
  histogram.observe(LatencyHistogram::kBounds[0]);  // a bound belongs to the class that it ends
  histogram.observe(0.002);
  histogram.observe(60);
  const LatencyHistogram::Snapshot seen = histogram.read();
  EXPECT_EQ(seen.counts.front(), 2U);
  EXPECT_EQ(seen.counts[3], 1U);
  EXPECT_EQ(seen.counts.back(), 1U);
  EXPECT_DOUBLE_EQ(seen.sum, 60.0021);
}

TEST(LatencyHistogram, LosesNothingAmongThreads) {
  LatencyHistogram histogram;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        for (int k = 0; k < 10'000; ++k) histogram.observe(0.5);
      });
  }
  const LatencyHistogram::Snapshot seen = histogram.read();
  EXPECT_EQ(std::accumulate(seen.counts.begin(), seen.counts.end(), std::uint64_t{0}), 40'000U);
  EXPECT_EQ(seen.sum, 20'000);
}

}  // namespace
}  // namespace krige
