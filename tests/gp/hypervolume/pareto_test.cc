#include "gp/hypervolume/pareto.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/rng.h"

namespace krige::gp {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Dominates, NowhereWorseAndSomewhereBetter) {
  EXPECT_TRUE(dominates(Objectives{1, 2}, Objectives{1, 3}));
  EXPECT_FALSE(dominates(Objectives{1, 2}, Objectives{1, 2}));
  EXPECT_FALSE(dominates(Objectives{1, 2}, Objectives{0, 3}));
}

TEST(NonDominated, KeepsEqualPointsAndTheirOrder) {
  EXPECT_THAT(non_dominated({}), IsEmpty());
  const std::vector<Objectives> points{{3, 1}, {2, 2}, {3, 3}, {1, 3}, {2, 2}, {1, 4}};
  EXPECT_THAT(non_dominated(points), ElementsAre(0, 1, 3, 4));
}

TEST(NonDominated, IsWhatComparingAllPairsSays) {
  Rng rng(4);
  for (int round = 0; round < 300; ++round) {
    const std::size_t m = 2 + rng.below(3);
    std::vector<Objectives> points(rng.below(40));
    // Of few values, so that there are ties.
    for (Objectives& point : points)
      for (std::size_t j = 0; j < m; ++j) point.push_back(static_cast<double>(rng.below(8)));
    std::vector<std::size_t> expected;
    for (std::size_t i = 0; i < points.size(); ++i) {
      bool beaten = false;
      for (const Objectives& other : points) {
        bool no_worse = true;
        for (std::size_t j = 0; j < m; ++j) no_worse = no_worse && other[j] <= points[i][j];
        beaten = beaten || (no_worse && other != points[i]);
      }
      if (!beaten) expected.push_back(i);
    }
    EXPECT_EQ(non_dominated(points), expected);
  }
}

}  // namespace
}  // namespace krige::gp
