#include "base/sobol.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <vector>

namespace krige {
namespace {

std::vector<std::vector<double>> draw(SobolSequence sequence, int count) {
  std::vector<std::vector<double>> points;
  for (int i = 0; i < count; ++i) sequence.next(points.emplace_back(sequence.dims()));
  return points;
}

TEST(Sobol, FirstPointsAreTheKnownOnes) {
  // scipy.stats.qmc.Sobol(5, scramble=False).random(8), whose numbers are Joe and Kuo's too.
  const std::vector<std::vector<double>> expected{
      {0, 0, 0, 0, 0},
      {0.5, 0.5, 0.5, 0.5, 0.5},
      {0.75, 0.25, 0.25, 0.25, 0.75},
      {0.25, 0.75, 0.75, 0.75, 0.25},
      {0.375, 0.375, 0.625, 0.875, 0.375},
      {0.875, 0.875, 0.125, 0.375, 0.875},
      {0.625, 0.125, 0.875, 0.625, 0.625},
      {0.125, 0.625, 0.375, 0.125, 0.125},
  };
  EXPECT_EQ(draw(SobolSequence(5), 8), expected);
}

TEST(Sobol, HighDimensionsAgreeWithScipy) {
  // scipy.stats.qmc.Sobol(128, scramble=False).random(1000), points 512 and 999.
  const auto points = draw(SobolSequence(128), 1000);
  EXPECT_EQ(points[999][0], 0.1572265625);
  EXPECT_EQ(points[999][1], 0.9091796875);
  EXPECT_EQ(points[999][2], 0.0810546875);
  EXPECT_EQ(points[999][63], 0.6337890625);
  EXPECT_EQ(points[999][64], 0.5673828125);
  EXPECT_EQ(points[999][127], 0.9814453125);
  EXPECT_EQ(points[512][126], 0.1982421875);
  EXPECT_EQ(points[512][127], 0.1943359375);
}

TEST(Sobol, SkippingIsDrawing) {
  for (const std::uint64_t seed : {std::uint64_t{0}, std::uint64_t{9}}) {
    SobolSequence skipped(140, seed);
    skipped.skip(3);
    skipped.skip(74);
    EXPECT_EQ(draw(skipped, 1)[0], draw(SobolSequence(140, seed), 78)[77]);
  }
}

TEST(Sobol, ScrambledPointsKeepTheStratification) {
  // Of 2^m points exactly one lies in each of the 2^m equal intervals of every axis.
  constexpr int kCount = 256;
  const auto points = draw(SobolSequence(128, 77), kCount);
  for (std::size_t d = 0; d < 128; ++d) {
    std::set<int> cells;
    for (const auto& point : points) {
      ASSERT_GT(point[d], 0);
      ASSERT_LT(point[d], 1);
      cells.insert(static_cast<int>(point[d] * kCount));
    }
    EXPECT_EQ(cells.size(), static_cast<std::size_t>(kCount)) << "dimension " << d;
  }
}

TEST(Sobol, SeedsScrambleDifferentlyAndReproducibly) {
  EXPECT_EQ(draw(SobolSequence(7, 5), 20), draw(SobolSequence(7, 5), 20));
  EXPECT_NE(draw(SobolSequence(7, 5), 20), draw(SobolSequence(7, 6), 20));
}

TEST(Sobol, ScrambledMeansAreUnbiasedOverSeeds) {
  // Each coordinate of one point is uniform over the seeds: mean 1/2 within 5 standard errors, in table and beyond.
  constexpr int kSeeds = 2000;
  std::vector<double> sums(130, 0);
  for (int seed = 1; seed <= kSeeds; ++seed) {
    const auto point = draw(SobolSequence(130, static_cast<std::uint64_t>(seed)), 1)[0];
    for (std::size_t d = 0; d < point.size(); ++d) sums[d] += point[d];
  }
  for (const double sum : sums) EXPECT_NEAR(sum / kSeeds, 0.5, 5 * std::sqrt(1.0 / 12 / kSeeds));
}

}  // namespace
}  // namespace krige
