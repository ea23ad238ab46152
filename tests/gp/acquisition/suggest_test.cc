#include "gp/acquisition/suggest.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <stdexcept>

#include "gp/acquisition/acquisition.h"
#include "gp/acquisition/candidates.h"
#include "gp/fit/fit.h"
#include "tests/gp/support.h"

namespace krige::gp {
namespace {

GaussianProcess fitted(const InputSpace& space, std::size_t count, std::uint64_t seed) {
  Rng rng(seed);
  const Points points = random_points(space, count, rng);
  std::vector<double> observations;
  for (std::size_t i = 0; i < count; ++i) {
    double y = 0;
    for (const double x : points.row(i)) y += std::isnan(x) ? 0.2 : std::cos(5 * x) + x * x;
    observations.push_back(y);
  }
  auto result = fit(space, points, observations, {}, rng);
  if (!result) throw std::runtime_error(result.error().describe());
  return result->process;
}

Points none(const InputSpace& space) { return {space.size(), {}}; }

TEST(Suggest, FindsTheMaximumOfAGridSearch) {
  for (const std::uint64_t seed : {1, 2, 3, 4}) {
    const GaussianProcess process = fitted(continuous_space(2), 12, seed);
    Rng rng(seed);
    const auto found = suggest(process, none(process.space()), {}, rng);
    ASSERT_TRUE(found);
    Points grid{2, {}};
    for (int i = 0; i <= 150; ++i) {
      for (int j = 0; j <= 150; ++j) grid.append(std::vector{i / 150.0, j / 150.0});
    }
    const AcquisitionOptions options;
    const double best =
        Acquisition(process.posteriors(), options).evaluate(grid).maxCoeff() + std::log(process.transform().scale());
    EXPECT_GE(found->front().log_ei, best - 0.01);
  }
}

TEST(Suggest, RanksDistinctCanonicalPointsAndReportsThem) {
  const GaussianProcess process = fitted(mixed_space(), 20, 5);
  Rng rng(5);
  const auto found = suggest(process, none(process.space()), {}, rng);
  ASSERT_TRUE(found);
  ASSERT_EQ(found->size(), 8U);
  for (std::size_t i = 0; i < found->size(); ++i) {
    const Suggestion& one = (*found)[i];
    EXPECT_TRUE(is_canonical(process.space(), one.point));
    const Prediction prediction = process.predict(one.point);
    EXPECT_EQ(one.mean, prediction.mean);
    EXPECT_EQ(one.sd, prediction.sd);
    EXPECT_TRUE(std::isfinite(one.log_ei));
    if (i > 0) {
      EXPECT_LE(one.log_ei, (*found)[i - 1].log_ei);
    }
    for (std::size_t j = 0; j < i; ++j) EXPECT_FALSE(same_point(process.space(), one.point, (*found)[j].point, 0));
  }
}

TEST(Suggest, SameGeneratorSamePoints) {
  const GaussianProcess process = fitted(mixed_space(), 20, 6);
  Rng a(1), b(1), source(2);
  const Points pending = random_points(process.space(), 2, source);
  const auto first = suggest(process, pending, {}, a), second = suggest(process, pending, {}, b);
  ASSERT_TRUE(first && second);
  ASSERT_EQ(first->size(), second->size());
  for (std::size_t i = 0; i < first->size(); ++i) {
    EXPECT_TRUE(identical((*first)[i].point, (*second)[i].point));
    EXPECT_EQ((*first)[i].log_ei, (*second)[i].log_ei);
  }
}

TEST(Suggest, ABatchIsOfDifferentPointsOfFallingPromise) {
  for (const InputSpace& space : {continuous_space(2), mixed_space()}) {
    const GaussianProcess process = fitted(space, 15, 7);
    Points pending = none(space);
    double first = 0;
    for (int k = 0; k < 8; ++k) {
      Rng rng(static_cast<std::uint64_t>(k));
      const auto found = suggest(process, pending, {}, rng);
      ASSERT_TRUE(found);
      const Suggestion& next = found->front();
      for (std::size_t i = 0; i < pending.size(); ++i) {
        EXPECT_FALSE(same_point(space, next.point, pending.row(i), 0.005)) << "point " << k;
      }
      if (k == 0) first = next.log_ei;
      if (k == 7) {
        EXPECT_LT(next.log_ei, first - 0.2);
      }
      pending.append(next.point);
    }
  }
}

TEST(Suggest, NeverReturnsWhatIsExcluded) {
  const GaussianProcess process = fitted(mixed_space(), 20, 8);
  AcquisitionOptions options;
  options.excluded = [](std::span<const double> point) { return point[0] < 0.6 || point[3] != 2; };
  Rng rng(1);
  const auto found = suggest(process, none(process.space()), options, rng);
  ASSERT_TRUE(found);
  EXPECT_FALSE(found->empty());
  for (const Suggestion& one : *found) EXPECT_FALSE(options.excluded(one.point));
}

TEST(Suggest, WalksThroughAFiniteSpaceToItsEnd) {
  const InputSpace space{{{DimensionKind::grid, 3, {}, {}},
                          {DimensionKind::categorical, 2, {}, {}},
                          {DimensionKind::grid, 2, {}, {{1, {0}}}}}};
  const GaussianProcess process = fitted(space, 4, 9);
  Points seen = none(space);
  AcquisitionOptions options;
  options.excluded = [&](std::span<const double> point) {
    for (std::size_t i = 0; i < seen.size(); ++i) {
      if (same_point(space, point, seen.row(i), 0)) return true;
    }
    return false;
  };
  Rng rng(1);
  for (int i = 0; i < 9; ++i) {
    const auto found = suggest(process, none(space), options, rng);
    ASSERT_TRUE(found);
    ASSERT_FALSE(found->empty()) << "after " << i;
    seen.append(found->front().point);
  }
  const auto found = suggest(process, none(space), options, rng);
  ASSERT_TRUE(found);
  EXPECT_TRUE(found->empty());
}

TEST(Suggest, RefusesPendingPointsOfAnotherSpace) {
  const GaussianProcess process = fitted(continuous_space(2), 5, 10);
  Rng rng(1);
  const auto found = suggest(process, {3, {0, 0, 0}}, {}, rng);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace krige::gp
