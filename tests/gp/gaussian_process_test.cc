#include "gp/gaussian_process.h"

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>
#include <utility>

#include "gp/posterior.h"
#include "tests/gp/support.h"

namespace krige::gp {
namespace {

// Observations skewed enough for the warp to matter.
GaussianProcess example(OutputWarp warp = OutputWarp::log_above_median, std::uint64_t seed = 1, int draws = 1) {
  Rng rng(seed);
  State state;
  state.space = mixed_space();
  state.points = random_points(state.space, 14, rng);
  for (int i = 0; i < 14; ++i) state.observations.push_back(std::exp(2 * rng.normal()));
  state.warp = warp;
  for (int i = 0; i < draws; ++i) state.hyperparameters.push_back(random_hyperparameters(state.space, rng));
  auto process = GaussianProcess::from_state(std::move(state));
  if (!process) throw std::runtime_error(process.error().describe());
  return *process;
}

// Of several hyperparameters, each alone.
std::vector<GaussianProcess> alone(const GaussianProcess& ensemble) {
  std::vector<GaussianProcess> out;
  for (const Hyperparameters& one : ensemble.state().hyperparameters) {
    State state = ensemble.state();
    state.hyperparameters = {one};
    auto process = GaussianProcess::from_state(std::move(state));
    if (!process) throw std::runtime_error(process.error().describe());
    out.push_back(*process);
  }
  return out;
}

// Mean and variance of two equally probable distributions.
std::pair<double, double> mixture(double mean_a, double variance_a, double mean_b, double variance_b) {
  const double half = (mean_a - mean_b) / 2;
  return {(mean_a + mean_b) / 2, (variance_a + variance_b) / 2 + half * half};
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
              {{.log_lengthscales = {-1, -1}, .log_main_lengthscales = {}, .log_noise = std::log(1e-8)}}};
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
  for (const std::uint64_t seed : {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}) {
    Rng rng(seed);
    // The last ones are ensembles.
    const GaussianProcess plain =
        example(seed % 2 == 0 ? OutputWarp::none : OutputWarp::log_above_median, seed, seed > 6 ? 3 : 1);
    const auto pending = plain.with_pending(random_points(plain.space(), 2, rng), rng, 6);
    ASSERT_TRUE(pending);
    std::vector<double> at = random_point(plain.space(), rng);
    for (const GaussianProcess* process : {&plain, &*pending}) {
      const PredictionGradient gradient = process->predict_with_gradient(at);
      const Prediction prediction = process->predict(at);
      EXPECT_NEAR(gradient.prediction.mean, prediction.mean, 1e-12 * std::max(1.0, std::abs(prediction.mean)));
      EXPECT_NEAR(gradient.prediction.sd, prediction.sd, 1e-9 * prediction.sd);
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
  Rng rng(4);
  for (const int draws : {1, 2, 3}) {
    const GaussianProcess process = example(OutputWarp::log_above_median, 1, draws);
    const Points points = random_points(process.space(), 5, rng);
    const auto pending = process.with_pending(random_points(process.space(), 2, rng), rng, 4);
    ASSERT_TRUE(pending);
    for (const GaussianProcess* one : {&process, &*pending}) {
      const JointPrediction joint = one->predict_jointly(points);
      const std::vector<Prediction> each = one->predict(points);
      for (std::size_t i = 0; i < 5; ++i) {
        EXPECT_NEAR(joint.mean[i], each[i].mean, 1e-9 * std::abs(each[i].mean));
        const double variance = each[i].sd * each[i].sd;
        EXPECT_NEAR(joint.covariance[i * 5 + i], variance, 1e-8 * variance);
        for (std::size_t j = 0; j < 5; ++j) {
          EXPECT_NEAR(joint.covariance[i * 5 + j], joint.covariance[j * 5 + i], 1e-9 * variance);
        }
      }
    }
  }
}

TEST(GaussianProcess, SamplesHaveTheJointMoments) {
  for (const int ensemble : {1, 2}) {
    const GaussianProcess process = example(OutputWarp::none, 1, ensemble);
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

TEST(GaussianProcess, ResidualsAreThoseOfAPosteriorThatHasNotSeenThePoint) {
  const GaussianProcess process = example();
  const State& state = process.state();
  const std::vector<double> residuals = process.leave_one_out_residuals();
  for (std::size_t left_out = 0; left_out < 14; ++left_out) {
    Points others{state.points.dims, {}};
    Eigen::VectorXd targets(13);
    for (std::size_t i = 0; i < 14; ++i) {
      if (i == left_out) continue;
      targets(static_cast<Eigen::Index>(others.size())) = process.transform().forward(state.observations[i]);
      others.append(state.points.row(i));
    }
    const auto posterior = Posterior::make(state.space, others, targets, state.hyperparameters[0]);
    ASSERT_TRUE(posterior);
    const Points point{others.dims, {state.points.row(left_out).begin(), state.points.row(left_out).end()}};
    const Posterior::Batch predicted = posterior->predict(point);
    const double sd = std::sqrt(predicted.variances(0) + posterior->noise());
    const double expected = (process.transform().forward(state.observations[left_out]) - predicted.means(0, 0)) / sd;
    EXPECT_NEAR(residuals[left_out], expected, 1e-8 * std::max(1.0, std::abs(expected)));
    EXPECT_NEAR(posterior->means(point)(0), predicted.means(0, 0), 1e-12);
  }
}

TEST(GaussianProcess, CorrelationIsOfThePriorAlone) {
  const GaussianProcess process = example();
  const Points& points = process.state().points;
  EXPECT_NEAR(process.correlation(points.row(3), points.row(3)), 1, 1e-12);
  EXPECT_EQ(process.correlation(points.row(3), points.row(5)), process.correlation(points.row(5), points.row(3)));
  Points both{points.dims, {points.row(3).begin(), points.row(3).end()}};
  both.append(points.row(5));
  State other = process.state();
  for (double& value : other.observations) value = -value;
  const auto turned = GaussianProcess::from_state(std::move(other));
  ASSERT_TRUE(turned);
  EXPECT_EQ(process.correlation(both.row(0), both.row(1)), turned->correlation(both.row(0), both.row(1)));
}

TEST(GaussianProcess, EnsemblePredictsTheMixture) {
  // Nothing is warped, so that the units of the observations are those of the processes up to a factor.
  const GaussianProcess ensemble = example(OutputWarp::none, 2, 2);
  const std::vector<GaussianProcess> each = alone(ensemble);
  Rng rng(7);
  for (int i = 0; i < 20; ++i) {
    const std::vector<double> at = random_point(ensemble.space(), rng);
    const Prediction a = each[0].predict(at), b = each[1].predict(at), both = ensemble.predict(at);
    const auto [mean, variance] = mixture(a.mean, a.sd * a.sd, b.mean, b.sd * b.sd);
    EXPECT_NEAR(both.mean, mean, 1e-12 * std::max(1.0, std::abs(mean)));
    EXPECT_NEAR(both.sd * both.sd, variance, 1e-10 * variance);
    EXPECT_GE(both.sd * both.sd, (a.sd * a.sd + b.sd * b.sd) / 2 * (1 - 1e-12)) << "disagreement is doubt";
  }
  const Points points = random_points(ensemble.space(), 4, rng);
  const JointPrediction a = each[0].predict_jointly(points), b = each[1].predict_jointly(points),
                        both = ensemble.predict_jointly(points);
  for (std::size_t i = 0; i < 4; ++i) {
    for (std::size_t j = 0; j < 4; ++j) {
      const double between = (a.mean[i] - b.mean[i]) * (a.mean[j] - b.mean[j]) / 4;
      const double within = (a.covariance[i * 4 + j] + b.covariance[i * 4 + j]) / 2;
      const double scale = std::sqrt(both.covariance[i * 5] * both.covariance[j * 5]);
      EXPECT_NEAR(both.covariance[i * 4 + j], within + between, 1e-10 * scale);
    }
  }
  const std::vector<Prediction> loo_a = each[0].leave_one_out(), loo_b = each[1].leave_one_out(),
                                loo = ensemble.leave_one_out();
  ASSERT_EQ(loo.size(), 14U);
  for (std::size_t i = 0; i < loo.size(); ++i) {
    const auto [mean, variance] =
        mixture(loo_a[i].mean, loo_a[i].sd * loo_a[i].sd, loo_b[i].mean, loo_b[i].sd * loo_b[i].sd);
    EXPECT_NEAR(loo[i].mean, mean, 1e-12 * std::max(1.0, std::abs(mean)));
    EXPECT_NEAR(loo[i].sd * loo[i].sd, variance, 1e-10 * variance);
  }
  EXPECT_EQ(ensemble.log_marginal_likelihood(), each[0].log_marginal_likelihood()) << "of the first";
}

TEST(GaussianProcess, EnsembleOfTheSameIsThatOne) {
  for (const OutputWarp warp : {OutputWarp::none, OutputWarp::log_above_median}) {
    const GaussianProcess one = example(warp, 3);
    State state = one.state();
    state.hyperparameters.assign(3, state.hyperparameters.front());
    const auto three = GaussianProcess::from_state(state);
    ASSERT_TRUE(three);
    ASSERT_EQ(three->posteriors().size(), 3U);
    EXPECT_EQ(three->incumbent().first, one.incumbent().first);
    Rng rng(8);
    for (int i = 0; i < 10; ++i) {
      const std::vector<double> at = random_point(one.space(), rng);
      const Prediction a = one.predict(at), b = three->predict(at);
      EXPECT_NEAR(a.mean, b.mean, 1e-12 * std::max(1.0, std::abs(a.mean)));
      EXPECT_NEAR(a.sd, b.sd, 1e-10 * a.sd);
    }
  }
}

TEST(GaussianProcess, EnsembleOfOneIsItsPosteriorInTheUnitsOfTheObservations) {
  const GaussianProcess process = example(OutputWarp::none, 4);
  ASSERT_EQ(process.posteriors().size(), 1U);
  Rng rng(9);
  const Points points = random_points(process.space(), 10, rng);
  const Posterior::Batch batch = process.posteriors().front().predict(points);
  const std::vector<Prediction> predictions = process.predict(points);
  for (std::size_t i = 0; i < 10; ++i) {
    const auto row = static_cast<Eigen::Index>(i);
    EXPECT_EQ(predictions[i].mean, process.transform().inverse(batch.means(row, 0)));
    EXPECT_NEAR(predictions[i].sd, std::sqrt(batch.variances(row)) * process.transform().scale(),
                1e-9 * predictions[i].sd);
  }
}

TEST(GaussianProcess, IncumbentOfAnEnsembleIsTheBestMeanOfAll) {
  // The index is that of the best mean of both, which may be neither's own.
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const GaussianProcess ensemble = example(OutputWarp::none, seed, 2);
    std::size_t best = 0;
    const std::vector<Prediction> all = ensemble.predict(ensemble.state().points);
    for (std::size_t i = 0; i < all.size(); ++i) {
      if (all[i].mean < all[best].mean) best = i;
    }
    EXPECT_EQ(ensemble.incumbent().first, best);
    EXPECT_EQ(ensemble.incumbent().second.mean, ensemble.predict(ensemble.state().points.row(best)).mean);
  }
}

}  // namespace
}  // namespace krige::gp
