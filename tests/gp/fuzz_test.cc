// Histories that break optimizers: none may fail, leave the space or repeat a point.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "gp/acquisition/candidates.h"
#include "gp/acquisition/suggest.h"
#include "gp/fit/fit.h"
#include "gp/posterior.h"
#include "tests/gp/support.h"
#include "tests/support/fuzz.h"

namespace krige::gp {
namespace {

InputSpace nasty_space(Rng& rng) {
  if (rng.below(15) == 0) return continuous_space(60);
  switch (rng.below(5)) {
    case 0:
      return continuous_space(1 + rng.below(5));
    case 1: {  // all categorical
      InputSpace space;
      for (std::size_t d = 1 + rng.below(5); d > 0; --d) {
        space.dimensions.push_back({DimensionKind::categorical, static_cast<std::int64_t>(1 + rng.below(6)), {}, {}});
      }
      return space;
    }
    case 2: {  // a chain of conditions
      InputSpace space{{{DimensionKind::grid, 3, {}, {}}}};
      for (std::size_t d = 1; d < 12; ++d) {
        space.dimensions.push_back({DimensionKind::categorical, 2, {}, {{d - 1, {0, 1}}}});
      }
      space.dimensions.push_back({DimensionKind::continuous, 0, {}, {{11, {1}}}});
      return space;
    }
    case 3:
      return deep_space(rng, 1 + rng.below(9));
    default:
      return random_space(rng, 10);
  }
}

std::vector<double> nasty_observations(std::size_t n, Rng& rng) {
  const std::uint64_t kind = rng.below(8);
  std::vector<double> out;
  for (std::size_t i = 0; i < n; ++i) {
    switch (kind) {
      case 0:
        out.push_back(3);
        break;
      case 1:
        out.push_back(rng.below(2) == 0 ? 0 : 1e300);
        break;
      case 2:
        out.push_back(1.7e308 * rng.uniform(-1, 1));
        break;
      case 3:
        out.push_back(1e-310 * rng.normal());
        break;
      case 4:
        out.push_back(i == 0 ? -1e300 : rng.normal());
        break;
      case 5:
        out.push_back(std::floor(rng.uniform(0, 3)));
        break;
      case 6:
        out.push_back(1e12 + rng.normal());
        break;
      default:
        out.push_back(std::exp(20 * rng.normal()));
    }
  }
  return out;
}

Points nasty_points(const InputSpace& space, std::size_t n, Rng& rng) {
  Points points = random_points(space, n, rng);
  const std::uint64_t kind = rng.below(3);
  for (std::size_t i = 1; i < n && kind < 2; ++i) {
    const auto from = points.row(rng.below(i));
    std::vector<double> copy(from.begin(), from.end());
    // Duplicates, or a cluster that is one up to rounding.
    if (kind == 1) {
      for (double& value : copy) value += 1e-12 * rng.normal();
      canonicalize(space, copy);
    }
    if (rng.below(3) != 0) std::ranges::copy(copy, points.row(i).begin());
  }
  return points;
}

// Of feasibility: all, none or some.
Result<Fitted> nasty_labels(const InputSpace& space, const Points& points, Rng& rng) {
  const std::uint64_t kind = rng.below(3);
  std::vector<double> labels;
  for (std::size_t i = 0; i < points.size(); ++i) {
    labels.push_back(kind == 2 ? static_cast<double>(rng.below(2)) : static_cast<double>(kind));
  }
  FitOptions options;
  options.warp = OutputWarp::none;
  options.choose_warp = false;
  options.max_evaluations = 10;
  return fit(space, points, labels, options, rng);
}

TEST(Fuzz, NastyHistoriesNeverFail) {
  fuzz::Rounds rounds("histories", 150);
  while (rounds.next()) {
    const std::uint64_t seed = rounds.seed();
    SCOPED_TRACE("seed " + std::to_string(seed));
    Rng rng(seed);
    const InputSpace space = nasty_space(rng);
    const std::size_t n = 1 + rng.below(seed % 10 == 0 ? 60 : 12);
    const Points points = nasty_points(space, n, rng);
    FitOptions fit_options;
    fit_options.draws = static_cast<int>(rng.below(4));
    fit_options.warp = rng.below(2) == 0 ? OutputWarp::none : OutputWarp::log_above_median;
    fit_options.choose_warp = rng.below(4) != 0;
    const auto fitted = fit(space, points, nasty_observations(n, rng), fit_options, rng);
    ASSERT_TRUE(fitted) << fitted.error().describe();
    ASSERT_EQ(fitted->process.posteriors().size(), static_cast<std::size_t>(fit_options.draws) + 1);
    for (const Prediction& prediction : fitted->process.leave_one_out()) {
      ASSERT_TRUE(std::isfinite(prediction.mean) && std::isfinite(prediction.sd));
    }
    const auto rebuilt = GaussianProcess::from_state(fitted->process.state());
    ASSERT_TRUE(rebuilt);

    AcquisitionOptions options;
    options.sobol_candidates = 64;
    options.history_candidates = 32;
    options.excluded = [&](std::span<const double> point) {
      for (std::size_t i = 0; i < n; ++i) {
        if (same_point(space, point, points.row(i), 0)) return true;
      }
      return false;
    };
    options.kind = static_cast<AcquisitionKind>(rng.below(3));
    const auto labels = nasty_labels(space, points, rng);
    ASSERT_TRUE(labels) << labels.error().describe();
    if (rng.below(2) == 0) options.feasibility = &labels->process;
    if (rng.below(4) == 0) {
      options.log_prior = [](std::span<const double> point) { return std::isnan(point[0]) ? 0 : -1e3 * point[0]; };
    }
    const Points pending = random_points(space, rng.below(4), rng);
    const auto found = suggest(fitted->process, pending, options, rng);
    ASSERT_TRUE(found) << found.error().describe();
    const auto all = enumerate_points(space, options.exhaustive);
    ASSERT_TRUE(!found->empty() || all) << "only a finite space can be exhausted";
    for (const Suggestion& one : *found) {
      ASSERT_TRUE(is_canonical(space, one.point));
      ASSERT_FALSE(options.excluded(one.point));
      ASSERT_TRUE(std::isfinite(one.predictions.front().mean) && std::isfinite(one.predictions.front().sd));
      ASSERT_FALSE(std::isnan(*one.log_ei));
    }
  }
}

TEST(Fuzz, WhatIsNoNumberIsRefused) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  for (std::uint64_t seed = 0; seed < 30; ++seed) {
    Rng rng(seed);
    const InputSpace space = nasty_space(rng);
    const std::size_t n = 1 + rng.below(6);
    const Points points = random_points(space, n, rng);
    std::vector<double> observations = nasty_observations(n, rng);
    const std::size_t bad = rng.below(n);
    for (const double value : {kNaN, HUGE_VAL, -HUGE_VAL}) {
      observations[bad] = value;
      const auto fitted = fit(space, points, observations, {}, rng);
      ASSERT_FALSE(fitted);
      EXPECT_EQ(fitted.error().code, ErrorCode::invalid_argument);
      EXPECT_EQ(fitted.error().field, "observations[" + std::to_string(bad) + "]");
    }
    observations[bad] = 1;
    const std::vector<bool> active = activity(space, points.row(bad));
    for (std::size_t d = 0; d < space.size(); ++d) {
      if (!active[d]) continue;
      Points broken = points;
      broken.row(bad)[d] = kNaN;
      const auto fitted = fit(space, broken, observations, {}, rng);
      ASSERT_FALSE(fitted) << "dimension " << d;
      EXPECT_EQ(fitted.error().field, "points[" + std::to_string(bad) + "]");
    }
  }
}

}  // namespace
}  // namespace krige::gp
