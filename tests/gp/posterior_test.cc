#include "gp/posterior.h"

#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <stdexcept>

#include "tests/gp/support.h"

namespace krige::gp {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

VectorXd to_eigen(const std::vector<double>& values) {
  return Eigen::Map<const VectorXd>(values.data(), static_cast<Index>(values.size()));
}

Points to_points(const nlohmann::json& rows) {
  Points points{rows.at(0).size(), {}};
  for (const auto& row : rows) points.append(row.get<std::vector<double>>());
  return points;
}

Hyperparameters to_hyperparameters(const nlohmann::json& golden) {
  Hyperparameters out;
  for (const double lengthscale : golden.at("lengthscales")) out.log_lengthscales.push_back(std::log(lengthscale));
  out.log_signal = std::log(golden.at("signal").get<double>());
  out.log_noise = std::log(golden.at("noise").get<double>());
  out.mean = golden.at("mean").get<double>();
  return out;
}

nlohmann::json golden_cases() {
  std::ifstream file(KRIGE_SOURCE_DIR "/tests/golden/gp/scikit_learn.json");
  return nlohmann::json::parse(file).at("cases");
}

TEST(Posterior, AgreesWithScikitLearn) {
  const nlohmann::json golden = golden_cases();
  ASSERT_EQ(golden.size(), 5U);
  for (const auto& one : golden) {
    const Points points = to_points(one.at("points"));
    const InputSpace space = continuous_space(points.dims);
    const auto targets = one.at("targets").get<std::vector<double>>();
    const auto posterior = Posterior::make(space, points, to_eigen(targets), to_hyperparameters(one));
    ASSERT_TRUE(posterior);
    EXPECT_EQ(posterior->jitter_level(), 0);
    EXPECT_NEAR(posterior->log_marginal_likelihood(), one.at("log_marginal_likelihood").get<double>(), 1e-8);

    const Points queries = to_points(one.at("queries"));
    const auto means = one.at("posterior_means").get<std::vector<double>>();
    const Posterior::Batch batch = posterior->predict(queries);
    const Posterior::Joint joint = posterior->predict_jointly(queries);
    for (std::size_t i = 0; i < means.size(); ++i) {
      const auto row = static_cast<Index>(i);
      EXPECT_NEAR(batch.means(row, 0), means[i], 1e-8);
      EXPECT_NEAR(joint.means(row, 0), means[i], 1e-8);
      for (std::size_t j = 0; j < means.size(); ++j) {
        EXPECT_NEAR(joint.covariance(row, static_cast<Index>(j)), one.at("posterior_covariance")[i][j].get<double>(),
                    1e-8);
      }
      EXPECT_NEAR(batch.variances(row), one.at("posterior_covariance")[i][i].get<double>(), 1e-8);
    }
  }
}

struct Setting {
  InputSpace space;
  Points points;
  VectorXd targets;
  Hyperparameters hyperparameters;
};

Setting random_setting(const InputSpace& space, Index n, std::uint64_t seed) {
  Rng rng(seed);
  Setting out{space, random_points(space, static_cast<std::size_t>(n), rng), VectorXd(n),
              random_hyperparameters(space, rng)};
  for (Index i = 0; i < n; ++i) out.targets(i) = rng.normal();
  return out;
}

Posterior make(const Setting& setting) {
  auto posterior = Posterior::make(setting.space, setting.points, setting.targets, setting.hyperparameters);
  if (!posterior) throw std::runtime_error(posterior.error().describe());
  return std::move(*posterior);
}

class PosteriorGradients : public testing::TestWithParam<int> {};

TEST_P(PosteriorGradients, AgreeWithFiniteDifferences) {
  Rng rng(static_cast<std::uint64_t>(GetParam()));
  const InputSpace space = GetParam() == 0   ? continuous_space(6)
                           : GetParam() == 1 ? mixed_space()
                                             : random_space(rng, 9);
  const Setting setting = random_setting(space, 12, 100 + static_cast<std::uint64_t>(GetParam()));
  auto conditioned = make(setting).with_pending(random_points(space, 3, rng), 4, rng);
  ASSERT_TRUE(conditioned);
  const std::vector<double> at = random_point(space, rng);
  const Posterior::Local local = conditioned->predict_with_gradient(at);
  const auto numeric = [&](auto&& pick) {
    std::vector<double> out = numeric_gradient(
        [&](std::span<const double> x) {
          return pick(conditioned->predict(Points{space.size(), {x.begin(), x.end()}}));
        },
        at, 1e-6);
    for (std::size_t d = 0; d < space.size(); ++d) {
      if (space.dimensions[d].kind == DimensionKind::categorical || std::isnan(at[d])) out[d] = 0;
    }
    return out;
  };
  for (Index j = 0; j < 4; ++j) {
    const VectorXd gradient = local.mean_gradients.col(j);
    expect_near(numeric([&](const Posterior::Batch& batch) { return batch.means(0, j); }),
                {gradient.data(), space.size()}, 2e-6);
  }
  expect_near(numeric([](const Posterior::Batch& batch) { return batch.variances(0); }),
              {local.variance_gradient.data(), space.size()}, 2e-6);
}

INSTANTIATE_TEST_SUITE_P(Spaces, PosteriorGradients, testing::Range(0, 20));

TEST(Posterior, LeaveOneOutIsTheRefitWithoutTheObservation) {
  const Setting all = random_setting(mixed_space(), 14, 7);
  const Posterior::LeaveOneOut loo = make(all).leave_one_out();
  for (Index i = 0; i < 14; ++i) {
    Setting rest = all;
    const auto at = static_cast<std::ptrdiff_t>(static_cast<std::size_t>(i) * all.space.size());
    rest.points.values.erase(rest.points.values.begin() + at, rest.points.values.begin() + at + 7);
    rest.targets = VectorXd(13);
    rest.targets << all.targets.head(i), all.targets.tail(13 - i);
    const auto left_out = all.points.row(static_cast<std::size_t>(i));
    const Posterior::Batch batch = make(rest).predict({7, {left_out.begin(), left_out.end()}});
    EXPECT_NEAR(loo.means(i), batch.means(0, 0), 1e-8);
    EXPECT_NEAR(loo.variances(i), batch.variances(0) + std::exp(all.hyperparameters.log_noise), 1e-8);
  }
}

TEST(Posterior, FantasiesAreJointDrawsOfThePendingResults) {
  const Setting setting = random_setting(mixed_space(), 10, 8);
  const Posterior before = make(setting);
  Rng rng(9);
  const Points pending = random_points(setting.space, 4, rng);
  constexpr Index kFantasies = 4000;
  const auto after = before.with_pending(pending, kFantasies, rng);
  ASSERT_TRUE(after);
  ASSERT_EQ(after->fantasies(), kFantasies);
  const Points queries = random_points(setting.space, 12, rng);

  // The variance is that of a process that has observed the pending points, whatever came out.
  Setting augmented = setting;
  for (std::size_t i = 0; i < pending.size(); ++i) augmented.points.append(pending.row(i));
  augmented.targets = VectorXd::Zero(14);
  const Posterior::Batch observed = make(augmented).predict(queries);
  const Posterior::Batch prior = before.predict(queries);
  const Posterior::Batch mixture = after->predict(queries);
  const VectorXd means = mixture.means.rowwise().mean();
  for (Index i = 0; i < 12; ++i) {
    EXPECT_NEAR(mixture.variances(i), observed.variances(i), 1e-9);
    EXPECT_NEAR(means(i), prior.means(i, 0), 1e-9) << "antithetic draws do not move the mean";
    // Law of total variance: what the fantasies no longer doubt, they differ in.
    const double spread = (mixture.means.row(i).array() - means(i)).square().mean();
    EXPECT_NEAR(spread + mixture.variances(i), prior.variances(i), 0.12 * prior.variances(i));
  }
}

TEST(Posterior, IncumbentIsTheBestMeanAtTheData) {
  Setting setting = random_setting(continuous_space(2), 15, 10);
  setting.hyperparameters.log_noise = -1;  // noisy: the best observation is not the best mean
  const Posterior posterior = make(setting);
  const Posterior::Batch batch = posterior.predict(setting.points);
  Index best = 0;
  EXPECT_NEAR(posterior.incumbents()(0), batch.means.col(0).minCoeff(&best), 1e-10);
  EXPECT_LT((posterior.observed_means() - batch.means.col(0)).cwiseAbs().maxCoeff(), 1e-10);
  Index observed = 0;
  posterior.observed_means().minCoeff(&observed);
  EXPECT_EQ(observed, best);
  EXPECT_GT(posterior.incumbents()(0), setting.targets.minCoeff());
}

TEST(Posterior, PendingPointThatWasObservedDoesNotBreakTheFactor) {
  Setting setting = random_setting(continuous_space(2), 8, 11);
  setting.hyperparameters.log_noise = std::log(1e-8);
  Rng rng(1);
  Points pending{2, {}};
  for (int i = 0; i < 3; ++i) pending.append(setting.points.row(0));
  const auto posterior = make(setting).with_pending(pending, 8, rng);
  ASSERT_TRUE(posterior);
  const Posterior::Batch batch = posterior->predict(setting.points);
  EXPECT_TRUE(batch.means.allFinite());
  for (Index i = 0; i < 8; ++i) EXPECT_NEAR(batch.means(i, 3), setting.targets(i), 1e-2);
}

}  // namespace
}  // namespace krige::gp
