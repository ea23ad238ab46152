#include "gp/acquisition/suggest.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <stdexcept>

#include "gp/acquisition/candidates.h"
#include "gp/acquisition/local_search.h"
#include "gp/acquisition/scalar_acquisition.h"
#include "gp/fit/fit.h"
#include "gp/posterior.h"
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
    const double best = ScalarAcquisition(process.posteriors(), options).evaluate(grid).maxCoeff() +
                        std::log(process.transform().scale());
    EXPECT_GE(*found->front().log_ei, best - 0.01);
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
    EXPECT_EQ(one.predictions.front().mean, prediction.mean);
    EXPECT_EQ(one.predictions.front().sd, prediction.sd);
    EXPECT_TRUE(std::isfinite(*one.log_ei));
    if (i > 0) {
      EXPECT_LE(*one.log_ei, *(*found)[i - 1].log_ei);
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
      if (k == 0) first = *next.log_ei;
      if (k == 7) {
        EXPECT_LT(*next.log_ei, first - 0.2);
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

// Around (1/4, …) of the first six dimensions, observations that differ by 1e-4 and promise a little more beside them;
// at (3/4, …) a single one, not among the five best, that promises much more beside it. Further dimensions do nothing.
// Candidates around the best observations are all of the first region, and look better than what random points show of
// the second until it is climbed.
GaussianProcess two_regions(std::size_t irrelevant) {
  constexpr std::size_t kRelevant = 6;
  Rng rng(1);
  State state;
  state.space = continuous_space(kRelevant + irrelevant);
  state.points.dims = state.space.size();
  const auto distance = [](std::span<const double> x, double from) {
    double sum = 0;
    for (std::size_t d = 0; d < kRelevant; ++d) sum += (x[d] - from) * (x[d] - from);
    return sum;
  };
  const auto first = [&](std::span<const double> x) { return std::min(1.0, -1 + 9 * distance(x, 0.38)); };
  for (int i = 0; i < 15; ++i) {
    const std::vector<double> x = random_point(state.space, rng);
    if (distance(x, 0.75) < 0.25) continue;
    state.points.append(x);
    state.observations.push_back(first(x) + 0.1 * rng.normal());
  }
  const auto around = [&](double center, double sd) {
    std::vector<double> x = random_point(state.space, rng);
    for (std::size_t d = 0; d < kRelevant; ++d) x[d] = center + sd * rng.normal();
    state.points.append(x);
    return first(x);
  };
  for (int i = 0; i < 20; ++i) state.observations.push_back(around(0.25, 1e-4));
  (void)around(0.75, 0);
  state.observations.push_back(state.observations.back() + 0.06);

  Hyperparameters& hyperparameters = state.hyperparameters.emplace_back();
  hyperparameters.log_lengthscales.assign(state.space.size(), std::log(1000.0));
  std::fill_n(hyperparameters.log_lengthscales.begin(), kRelevant, 0);
  hyperparameters.log_noise = std::log(1e-6);
  auto process = GaussianProcess::from_state(std::move(state));
  if (!process) throw std::runtime_error(process.error().describe());
  return *process;
}

TEST(Suggest, StartsInDifferentRegions) {
  for (const std::size_t irrelevant : {0, 3}) {
    const GaussianProcess process = two_regions(irrelevant);
    const InputSpace& space = process.space();
    const AcquisitionOptions options;
    const ScalarAcquisition acquisition(process.posteriors(), options);
    const LocalSearch search(space, acquisition);
    // What there is in each region, from many climbs.
    Rng rng(2);
    const auto best_around = [&](double center) {
      double best = -HUGE_VAL;
      for (int i = 0; i < 30; ++i) {
        std::vector<double> start = random_point(space, rng);
        for (std::size_t d = 0; d < 6; ++d) start[d] = std::clamp(center + 0.1 * rng.normal(), 0.0, 1.0);
        best = std::max(best, search.climb({start, acquisition.evaluate({space.size(), start})(0)}, rng).value);
      }
      return best + std::log(process.transform().scale());
    };
    const double unexplored = best_around(0.75);
    for (std::uint64_t seed = 0; seed < 12; ++seed) {
      Rng own(seed);
      const auto found = suggest(process, none(space), options, own);
      ASSERT_TRUE(found);
      EXPECT_GE(*found->front().log_ei, unexplored - 0.02) << "seed " << seed << ", irrelevant " << irrelevant;
    }
  }
}

// One basin is known to 1e-4; the way to another shows from afar.
TEST(Suggest, LeavesAPolishedBasin) {
  const InputSpace space = continuous_space(6);
  Rng rng(3);
  State state;
  state.space = space;
  state.points.dims = 6;
  const auto basins = [](std::span<const double> x) {
    const auto well = [&](double center) {
      return std::exp(-10 * std::pow(std::hypot(x[0] - center, x[1] - center), 2));
    };
    return -1.0 * well(0.2) - 1.3 * well(0.8);
  };
  const auto observe = [&](double a, double b) {
    std::vector<double> x = random_point(space, rng);
    x[0] = a;
    x[1] = b;
    state.points.append(x);
    state.observations.push_back(basins(x));
  };
  for (int i = 0; i < 30; ++i) observe(0.2 + 1e-4 * rng.normal(), 0.2 + 1e-4 * rng.normal());
  for (int i = 0; i < 12; ++i) observe(rng.uniform(0, 0.6), rng.uniform(0, 0.6));
  Hyperparameters& hyperparameters = state.hyperparameters.emplace_back();
  hyperparameters.log_lengthscales = {-1, -1, 6, 6, 6, 6};
  hyperparameters.log_noise = std::log(1e-8);
  const auto process = GaussianProcess::from_state(state);
  ASSERT_TRUE(process);
  Points grid{6, {}};
  for (int i = 0; i <= 60; ++i) {
    for (int j = 0; j <= 60; ++j) grid.append(std::vector{i / 60.0, j / 60.0, 0.5, 0.5, 0.5, 0.5});
  }
  const AcquisitionOptions options;
  const double best = ScalarAcquisition(process->posteriors(), options).evaluate(grid).maxCoeff() +
                      std::log(process->transform().scale());
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    Rng own(seed);
    const auto found = suggest(*process, none(space), {}, own);
    ASSERT_TRUE(found);
    const std::vector<double>& point = found->front().point;
    EXPECT_GT(std::hypot(point[0] - 0.2, point[1] - 0.2), 0.2) << "seed " << seed;
    EXPECT_GE(*found->front().log_ei, best - 0.01) << "seed " << seed;
  }
}

TEST(Suggest, PrefersWhereThereIsAValueAndWhatIsKnownBeforehand) {
  // Symmetric about the middle: without more, both sides are equally good.
  State state;
  state.space = continuous_space(1);
  state.points = {1, {0, 0.5, 1}};
  state.observations = {1, 0, 1};
  state.hyperparameters.emplace_back().log_lengthscales = {-1};
  const auto process = GaussianProcess::from_state(state);
  ASSERT_TRUE(process);
  state.observations = {0, 0, 1};
  const auto labels = GaussianProcess::from_state(state);
  ASSERT_TRUE(labels);
  AcquisitionOptions feasible, left;
  feasible.feasibility = &*labels;
  left.log_prior = [](std::span<const double> x) { return -2 * x[0]; };
  Rng rng(1);
  const auto right_side = suggest(*process, none(state.space), feasible, rng);
  const auto left_side = suggest(*process, none(state.space), left, rng);
  ASSERT_TRUE(right_side && left_side);
  EXPECT_GT(right_side->front().point[0], 0.5);
  EXPECT_LT(left_side->front().point[0], 0.5);
  // What is reported is the improvement alone, in the units of the observations.
  const AcquisitionOptions plain;
  for (const auto* found : {&*right_side, &*left_side}) {
    const std::vector<double>& point = found->front().point;
    EXPECT_NEAR(*found->front().log_ei,
                ScalarAcquisition(process->posteriors(), plain).evaluate({1, point})(0) +
                    std::log(process->transform().scale()),
                1e-12);
  }
}

}  // namespace
}  // namespace krige::gp
