#include "gp/lbfgs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace krige::gp {
namespace {

double rosenbrock(std::span<const double> x, std::span<double> gradient) {
  const double a = x[1] - x[0] * x[0], b = 1 - x[0];
  gradient[0] = -400 * a * x[0] - 2 * b;
  gradient[1] = 200 * a;
  return 100 * a * a + b * b;
}

TEST(Lbfgs, FindsTheMinimumInside) {
  const Minimum minimum =
      minimize_lbfgs(rosenbrock, {-1.2, 1}, std::vector{-2.0, -2.0}, std::vector{2.0, 2.0}, {500, 1e-14});
  EXPECT_NEAR(minimum.x[0], 1, 1e-5);
  EXPECT_NEAR(minimum.x[1], 1, 1e-5);
  EXPECT_LE(minimum.evaluations, 500);
}

TEST(Lbfgs, FindsTheMinimumOnTheBoundAndClampsTheStart) {
  const Minimum minimum =
      minimize_lbfgs(rosenbrock, {7, -9}, std::vector{-2.0, -2.0}, std::vector{0.5, 2.0}, {500, 1e-14});
  EXPECT_NEAR(minimum.x[0], 0.5, 1e-9);
  EXPECT_NEAR(minimum.x[1], 0.25, 1e-6);
}

TEST(Lbfgs, KeepsTheBestWhereTheObjectiveBreaks) {
  // Finite on the right only, best at its edge.
  const Objective objective = [](std::span<const double> x, std::span<double> gradient) {
    gradient[0] = 1;
    return x[0] < 0.3 ? std::numeric_limits<double>::quiet_NaN() : x[0];
  };
  const Minimum minimum = minimize_lbfgs(objective, {0.9}, std::vector{0.0}, std::vector{1.0}, {50, 1e-9});
  EXPECT_GE(minimum.x[0], 0.3);
  EXPECT_LE(minimum.x[0], 0.9);
  EXPECT_EQ(minimum.value, minimum.x[0]);
}

TEST(Lbfgs, ReturnsTheStartWhenNothingIsFinite) {
  const Objective objective = [](std::span<const double>, std::span<double>) { return std::nan(""); };
  const Minimum minimum = minimize_lbfgs(objective, {0.9}, std::vector{0.0}, std::vector{0.5}, {50, 1e-9});
  EXPECT_EQ(minimum.x, std::vector{0.5});
  EXPECT_TRUE(std::isinf(minimum.value));
}

TEST(Lbfgs, EvaluatesOnceWithoutDimensions) {
  const Minimum minimum = minimize_lbfgs([](auto, auto) { return 3.0; }, {}, {}, {}, {});
  EXPECT_EQ(minimum.value, 3);
  EXPECT_EQ(minimum.evaluations, 1);
}

}  // namespace
}  // namespace krige::gp
