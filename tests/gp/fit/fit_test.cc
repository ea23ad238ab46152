#include "gp/fit/fit.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "gp/fit/log_posterior.h"
#include "gp/fit/prior.h"
#include "gp/posterior.h"
#include "tests/gp/support.h"

namespace krige::gp {
namespace {

double smooth(std::span<const double> x) { return std::sin(5 * x[0]) + (x[1] - 0.3) * (x[1] - 0.3); }

struct Data {
  Points points;
  std::vector<double> observations;
};

Data sampled(std::size_t dims, std::size_t count, double noise, std::uint64_t seed) {
  Rng rng(seed);
  Data data{random_points(continuous_space(dims), count, rng), {}};
  for (std::size_t i = 0; i < count; ++i)
    data.observations.push_back(smooth(data.points.row(i)) + noise * rng.normal());
  return data;
}

TEST(Fit, PredictsASmoothFunction) {
  const Data data = sampled(2, 40, 0, 1);
  Rng rng(2);
  const auto fitted = fit(continuous_space(2), data.points, data.observations, {}, rng);
  ASSERT_TRUE(fitted);
  EXPECT_GT(fitted->report.evaluations, 10);
  EXPECT_TRUE(std::isfinite(fitted->report.log_posterior));
  for (int i = 0; i < 50; ++i) {
    const std::vector<double> x{rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9)};
    EXPECT_NEAR(fitted->process.predict(x).mean, smooth(x), 0.05);
  }
}

TEST(Fit, LearnsTheNoise) {
  const Data noisy = sampled(2, 80, 0.3, 3), exact = sampled(2, 80, 0, 3);
  FitOptions options;
  options.warp = OutputWarp::none;
  Rng rng(4);
  const auto fitted = fit(continuous_space(2), noisy.points, noisy.observations, options, rng);
  ASSERT_TRUE(fitted);
  const double sd =
      std::exp(0.5 * fitted->process.state().hyperparameters.front().log_noise) * fitted->process.transform().scale();
  EXPECT_NEAR(sd, 0.3, 0.08);
  const auto without = fit(continuous_space(2), exact.points, exact.observations, options, rng);
  ASSERT_TRUE(without);
  EXPECT_LT(without->process.state().hyperparameters.front().log_noise, std::log(1e-4));
}

TEST(Fit, FindsTheDimensionsThatMatter) {
  // Two of five inputs do something.
  const Data data = sampled(5, 60, 0.01, 5);
  Rng rng(6);
  const auto fitted = fit(continuous_space(5), data.points, data.observations, {}, rng);
  ASSERT_TRUE(fitted);
  // How far the prediction moves with each dimension, the others at random.
  std::vector<double> moves(5, 0);
  for (int i = 0; i < 50; ++i) {
    std::vector<double> x;
    for (int d = 0; d < 5; ++d) x.push_back(rng.uniform());
    for (std::size_t d = 0; d < 5; ++d) {
      std::vector<double> low = x, high = x;
      low[d] = 0.25;
      high[d] = 0.75;
      moves[d] += std::abs(fitted->process.predict(high).mean - fitted->process.predict(low).mean) / 50;
    }
  }
  for (std::size_t d = 2; d < 5; ++d) {
    EXPECT_LT(moves[d], 0.2 * moves[0]);
    EXPECT_LT(moves[d], 0.2 * moves[1]);
  }
}

TEST(Fit, SameSeedSameBits) {
  const Data data = sampled(3, 25, 0.1, 7);
  Rng a(8), b(8);
  const auto first = fit(continuous_space(3), data.points, data.observations, {}, a);
  const auto second = fit(continuous_space(3), data.points, data.observations, {}, b);
  ASSERT_TRUE(first && second);
  EXPECT_EQ(first->process.state().hyperparameters, second->process.state().hyperparameters);
  EXPECT_EQ(a.state(), b.state());
}

TEST(Fit, PreviousOptimumIsAStart) {
  const Data data = sampled(3, 25, 0.1, 9);
  Rng rng(1);
  const auto first = fit(continuous_space(3), data.points, data.observations, {}, rng);
  ASSERT_TRUE(first);
  FitOptions options;
  options.previous = first->process.state().hyperparameters.front();
  options.random_starts = 0;
  const auto second = fit(continuous_space(3), data.points, data.observations, options, rng);
  ASSERT_TRUE(second);
  EXPECT_GE(second->report.log_posterior, first->report.log_posterior - 1e-6);
  // One of another space, or one that is broken, is passed over.
  options.previous->log_lengthscales.push_back(0);
  EXPECT_TRUE(fit(continuous_space(3), data.points, data.observations, options, rng));
  options.previous->log_lengthscales = {0, std::nan(""), 0};
  EXPECT_TRUE(fit(continuous_space(3), data.points, data.observations, options, rng));
}

TEST(Fit, LearnsFromAPartOfManyPointsAndPredictsFromAll) {
  const Data data = sampled(2, 120, 0, 10);
  FitOptions options;
  options.max_points = 30;
  Rng rng(2);
  const auto fitted = fit(continuous_space(2), data.points, data.observations, options, rng);
  ASSERT_TRUE(fitted);
  for (std::size_t i = 0; i < 120; ++i) {
    EXPECT_NEAR(fitted->process.predict(data.points.row(i)).mean, data.observations[i], 0.02);
  }
}

TEST(Fit, RefusesInvalidInput) {
  Rng rng(1);
  const InputSpace space = continuous_space(2);
  const Points points{2, {0.1, 0.2, 0.3, 0.4}};
  const std::vector<double> observations{1, 2};
  const auto field = [&](const InputSpace& s, const Points& p, const std::vector<double>& y) {
    const auto fitted = fit(s, p, y, {}, rng);
    return fitted ? "none" : fitted.error().field;
  };
  EXPECT_EQ(field(space, points, observations), "none");
  EXPECT_EQ(field(space, points, {1}), "observations");
  EXPECT_EQ(field(space, {2, {}}, {}), "observations");
  EXPECT_EQ(field(space, points, {1, std::nan("")}), "observations[1]");
  EXPECT_EQ(field(space, points, {HUGE_VAL, 1}), "observations[0]");
  EXPECT_EQ(field(space, {2, {0.1, std::nan(""), 0.3, 0.4}}, observations), "points[0]");
  EXPECT_EQ(field(continuous_space(3), points, observations), "points");
  EXPECT_EQ(field({}, points, observations), "dimensions");
}

TEST(Fit, DefaultHyperparametersAreThePriorsCentre) {
  for (const std::size_t dims : {1, 2, 7}) {
    const InputSpace space = continuous_space(dims);
    const Hyperparameters hyperparameters = default_hyperparameters(space);
    EXPECT_EQ(to_theta(hyperparameters), default_prior(space).mean);
    EXPECT_EQ(hyperparameters.log_main_lengthscales.size(), dims > 1 ? dims : 0);
    EXPECT_EQ(hyperparameters.mean, 0);
  }
}

TEST(Fit, DrawsAreDistinctAndWithinTheBounds) {
  const Data data = sampled(3, 20, 0.1, 11);
  const InputSpace space = continuous_space(3);
  FitOptions options;
  options.draws = 8;
  Rng a(3), b(3), other(4);
  const auto learned = learn(space, data.points, data.observations, options, a);
  const auto again = learn(space, data.points, data.observations, options, b);
  const auto different = learn(space, data.points, data.observations, options, other);
  ASSERT_TRUE(learned && again && different);
  ASSERT_EQ(learned->hyperparameters.size(), 9U);
  EXPECT_EQ(learned->hyperparameters, again->hyperparameters);
  EXPECT_EQ(a.state(), b.state());
  EXPECT_NE(learned->hyperparameters.back(), different->hyperparameters.back());

  const HyperparameterPrior prior = default_prior(space);
  const OutputTransform transform(learned->warp, data.observations);
  Eigen::VectorXd targets(20);
  for (Eigen::Index i = 0; i < 20; ++i) targets(i) = transform.forward(data.observations[static_cast<std::size_t>(i)]);
  const LogPosterior posterior(space, data.points, targets, prior);
  const double highest = posterior.evaluate(to_theta(learned->hyperparameters[0]))->value;
  EXPECT_NEAR(highest, learned->report.log_posterior, 1e-9 * std::abs(highest));
  for (std::size_t i = 0; i < learned->hyperparameters.size(); ++i) {
    const Eigen::VectorXd theta = to_theta(learned->hyperparameters[i]);
    ASSERT_TRUE(theta.allFinite());
    EXPECT_TRUE((theta.array() >= prior.low.array()).all() && (theta.array() <= prior.high.array()).all());
    const auto value = posterior.evaluate(theta);
    ASSERT_TRUE(value);
    EXPECT_LE(value->value, highest + 1e-3) << "the first is the most probable";
    EXPECT_EQ(learned->hyperparameters[i].mean, value->mean);
    for (std::size_t j = 0; j < i; ++j) EXPECT_NE(learned->hyperparameters[i], learned->hyperparameters[j]);
  }

  options.draws = 0;
  Rng c(3);
  const auto without = learn(space, data.points, data.observations, options, c);
  ASSERT_TRUE(without);
  EXPECT_EQ(without->hyperparameters.size(), 1U);
  EXPECT_EQ(without->hyperparameters[0], learned->hyperparameters[0]) << "drawing comes after";
}

// One observation says nothing of the length-scales: what is drawn of them is the prior.
TEST(Fit, DrawsFollowThePriorWhereTheDataSayNothing) {
  const InputSpace space = continuous_space(2);
  FitOptions options;
  constexpr int kDraws = 3000;
  options.draws = kDraws;
  Rng rng(5);
  const auto learned = learn(space, {2, {0.3, 0.6}}, std::vector{1.5}, options, rng);
  ASSERT_TRUE(learned);
  const HyperparameterPrior prior = default_prior(space);
  for (Eigen::Index k = 0; k < 4; ++k) {  // both kinds of length-scales
    double sum = 0, squares = 0;
    for (std::size_t i = 1; i < learned->hyperparameters.size(); ++i) {
      const double z = (to_theta(learned->hyperparameters[i])(k) - prior.mean(k)) / prior.sd(k);
      sum += z / kDraws;
      squares += z * z / kDraws;
    }
    EXPECT_NEAR(sum, 0, 0.1);
    EXPECT_NEAR(squares, 1, 0.15);
  }
}

// θ of one dimension and one observation has three parameters, of which two matter: their posterior by quadrature.
TEST(Fit, DrawsFollowThePosterior) {
  const InputSpace space = continuous_space(1);
  const Points points{1, {0.2, 0.25, 0.9}};
  const std::vector<double> observations{0.0, 3.0, 1.0};
  FitOptions options;
  constexpr int kDraws = 3000;
  options.draws = kDraws;
  options.warp = OutputWarp::none;
  options.choose_warp = false;
  Rng rng(6);
  const auto learned = learn(space, points, observations, options, rng);
  ASSERT_TRUE(learned);
  const HyperparameterPrior prior = default_prior(space);
  const OutputTransform transform(OutputWarp::none, observations);
  Eigen::VectorXd targets(3);
  for (Eigen::Index i = 0; i < 3; ++i) targets(i) = transform.forward(observations[static_cast<std::size_t>(i)]);
  const LogPosterior posterior(space, points, targets, prior);
  constexpr int kSteps = 30;
  Eigen::Vector3d mean = Eigen::Vector3d::Zero();
  double total = 0;
  for (int i = 0; i < kSteps * kSteps * kSteps; ++i) {
    const Eigen::Vector3d at((i % kSteps + 0.5) / kSteps, (i / kSteps % kSteps + 0.5) / kSteps,
                             (i / kSteps / kSteps + 0.5) / kSteps);
    const Eigen::VectorXd low = prior.low.cwiseMax(prior.mean - 4 * prior.sd);
    const Eigen::VectorXd high = prior.high.cwiseMin(prior.mean + 4 * prior.sd);
    const Eigen::VectorXd theta = low + at.cwiseProduct(high - low);
    Eigen::VectorXd ignored = Eigen::VectorXd::Zero(3);
    const auto likelihood = posterior.log_likelihood(theta);
    if (!likelihood) continue;
    const double weight = std::exp(*likelihood + log_density(prior, theta, ignored));
    total += weight;
    mean += weight * theta;
  }
  mean /= total;
  Eigen::Vector3d drawn = Eigen::Vector3d::Zero();
  for (std::size_t i = 1; i < learned->hyperparameters.size(); ++i) {
    drawn += to_theta(learned->hyperparameters[i]) / kDraws;
  }
  for (Eigen::Index k = 0; k < 3; ++k) EXPECT_NEAR(drawn(k), mean(k), 0.12 * prior.sd(k)) << "parameter " << k;
  EXPECT_GT(std::abs(mean(2) - prior.mean(2)), 0.3 * prior.sd(2)) << "the data do say something of the noise";
}

TEST(Fit, DrawsMakeAnEnsemble) {
  const Data data = sampled(2, 30, 0.05, 12);
  FitOptions options;
  options.draws = 3;
  Rng rng(7);
  const auto fitted = fit(continuous_space(2), data.points, data.observations, options, rng);
  ASSERT_TRUE(fitted);
  EXPECT_EQ(fitted->process.state().hyperparameters.size(), 4U);
  EXPECT_EQ(fitted->process.posteriors().size(), 4U);
  for (int i = 0; i < 20; ++i) {
    const std::vector<double> x{rng.uniform(0.1, 0.9), rng.uniform(0.1, 0.9)};
    EXPECT_NEAR(fitted->process.predict(x).mean, smooth(x), 0.2);
  }
}

TEST(Fit, ChoosesTheWarpUnlessItIsGiven) {
  const InputSpace space = continuous_space(2);
  Rng source(13);
  const Points points = random_points(space, 40, source);
  std::vector<double> skewed;
  for (std::size_t i = 0; i < 40; ++i) skewed.push_back(std::exp(4 * smooth(points.row(i))));
  FitOptions options;
  options.warp = OutputWarp::none;
  Rng rng(1);
  auto learned = learn(space, points, skewed, options, rng);
  ASSERT_TRUE(learned);
  EXPECT_EQ(learned->warp, OutputWarp::log_above_median);
  options.choose_warp = false;
  learned = learn(space, points, skewed, options, rng);
  ASSERT_TRUE(learned);
  EXPECT_EQ(learned->warp, OutputWarp::none);
}

TEST(Fit, PreviousWithoutMainEffectsIsPassedOver) {
  const Data data = sampled(2, 15, 0.1, 14);
  FitOptions options;
  options.previous.emplace().log_lengthscales = {0, 0};
  Rng a(1), b(1);
  const auto with = learn(continuous_space(2), data.points, data.observations, options, a);
  const auto without = learn(continuous_space(2), data.points, data.observations, {}, b);
  ASSERT_TRUE(with && without);
  EXPECT_EQ(with->hyperparameters, without->hyperparameters);
}

}  // namespace
}  // namespace krige::gp
