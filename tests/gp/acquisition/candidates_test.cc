#include "gp/acquisition/candidates.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/gp/support.h"

namespace krige::gp {
namespace {

TEST(Candidates, SobolPointsAreCanonicalAndCoverTheSpace) {
  Rng rng(1);
  const InputSpace space = mixed_space();
  const Points points = sobol_candidates(space, 256, rng);
  ASSERT_EQ(points.size(), 256U);
  std::vector<int> categories(3, 0);
  int low = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_TRUE(is_canonical(space, points.row(i)));
    ++categories[static_cast<std::size_t>(points.row(i)[3])];
    low += points.row(i)[0] < 0.5;
  }
  for (const int count : categories) EXPECT_NEAR(count, 256.0 / 3, 3);
  EXPECT_EQ(low, 128);
}

TEST(Candidates, HistoryCandidatesStayNearTheBest) {
  Rng rng(2);
  State state;
  state.space = continuous_space(2);
  for (int i = 0; i < 40; ++i) {
    state.points.dims = 2;
    state.points.append(std::vector{rng.uniform(), rng.uniform()});
    const auto row = state.points.row(static_cast<std::size_t>(i));
    state.observations.push_back(std::hypot(row[0] - 0.5, row[1] - 0.5));
  }
  state.hyperparameters = {{.log_lengthscales = {-1, -1}, .log_main_lengthscales = {}}};
  const auto process = GaussianProcess::from_state(state);
  ASSERT_TRUE(process);
  const Points points = history_candidates(process->space(), best_observed(*process), 240, rng);
  int near = 0;
  for (std::size_t i = 0; i < points.size(); ++i) {
    EXPECT_TRUE(is_canonical(state.space, points.row(i)));
    near += std::hypot(points.row(i)[0] - 0.5, points.row(i)[1] - 0.5) < 0.3;
  }
  EXPECT_EQ(points.size(), 240U);
  EXPECT_GT(near, 180);
}

TEST(Candidates, PerturbationsStayInTheSpaceAndMove) {
  Rng rng(3);
  for (int i = 0; i < 500; ++i) {
    const InputSpace space = random_space(rng, 8);
    std::vector<double> point = random_point(space, rng);
    perturb(space, point, 0.1, 0.5, rng);
    EXPECT_TRUE(is_canonical(space, point));
  }
  const InputSpace grid{{{DimensionKind::grid, 1000, {}, {}}}};
  std::vector<double> point{value_of(grid.dimensions[0], 500)};
  perturb(grid, point, 1e-9, 0, rng);
  EXPECT_EQ(std::abs(level_of(grid.dimensions[0], point[0]) - 500), 1) << "at least to the next level";
}

TEST(Candidates, SamePoint) {
  const InputSpace space = mixed_space();
  const double inactive = std::nan("");
  const std::vector<double> a{0.2, 0.3, 0.5, 0, inactive, inactive, inactive};
  std::vector<double> b = a;
  EXPECT_TRUE(same_point(space, a, b, 0));
  b[0] += 0.01;
  EXPECT_FALSE(same_point(space, a, b, 0.001));
  EXPECT_TRUE(same_point(space, a, b, 0.02));
  b[3] = 1;
  EXPECT_FALSE(same_point(space, a, b, 2)) << "another category";
  b = a;
  b[4] = 0.5;
  EXPECT_FALSE(same_point(space, a, b, 2)) << "active in one only";
}

}  // namespace
}  // namespace krige::gp
