#include "base/rng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <vector>

namespace krige {
namespace {

TEST(Rng, ReproducesTheReferenceSplitmix) {
  // First outputs of splitmix64 seeded with 0 (Vigna's reference implementation).
  EXPECT_EQ(mix64(0), 0xe220a8397b1dcdafULL);
  EXPECT_EQ(mix64(0x9e3779b97f4a7c15ULL), 0x6e789e6aa1b965f4ULL);
}

TEST(Rng, SameSeedSameSequenceAndStreamsDiffer) {
  Rng a(7, 1), b(7, 1), other(7, 2);
  for (int i = 0; i < 100; ++i) {
    const auto value = a.next();
    EXPECT_EQ(value, b.next());
    EXPECT_NE(value, other.next());
  }
}

TEST(Rng, RestoredStateContinuesIncludingTheSpareNormal) {
  Rng a(3);
  (void)a.normal();
  Rng b(99);
  b.restore(a.state());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(a.normal(), b.normal());
}

TEST(Rng, BelowIsUniform) {
  Rng rng(11);
  std::array<int, 7> counts{};
  for (int i = 0; i < 70'000; ++i) ++counts[rng.below(7)];
  for (const int count : counts) EXPECT_NEAR(count, 10'000, 500);  // 5 σ
}

TEST(Rng, NormalHasUnitMoments) {
  Rng rng(5);
  double sum = 0, squares = 0;
  constexpr int kDraws = 200'000;
  for (int i = 0; i < kDraws; ++i) {
    const double z = rng.normal();
    sum += z;
    squares += z * z;
  }
  EXPECT_NEAR(sum / kDraws, 0, 0.012);
  EXPECT_NEAR(squares / kDraws, 1, 0.02);
}

TEST(Rng, ShuffleIsAPermutation) {
  Rng rng(1);
  std::vector<int> items(50);
  std::iota(items.begin(), items.end(), 0);
  std::vector<int> shuffled = items;
  rng.shuffle(std::span(shuffled));
  EXPECT_NE(shuffled, items);
  std::ranges::sort(shuffled);
  EXPECT_EQ(shuffled, items);
}

}  // namespace
}  // namespace krige
