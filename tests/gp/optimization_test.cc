// The whole loop on functions whose minima are known: what a user gets.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <iostream>
#include <limits>
#include <numbers>
#include <optional>

#include "base/sobol.h"
#include "gp/acquisition/candidates.h"
#include "gp/acquisition/suggest.h"
#include "gp/fit/fit.h"
#include "tests/gp/support.h"

namespace krige::gp {
namespace {

using Function = std::function<double(std::span<const double>)>;

// On [−5, 10] × [0, 15]; minimum 0.397887 (Dixon, Szegő 1978).
double branin(std::span<const double> u) {
  constexpr double kPi = std::numbers::pi;
  const double x = 15 * u[0] - 5, y = 15 * u[1];
  const double a = y - 5.1 / (4 * kPi * kPi) * x * x + 5 / kPi * x - 6;
  return a * a + 10 * (1 - 1 / (8 * kPi)) * std::cos(x) + 10;
}

// Minimum −3.322368 (Dixon, Szegő 1978).
double hartmann6(std::span<const double> x) {
  constexpr std::array<double, 4> kAlpha{1.0, 1.2, 3.0, 3.2};
  constexpr std::array<std::array<double, 6>, 4> kA{
      {{10, 3, 17, 3.5, 1.7, 8}, {0.05, 10, 17, 0.1, 8, 14}, {3, 3.5, 1.7, 10, 17, 8}, {17, 8, 0.05, 10, 0.1, 14}}};
  constexpr std::array<std::array<double, 6>, 4> kP{{{0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886},
                                                     {0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
                                                     {0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650},
                                                     {0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381}}};
  double sum = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    double exponent = 0;
    for (std::size_t j = 0; j < 6; ++j) exponent += kA[i][j] * (x[j] - kP[i][j]) * (x[j] - kP[i][j]);
    sum -= kAlpha[i] * std::exp(-exponent);
  }
  return sum;
}

// Minimum 0 at (0.3, level 6 of 9, category 1, 0.7, level 3 of 4, 0).
double conditional(std::span<const double> x) {
  const double common = (x[0] - 0.3) * (x[0] - 0.3) + 0.5 * (x[2] - 0.75) * (x[2] - 0.75) + 0.2 * x[1];
  if (x[3] != 1) return common + 0.4 + 0.1 * x[3];
  const double branch = (x[4] - 0.7) * (x[4] - 0.7) + 0.3 * (1 - x[5]);
  return common + branch + (x[6] == 1 ? 0.2 : 0);
}

// The best value after `budget` evaluations, the first five of them scrambled Sobol points.
double minimize(const InputSpace& space, const Function& f, int budget, std::uint64_t seed) {
  SobolSequence sobol(space.size(), 1000 + seed);
  Points points{space.size(), {}};
  std::vector<double> observations;
  FitOptions fit_options;
  AcquisitionOptions options;
  options.excluded = [&](std::span<const double> point) {
    for (std::size_t i = 0; i < points.size(); ++i) {
      if (same_point(space, point, points.row(i), 0)) return true;
    }
    return false;
  };
  for (int trial = 0; trial < budget; ++trial) {
    std::vector<double> next(space.size());
    if (trial < 5) {
      std::vector<double> uniforms(space.size());
      sobol.next(uniforms);
      decode_uniforms(space, uniforms, next);
    } else {
      Rng rng(seed, static_cast<std::uint64_t>(trial));
      const auto fitted = fit(space, points, observations, fit_options, rng);
      if (!fitted) return std::numeric_limits<double>::quiet_NaN();
      fit_options.previous = fitted->process.state().hyperparameters.front();
      const auto found = suggest(fitted->process, {space.size(), {}}, options, rng);
      if (!found || found->empty()) return std::numeric_limits<double>::quiet_NaN();
      next = found->front().point;
    }
    EXPECT_TRUE(is_canonical(space, next));
    points.append(next);
    observations.push_back(f(next));
  }
  return std::ranges::min(observations);
}

TEST(Optimization, BraninIn40Evaluations) {
  int reached = 0;
  std::cout << "Branin, best of 40:";
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const double best = minimize(continuous_space(2), branin, 40, seed);
    std::cout << ' ' << best;
    reached += best <= 0.42;
  }
  std::cout << '\n';
  EXPECT_GE(reached, 9);
}

TEST(Optimization, Hartmann6In60Evaluations) {
  std::cout << "Hartmann-6, best of 60:";
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const double best = minimize(continuous_space(6), hartmann6, 60, seed);
    std::cout << ' ' << best;
    EXPECT_LE(best, -3.0) << "the median of random search is -1.9";
  }
  std::cout << '\n';
}

TEST(Optimization, ConditionalSpaceIn40Evaluations) {
  std::cout << "Conditional, best of 40:";
  for (std::uint64_t seed = 0; seed < 3; ++seed) {
    const double best = minimize(mixed_space(), conditional, 40, seed);
    std::cout << ' ' << best;
    EXPECT_LE(best, 0.02) << "the other branches have their minimum at 0.4";
  }
  std::cout << '\n';
}

}  // namespace
}  // namespace krige::gp
