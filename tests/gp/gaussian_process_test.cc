#include "gp/gaussian_process.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include "tests/gp/support.h"

namespace krige::gp {
namespace {

// Observations skewed enough for the warp to matter.
GaussianProcess example(OutputWarp warp = OutputWarp::log_above_median, std::uint64_t seed = 1) {
  Rng rng(seed);
  State state;
  state.space = mixed_space();
  state.points = random_points(state.space, 14, rng);
  for (int i = 0; i < 14; ++i) state.observations.push_back(std::exp(2 * rng.normal()));
  state.warp = warp;
  state.hyperparameters = random_hyperparameters(state.space, rng);
  auto process = GaussianProcess::from_state(std::move(state));
  if (!process) throw std::runtime_error(process.error().describe());
  return *process;
}

TEST(GaussianProcess, RebuiltFromItsStateIsTheSameBitForBit) {
  const GaussianProcess process = example();
  const auto rebuilt = GaussianProcess::from_state(process.state());
  ASSERT_TRUE(rebuilt);
  Rng rng(2);
  for (int i = 0; i < 20; ++i) {
    const std::vector<double> point = random_point(process.space(), rng);
    const Prediction a = process.predict(point), b = rebuilt->predict(point);
    EXPECT_TRUE(identical(std::vector{a.mean, a.sd}, std::vector{b.mean, b.sd}));
  }
  EXPECT_EQ(process.log_marginal_likelihood(), rebuilt->log_marginal_likelihood());
}

TEST(GaussianProcess, InterpolatesInTheUnitsOfTheObservations) {
  Rng rng(3);
  State state{State::kVersion,
              continuous_space(2),
              random_points(continuous_space(2), 9, rng),
              {},
              OutputWarp::none,
              {{-1, -1}, 0, std::log(1e-8), 0}};
  for (const OutputWarp warp : {OutputWarp::none, OutputWarp::log_above_median}) {
    state.warp = warp;
    state.observations = {1e6, 1e6 + 1, 1e6 + 2, 1e6 + 50, 1e6 + 3, 1e6 - 4, 1e6 + 7, 1e6 + 600, 1e6 - 1};
    const auto process = GaussianProcess::from_state(state);
    ASSERT_TRUE(process);
    for (std::size_t i = 0; i < 9; ++i) {
      const Prediction prediction = process->predict(state.points.row(i));
      EXPECT_NEAR(prediction.mean, state.observations[i], 0.1);
      EXPECT_LT(prediction.sd, 0.2);
    }
    EXPECT_EQ(process->incumbent().first, 5U);
    EXPECT_NEAR(process->incumbent().second.mean, 1e6 - 4, 0.01);
  }
}

TEST(GaussianProcess, GradientsAgreeWithFiniteDifferences) {
  for (const std::uint64_t seed : {1, 2, 3, 4, 5, 6}) {
    Rng rng(seed);
    const GaussianProcess plain = example(seed % 2 == 0 ? OutputWarp::none : OutputWarp::log_above_median, seed);
    const auto pending = plain.with_pending(random_points(plain.space(), 2, rng), rng, 6);
    ASSERT_TRUE(pending);
    std::vector<double> at = random_point(plain.space(), rng);
    for (const GaussianProcess* process : {&plain, &*pending}) {
      const PredictionGradient gradient = process->predict_with_gradient(at);
      EXPECT_EQ(gradient.prediction.mean, process->predict(at).mean);
      for (const std::size_t d : {0, 1, 4}) {  // continuous: a grid's value would be snapped
        if (std::isnan(at[d])) continue;
        const auto shifted = [&](double step) {
          std::vector<double> x = at;
          x[d] += step;
          return process->predict(x);
        };
        const Prediction above = shifted(1e-6), below = shifted(-1e-6);
        const double scale = std::max(1.0, std::abs(gradient.prediction.mean));
        EXPECT_NEAR(gradient.mean[d], (above.mean - below.mean) / 2e-6, 1e-5 * scale);
        EXPECT_NEAR(gradient.sd[d], (above.sd - below.sd) / 2e-6, 1e-5 * scale);
      }
    }
  }
}

TEST(GaussianProcess, JointPredictionHasThePointwiseOnesOnItsDiagonal) {
  const GaussianProcess process = example();
  Rng rng(4);
  const Points points = random_points(process.space(), 5, rng);
  const JointPrediction joint = process.predict_jointly(points);
  const std::vector<Prediction> each = process.predict(points);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(joint.mean[i], each[i].mean, 1e-9 * std::abs(each[i].mean));
    EXPECT_NEAR(joint.covariance[i * 5 + i], each[i].sd * each[i].sd, 1e-9 * joint.covariance[i * 5 + i]);
    for (std::size_t j = 0; j < 5; ++j) EXPECT_NEAR(joint.covariance[i * 5 + j], joint.covariance[j * 5 + i], 1e-9);
  }
}

TEST(GaussianProcess, SamplesHaveTheJointMoments) {
  const GaussianProcess process = example(OutputWarp::none);
  Rng rng(5);
  const Points points = random_points(process.space(), 3, rng);
  const JointPrediction joint = process.predict_jointly(points);
  constexpr std::size_t kDraws = 20000;
  const auto draws = process.sample(points, kDraws, rng);
  ASSERT_TRUE(draws);
  ASSERT_EQ(draws->size(), 3 * kDraws);
  for (std::size_t i = 0; i < 3; ++i) {
    const double sd = std::sqrt(joint.covariance[i * 3 + i]);
    double mean = 0;
    for (std::size_t k = 0; k < kDraws; ++k) mean += (*draws)[k * 3 + i] / kDraws;
    EXPECT_NEAR(mean, joint.mean[i], 0.04 * sd);
    for (std::size_t j = 0; j < 3; ++j) {
      double covariance = 0;
      for (std::size_t k = 0; k < kDraws; ++k) {
        covariance += ((*draws)[k * 3 + i] - joint.mean[i]) * ((*draws)[k * 3 + j] - joint.mean[j]) / kDraws;
      }
      EXPECT_NEAR(covariance, joint.covariance[i * 3 + j], 0.05 * sd * std::sqrt(joint.covariance[j * 3 + j]));
    }
  }
}

TEST(GaussianProcess, PendingPointsAreNoObservations) {
  const GaussianProcess process = example();
  Rng rng(6);
  const Points pending = random_points(process.space(), 2, rng);
  const auto conditioned = process.with_pending(pending, rng);
  ASSERT_TRUE(conditioned);
  EXPECT_EQ(conditioned->state().observations.size(), 14U) << "the state is that of the observations";
  EXPECT_EQ(conditioned->leave_one_out().size(), 14U);
  const double mean = process.predict(pending.row(0)).mean;
  EXPECT_NEAR(conditioned->predict(pending.row(0)).mean, mean, 1e-9 * std::abs(mean)) << "nothing has been learned yet";
  EXPECT_FALSE(process.with_pending({7, {0.5}}, rng));
}

TEST(GaussianProcess, LeaveOneOutDoubtsMoreThanThePosterior) {
  const GaussianProcess process = example(OutputWarp::none);
  const std::vector<Prediction> loo = process.leave_one_out();
  ASSERT_EQ(loo.size(), 14U);
  for (std::size_t i = 0; i < 14; ++i) EXPECT_GT(loo[i].sd, process.predict(process.state().points.row(i)).sd);
}

}  // namespace
}  // namespace krige::gp
