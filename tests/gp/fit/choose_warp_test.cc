#include "gp/fit/choose_warp.h"

#include <gtest/gtest.h>

#include <cmath>

#include "gp/fit/fit.h"
#include "gp/fit/log_posterior.h"
#include "tests/gp/support.h"

namespace krige::gp {
namespace {

constexpr OutputWarp kBoth[] = {OutputWarp::none, OutputWarp::log_above_median};

struct Data {
  Points points;
  std::vector<double> smooth;  // of mean about 0, symmetric
};

Data sampled(std::size_t count, std::uint64_t seed) {
  Rng rng(seed);
  Data out{random_points(continuous_space(2), count, rng), {}};
  for (std::size_t i = 0; i < count; ++i) {
    const auto x = out.points.row(i);
    out.smooth.push_back(std::sin(5 * x[0] + 1) + std::cos(4 * x[1]) + 0.02 * rng.normal());
  }
  return out;
}

// The factor under usual hyperparameters.
Eigen::MatrixXd factor_of(const Points& points) {
  const InputSpace space = continuous_space(points.dims);
  const LogPosterior posterior(space, points, Eigen::VectorXd::Zero(static_cast<Eigen::Index>(points.size())),
                               default_prior(space));
  Hyperparameters hyperparameters = default_hyperparameters(space);
  hyperparameters.log_noise = -6;
  return posterior.factor(to_theta(hyperparameters)).value();
}

TEST(ChooseWarp, CompressesAHeavyTail) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const Data data = sampled(30, seed);
    std::vector<double> skewed;
    for (const double y : data.smooth) skewed.push_back(std::exp(3 * y));
    for (const OutputWarp current : kBoth) {
      EXPECT_EQ(choose_warp(factor_of(data.points), skewed, current), OutputWarp::log_above_median) << "seed " << seed;
    }
  }
}

TEST(ChooseWarp, LeavesSymmetricDataAlone) {
  int given_up = 0;
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const Data data = sampled(40, seed);
    const Eigen::MatrixXd factor = factor_of(data.points);
    EXPECT_EQ(choose_warp(factor, data.smooth, OutputWarp::none), OutputWarp::none) << "seed " << seed;
    given_up += choose_warp(factor, data.smooth, OutputWarp::log_above_median) == OutputWarp::none;
  }
  // A warp that is there already is kept where the evidence against it is within the margin.
  EXPECT_GE(given_up, 4);
}

TEST(ChooseWarp, DoesNotDependOnTheUnit) {
  const Data data = sampled(30, 3);
  for (const double power : {0.5, 1.0, 3.0}) {
    std::vector<double> y, scaled;
    for (const double value : data.smooth) {
      y.push_back(std::exp(power * value));
      scaled.push_back(1e7 * y.back() - 3e6);
    }
    for (const OutputWarp current : kBoth) {
      const Eigen::MatrixXd lower = factor_of(data.points);
      EXPECT_EQ(choose_warp(lower, y, current), choose_warp(lower, scaled, current)) << "power " << power;
    }
  }
}

TEST(ChooseWarp, KeepsTheCurrentOneWhenTheDataDoNotSay) {
  // A few observations of noise.
  Rng rng(4);
  for (int i = 0; i < 20; ++i) {
    const Points points = random_points(continuous_space(2), 4, rng);
    const std::vector<double> observations{0, 1, 2, 3.5};
    for (const OutputWarp current : kBoth) EXPECT_EQ(choose_warp(factor_of(points), observations, current), current);
  }
}

TEST(ChooseWarp, SurvivesDegenerateObservations) {
  Rng rng(5);
  const std::vector<std::vector<double>> histories{
      {1}, {3, 3, 3, 3}, {1, 2}, {2, 1}, {-1e300, 1e300}, {0, 5e-324, 0}, {0, 1e300, 1, 2}, {1e12, 1e12 + 1e-3, 1e12}};
  for (const std::vector<double>& observations : histories) {
    const Eigen::MatrixXd lower = factor_of(random_points(continuous_space(2), observations.size(), rng));
    for (const OutputWarp current : kBoth) {
      const OutputWarp chosen = choose_warp(lower, observations, current);
      EXPECT_TRUE(chosen == OutputWarp::none || chosen == OutputWarp::log_above_median);
      if (observations.size() == 1 || observations == std::vector<double>{3, 3, 3, 3}) {
        EXPECT_EQ(chosen, current) << "constants say nothing";
      }
    }
  }
}

}  // namespace
}  // namespace krige::gp
