#include "gp/hypervolume/hypervolume.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/rng.h"

namespace krige::gp {
namespace {

using testing::DoubleEq;
using testing::ElementsAre;

std::vector<Objectives> random_points(std::size_t n, std::size_t m, bool ties, Rng& rng) {
  std::vector<Objectives> points(n);
  for (Objectives& point : points)
    for (std::size_t j = 0; j < m; ++j) point.push_back(ties ? static_cast<double>(rng.below(6)) / 5 : rng.uniform());
  return points;
}

// Of the union of the boxes [point, reference], by the sizes of all their intersections.
double by_inclusion_exclusion(const std::vector<Objectives>& points, const Objectives& reference) {
  double volume = 0;
  for (std::uint32_t subset = 1; subset < (1U << points.size()); ++subset) {
    double product = 1;
    for (std::size_t j = 0; j < reference.size(); ++j) {
      double corner = -std::numeric_limits<double>::infinity();
      for (std::size_t i = 0; i < points.size(); ++i)
        if ((subset >> i) & 1U) corner = std::max(corner, points[i][j]);
      product *= std::max(0.0, reference[j] - corner);
    }
    volume += std::popcount(subset) % 2 == 1 ? product : -product;
  }
  return volume;
}

TEST(Hypervolume, OfFewPointsByHand) {
  EXPECT_EQ(hypervolume({}, Objectives{1, 1}), 0);
  EXPECT_DOUBLE_EQ(hypervolume(std::vector<Objectives>{{1, 2}}, Objectives{4, 4}), 6);
  EXPECT_DOUBLE_EQ(hypervolume(std::vector<Objectives>{{1, 3}, {2, 1}}, Objectives{4, 4}), 3 * 1 + 2 * 2);
  EXPECT_DOUBLE_EQ(hypervolume(std::vector<Objectives>{{1, 3}, {2, 1}, {3, 3}}, Objectives{4, 4}), 7) << "dominated";
  EXPECT_DOUBLE_EQ(hypervolume(std::vector<Objectives>{{1, 5}, {5, 1}, {4, 0}}, Objectives{4, 4}), 0) << "not below";
  EXPECT_DOUBLE_EQ(hypervolume(std::vector<Objectives>{{0, 0, 1}, {1, 1, 0}}, Objectives{2, 2, 2}), 4 + 2 - 1);
}

TEST(Hypervolume, IsThatOfInclusionAndExclusion) {
  Rng rng(8);
  for (int round = 0; round < 300; ++round) {
    const std::size_t m = 2 + rng.below(3);
    const std::vector<Objectives> points = random_points(rng.below(9), m, round % 3 == 0, rng);
    const Objectives reference(m, 0.9);
    EXPECT_NEAR(hypervolume(points, reference), by_inclusion_exclusion(points, reference), 1e-12);
  }
}

bool inside(const Box& box, const Objectives& z) {
  for (std::size_t j = 0; j < z.size(); ++j)
    if (!(box.low[j] < z[j] && z[j] < box.high[j])) return false;
  return true;
}

TEST(FreeBoxes, HoldEveryFreePlaceOnceAndNoOther) {
  Rng rng(3);
  for (int round = 0; round < 200; ++round) {
    const std::size_t m = 2 + rng.below(3);
    const std::vector<Objectives> points = random_points(rng.below(25), m, round % 4 == 0, rng);
    const Objectives reference(m, 0.95);
    const std::vector<Box> boxes = free_boxes(points, reference);
    for (int k = 0; k < 200; ++k) {
      Objectives z(m);
      for (double& one : z) one = rng.uniform(-0.3, 1.1);
      bool below = true;
      for (const double one : z) below = below && one < 0.95;
      const bool taken = std::ranges::any_of(points, [&](const Objectives& p) { return p == z || dominates(p, z); });
      EXPECT_EQ(std::ranges::count_if(boxes, [&](const Box& box) { return inside(box, z); }), below && !taken ? 1 : 0);
    }
  }
}

TEST(FreeBoxes, AreAsManyAsTheFrontIsLong) {
  Rng rng(6);
  for (const std::size_t n : {10U, 40U}) {
    for (const std::size_t m : {2U, 3U, 4U}) {
      // On a simplex no point dominates another.
      std::vector<Objectives> front(n);
      for (Objectives& point : front) {
        double sum = 0;
        for (std::size_t j = 0; j < m; ++j) sum += point.emplace_back(-std::log(rng.uniform()));
        for (double& one : point) one /= sum;
      }
      ASSERT_EQ(non_dominated(front).size(), n);
      const std::size_t boxes = free_boxes(front, Objectives(m, 2.0)).size();
      EXPECT_LE(boxes, m == 2 ? n + 1 : m == 3 ? 2 * n + 1 : n * n) << m;
    }
  }
}

TEST(InferredReference, IsBeyondTheWorstOfTheFrontByAPartOfTheExtentOfAllPoints) {
  const std::vector<Objectives> points{{0, 10}, {5, 0}, {10, 20}};
  EXPECT_THAT(inferred_reference(points), ElementsAre(DoubleEq(5 + 3), DoubleEq(10 + 6)));
  const std::vector<Objectives> three{{0, 10, 1}, {5, 0, 1}, {10, 20, 1}};
  EXPECT_THAT(inferred_reference(three), ElementsAre(DoubleEq(5 + 1), DoubleEq(10 + 2), DoubleEq(1.1)));
  EXPECT_THAT(inferred_reference(std::vector<Objectives>{{2, 3}}), ElementsAre(DoubleEq(2.3), DoubleEq(3.3)));
}

}  // namespace
}  // namespace krige::gp
