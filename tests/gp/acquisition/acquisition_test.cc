#include "gp/acquisition/acquisition.h"

#include <gtest/gtest.h>

#include <cmath>

#include "gp/acquisition/log_ei.h"
#include "tests/gp/support.h"

namespace krige::gp {
namespace {

using Eigen::Index;
using Eigen::VectorXd;

Result<Posterior> random_posterior(const InputSpace& space, std::size_t pending, Rng& rng) {
  const Points points = random_points(space, 10, rng);
  const VectorXd targets = VectorXd::NullaryExpr(10, [&] { return rng.normal(); });
  KRIGE_TRY(Posterior posterior, Posterior::make(space, points, targets, random_hyperparameters(space, rng)));
  if (pending == 0) return posterior;
  return posterior.with_pending(random_points(space, pending, rng), 5, rng);
}

class AcquisitionGradient : public testing::TestWithParam<int> {};

TEST_P(AcquisitionGradient, AgreesWithFiniteDifferences) {
  Rng rng(static_cast<std::uint64_t>(GetParam()));
  const InputSpace space = GetParam() % 3 == 0 ? continuous_space(5) : random_space(rng, 9);
  const auto posterior = random_posterior(space, static_cast<std::size_t>(GetParam() % 4), rng);
  ASSERT_TRUE(posterior);
  const Acquisition acquisition(*posterior);
  const std::vector<double> at = random_point(space, rng);
  const auto value = [&](std::span<const double> x) {
    return acquisition.evaluate({space.size(), {x.begin(), x.end()}})(0);
  };
  std::vector<double> expected = numeric_gradient(value, at, 1e-6);
  for (std::size_t d = 0; d < space.size(); ++d) {
    if (space.dimensions[d].kind == DimensionKind::categorical || std::isnan(at[d])) expected[d] = 0;
  }
  const Acquisition::Value found = acquisition.evaluate_with_gradient(at);
  EXPECT_NEAR(found.value, value(at), 1e-9 * std::max(1.0, std::abs(found.value)));
  expect_near(expected, {found.gradient.data(), space.size()}, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Spaces, AcquisitionGradient, testing::Range(0, 24));

TEST(Acquisition, AveragesTheImprovementOverFantasies) {
  Rng rng(5);
  const InputSpace space = continuous_space(6);
  const auto posterior = random_posterior(space, 3, rng);
  ASSERT_TRUE(posterior);
  const Points points = random_points(space, 20, rng);
  const Posterior::Batch batch = posterior->predict(points);
  const VectorXd values = Acquisition(*posterior).evaluate(points);
  int compared = 0;
  for (Index i = 0; i < 20; ++i) {
    double mean = 0;
    for (Index j = 0; j < 5; ++j) {
      const double sd = std::sqrt(batch.variances(i));
      mean += std::exp(log_ei(batch.means(i, j), sd, posterior->incumbents()(j)).value) / 5;
    }
    if (mean < 1e-200) continue;  // the logarithm is there for these
    EXPECT_NEAR(values(i), std::log(mean), 1e-10);
    ++compared;
  }
  EXPECT_GE(compared, 5);
}

}  // namespace
}  // namespace krige::gp
