#include "gp/sensitivity.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

#include "gp/fit/fit.h"
#include "tests/gp/support.h"

namespace krige::gp {
namespace {

using std::numbers::pi;

TEST(Sensitivity, OfIshigamisFunctionIsWhatItsIntegralsSay) {
  // f = sin a + 7 sin² b + 0.1 c⁴ sin a on [−π, π]³ (Ishigami, Homma 1990): variances in closed form.
  const auto ishigami = [](const Points& uniforms) {
    std::vector<double> out;
    for (std::size_t i = 0; i < uniforms.size(); ++i) {
      const auto u = uniforms.row(i);
      const double a = pi * (2 * u[0] - 1), b = pi * (2 * u[1] - 1), c = pi * (2 * u[2] - 1);
      out.push_back(std::sin(a) + 7 * std::sin(b) * std::sin(b) + 0.1 * c * c * c * c * std::sin(a));
    }
    return out;
  };
  const double pi4 = std::pow(pi, 4), pi8 = pi4 * pi4;
  const double of_a = 0.5 * (1 + 0.1 * pi4 / 5) * (1 + 0.1 * pi4 / 5);
  const double of_b = 49.0 / 8;
  const double of_a_with_c = 0.01 * pi8 * (1.0 / 18 - 1.0 / 50);
  const double all = of_a + of_b + of_a_with_c;
  const SobolIndices indices = sobol_indices(3, 4096, 1, ishigami);
  expect_near(indices.first, std::vector{of_a / all, of_b / all, 0.0}, 0.02);
  expect_near(indices.total, std::vector{(of_a + of_a_with_c) / all, of_b / all, of_a_with_c / all}, 0.02);
}

TEST(Sensitivity, OfAConstantIsNothing) {
  const auto constant = [](const Points& uniforms) { return std::vector<double>(uniforms.size(), 1e9); };
  const SobolIndices indices = sobol_indices(2, 128, 1, constant);
  EXPECT_EQ(indices.first, (std::vector<double>{0, 0}));
  EXPECT_EQ(indices.total, (std::vector<double>{0, 0}));
}

TEST(Sensitivity, OfAFittedProcessIsThatOfTheFunctionBelow) {
  // 3x + y + nothing of z: variances 9/12 and 1/12.
  Rng rng(1);
  const InputSpace space = continuous_space(3);
  const Points points = random_points(space, 40, rng);
  std::vector<double> values;
  for (std::size_t i = 0; i < points.size(); ++i) values.push_back(3 * points.row(i)[0] + points.row(i)[1]);
  FitOptions options;
  options.warp = OutputWarp::none;
  options.choose_warp = false;
  const auto fitted = fit(space, points, values, options, rng);
  ASSERT_TRUE(fitted);
  const SobolIndices indices = sensitivity(fitted->process, 1);
  expect_near(indices.first, std::vector{0.9, 0.1, 0.0}, 0.02);
  expect_near(indices.total, std::vector{0.9, 0.1, 0.0}, 0.02);
}

TEST(Sensitivity, AParameterThatIsActiveHalfTheTimeCountsHalf) {
  // A level chooses between 0 and a conditional float in [0, 1]: total of the level 5/48 + …, by hand below.
  InputSpace space;
  space.dimensions.push_back({DimensionKind::categorical, 2, {}, {}});
  space.dimensions.push_back({DimensionKind::continuous, 0, {}, {{0, {1}}}});
  const auto function = [&](const Points& uniforms) {
    std::vector<double> out;
    std::vector<double> point(2);
    for (std::size_t i = 0; i < uniforms.size(); ++i) {
      decode_uniforms(space, uniforms.row(i), point);
      out.push_back(std::isnan(point[1]) ? 0 : point[1]);
    }
    return out;
  };
  // f = s·u, s 0 or 1: mean 1/4, E f² = 1/6, variance 5/48; Var E[f|s] = 1/16, Var E[f|u] = 1/48.
  const SobolIndices indices = sobol_indices(2, 4096, 1, function);
  expect_near(indices.first, std::vector{0.6, 0.2}, 0.02);
  expect_near(indices.total, std::vector{0.8, 0.4}, 0.02);
}

}  // namespace
}  // namespace krige::gp
