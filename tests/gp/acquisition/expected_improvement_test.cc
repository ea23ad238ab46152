#include "gp/acquisition/expected_improvement.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/gp/support.h"

namespace krige::gp {
namespace {

TEST(ExpectedImprovement, IsTheMeanOfWhatDrawsOfTheFunctionImprove) {
  Rng rng(4);
  State state;
  state.space = continuous_space(2);
  state.points = random_points(state.space, 9, rng);
  for (int i = 0; i < 9; ++i) state.observations.push_back(100 + 20 * rng.normal());
  state.hyperparameters = {random_hyperparameters(state.space, rng)};
  const auto process = GaussianProcess::from_state(std::move(state));
  ASSERT_TRUE(process);
  const double best = process->incumbent().second.mean;
  const Points asked = random_points(process->space(), 3, rng);
  const std::vector<double> log_ei = log_expected_improvement(*process, asked);
  constexpr std::size_t kDraws = 200'000;
  const auto draws = process->sample(asked, kDraws, rng);
  ASSERT_TRUE(draws);
  for (std::size_t i = 0; i < asked.size(); ++i) {
    double sum = 0, squares = 0;
    for (std::size_t k = 0; k < kDraws; ++k) {
      const double improvement = std::max(best - (*draws)[k * asked.size() + i], 0.0);
      sum += improvement;
      squares += improvement * improvement;
    }
    const double mean = sum / kDraws;
    const double error = std::sqrt((squares / kDraws - mean * mean) / kDraws);
    EXPECT_NEAR(std::exp(log_ei[i]), mean, 5 * error) << "at point " << i;
    EXPECT_GT(mean, 10 * error) << "the test says nothing of point " << i;
  }
}

}  // namespace
}  // namespace krige::gp
