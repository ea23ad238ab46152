#include "tuner/storage/timed_storage.h"

#include <numeric>

#include "tests/tuner/storage/conformance.h"

namespace krige::tuner {
namespace {

// Of the suite's stores; what they measure is not looked at.
StoreTimes& unused_times() {
  static StoreTimes times;
  return times;
}

INSTANTIATE_TEST_SUITE_P(Timed, StorageConformance,
                         testing::Values(StorageKind{"timed",
                                                     [](const TemporaryFolder&) -> Result<std::unique_ptr<Storage>> {
                                                       return make_timed_storage(make_memory_storage(), unused_times());
                                                     }}),
                         [](const auto& kind) { return kind.param.name; });

std::uint64_t count(const LatencyHistogram& histogram) {
  const auto counts = histogram.read().counts;
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

TEST(TimedStorage, CountsWritesAndReadsAlsoWhenTheyFail) {
  StoreTimes times;
  const auto store = make_timed_storage(make_memory_storage(), times);
  ASSERT_TRUE(store->create_study(study_row("a"), {}));
  EXPECT_FALSE(store->delete_study("b"));
  EXPECT_TRUE(store->studies());
  EXPECT_EQ(count(times.writes), 2U);
  EXPECT_EQ(count(times.reads), 1U);
}

}  // namespace
}  // namespace krige::tuner
