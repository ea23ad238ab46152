#include "gp/space.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "base/rng.h"
#include "tests/gp/support.h"

namespace krige::gp {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

std::string field_of_fault(const InputSpace& space) {
  const Status status = validate(space);
  return status ? "valid" : status.error().field;
}

TEST(Space, ValidationNamesTheField) {
  EXPECT_TRUE(validate(mixed_space()));
  EXPECT_EQ(field_of_fault({}), "dimensions");
  EXPECT_EQ(field_of_fault({{{DimensionKind::grid, 0, {}, {}}}}), "dimensions[0].levels");
  EXPECT_EQ(field_of_fault({{{DimensionKind::categorical, std::int64_t{1} << 31, {}, {}}}}), "dimensions[0].levels");
  EXPECT_EQ(field_of_fault({{{DimensionKind::grid, 2, {0.5}, {}}}}), "dimensions[0].positions");
  EXPECT_EQ(field_of_fault({{{DimensionKind::grid, 2, {0.5, 0.4}, {}}}}), "dimensions[0].positions");
  EXPECT_EQ(field_of_fault({{{DimensionKind::grid, 2, {0.5, kNaN}, {}}}}), "dimensions[0].positions");
  EXPECT_EQ(field_of_fault({{{DimensionKind::categorical, 2, {0, 1}, {}}}}), "dimensions[0].positions");
  InputSpace space = mixed_space();
  space.dimensions[4].when = {{9, {0}}};
  EXPECT_EQ(field_of_fault(space), "dimensions[4].when") << "no dimension";
  space.dimensions[4].when = {{0, {0}}};
  EXPECT_EQ(field_of_fault(space), "dimensions[4].when") << "continuous";
  space.dimensions[4].when = {{3, {}}};
  EXPECT_EQ(field_of_fault(space), "dimensions[4].when") << "no levels";
  space.dimensions[4].when = {{3, {3}}};
  EXPECT_EQ(field_of_fault(space), "dimensions[4].when") << "level out of range";
  space = mixed_space();
  space.dimensions[3].when = {{6, {0}}};
  EXPECT_EQ(field_of_fault(space), "dimensions[3].when") << "cycle 3, 5, 6";
}

TEST(Space, InactiveParentsMakeInactiveChildren) {
  const InputSpace space = mixed_space();
  std::vector<double> point{0.2, 1.5, 0.37, 0, 0.5, 1.0, 1};
  canonicalize(space, point);
  EXPECT_TRUE(identical(point, std::vector<double>{0.2, 1.0, 0.375, 0, kNaN, kNaN, kNaN}));
  point = {0.2, -3, 0.37, 1, kNaN, 1.0 / 3, 1};
  canonicalize(space, point);
  EXPECT_TRUE(identical(point, std::vector<double>{0.2, 0, 0.375, 1, 0.5, 1.0 / 3, kNaN}));
  point = {0.2, 0, 0.37, 1, kNaN, 0.99, 1};
  canonicalize(space, point);
  EXPECT_TRUE(identical(point, std::vector<double>{0.2, 0, 0.375, 1, 0.5, 1, 1}));
  EXPECT_EQ(activity(space, point), std::vector<bool>(7, true));
}

TEST(Space, EveryConditionMustHold) {
  const InputSpace space{{{DimensionKind::grid, 2, {}, {}},
                          {DimensionKind::grid, 3, {}, {}},
                          {DimensionKind::continuous, 0, {}, {{0, {1}}, {1, {0, 2}}}}}};
  EXPECT_EQ(activity(space, std::vector<double>{1, 1, 0.5})[2], true);
  EXPECT_EQ(activity(space, std::vector<double>{1, 0.5, 0.5})[2], false);
  EXPECT_EQ(activity(space, std::vector<double>{0, 0, 0.5})[2], false);
}

TEST(Space, PositionsPlaceTheLevels) {
  const Dimension dimension{DimensionKind::grid, 4, {0, 0.5, 0.8, 1}, {}};
  EXPECT_EQ(level_of(dimension, -1), 0);
  EXPECT_EQ(level_of(dimension, 0.24), 0);
  EXPECT_EQ(level_of(dimension, 0.26), 1);
  EXPECT_EQ(level_of(dimension, 0.89), 2);
  EXPECT_EQ(level_of(dimension, 7), 3);
  for (std::int64_t level = 0; level < 4; ++level) EXPECT_EQ(level_of(dimension, value_of(dimension, level)), level);
  EXPECT_EQ(value_of({DimensionKind::grid, 1, {}, {}}, 0), 0.5);
}

TEST(Space, LevelsMayShareAPosition) {
  // As those far in the tail of a normal scale do.
  const InputSpace space{{{DimensionKind::grid, 4, {0, 0, 0.5, 1}, {}}}};
  EXPECT_TRUE(validate(space));
  EXPECT_EQ(level_of(space.dimensions[0], 0), 0);
  EXPECT_EQ(level_of(space.dimensions[0], 0.2), 1);
  EXPECT_EQ(level_of(space.dimensions[0], 0.4), 2);
}

TEST(Space, RandomPointsOfRandomSpacesAreCanonical) {
  Rng rng(1);
  for (int i = 0; i < 300; ++i) {
    const InputSpace space = random_space(rng, 12);
    ASSERT_TRUE(validate(space));
    const std::vector<double> point = random_point(space, rng);
    EXPECT_TRUE(is_canonical(space, point));
    std::vector<double> again = point;
    canonicalize(space, again);
    EXPECT_TRUE(identical(point, again));
    const std::vector<bool> active = activity(space, point);
    for (std::size_t d = 0; d < space.size(); ++d) EXPECT_EQ(active[d], !std::isnan(point[d]));
  }
}

TEST(Space, EnumeratesEachPointOnce) {
  // 2 parents' levels: one leaf under level 1 with 3 values: 1 + 3 points, times 2 of the last dimension.
  const InputSpace space{{{DimensionKind::grid, 3, {}, {{1, {1}}}},
                          {DimensionKind::categorical, 2, {}, {}},
                          {DimensionKind::grid, 2, {}, {}}}};
  const auto points = enumerate_points(space, 8);
  ASSERT_TRUE(points);
  std::set<std::vector<double>> different;
  for (std::size_t i = 0; i < points->size(); ++i) {
    EXPECT_TRUE(is_canonical(space, points->row(i)));
    std::vector<double> key(points->row(i).begin(), points->row(i).end());
    for (double& value : key) value = std::isnan(value) ? -1 : value;
    different.insert(key);
  }
  EXPECT_EQ(points->size(), 8U);
  EXPECT_EQ(different.size(), 8U);
  EXPECT_FALSE(enumerate_points(space, 7));
  EXPECT_FALSE(enumerate_points(mixed_space(), 1'000'000));
  EXPECT_FALSE(enumerate_points({{{DimensionKind::grid, 2'000'000'000, {}, {}}}}, 1000));
}

}  // namespace
}  // namespace krige::gp
