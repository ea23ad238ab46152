#include "gp/kernels/mixed_kernel.h"

#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <cmath>
#include <ostream>
#include <string>

#include "tests/gp/support.h"

namespace krige::gp {
namespace {

using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

struct Case {
  std::string name;
  InputSpace space;
};

std::ostream& operator<<(std::ostream& out, const Case& value) { return out << value.name; }

std::vector<Case> cases() {
  std::vector<Case> out{
      {"one", continuous_space(1)},
      {"five", continuous_space(5)},
      {"mixed", mixed_space()},
      {"categories", {{{DimensionKind::categorical, 3, {}, {}}, {DimensionKind::categorical, 4, {}, {}}}}}};
  Rng rng(17);
  for (int i = 0; i < 12; ++i) out.push_back({"random" + std::to_string(i), random_space(rng, 10)});
  return out;
}

class MixedKernelGradients : public testing::TestWithParam<Case> {};

TEST_P(MixedKernelGradients, ByLengthscales) {
  const InputSpace& space = GetParam().space;
  Rng rng(3);
  MixedKernel kernel(space);
  const Inputs inputs = kernel.embedding().embed(random_points(space, 9, rng));
  MatrixXd weight = MatrixXd::NullaryExpr(9, 9, [&] { return rng.normal(); });
  weight = (weight + weight.transpose()).eval();
  const std::vector<double> at = random_hyperparameters(space, rng).log_lengthscales;
  const auto weighted_sum = [&](std::span<const double> log_lengthscales) {
    kernel.set_log_lengthscales(log_lengthscales);
    return weight.cwiseProduct(kernel.gram(kernel.scale(inputs)).value).sum();
  };
  const std::vector<double> expected = numeric_gradient(weighted_sum, at, 1e-5);
  kernel.set_log_lengthscales(at);
  const Inputs scaled = kernel.scale(inputs);
  const VectorXd gradient = kernel.lengthscale_gradient(scaled, kernel.gram(scaled), weight);
  expect_near(expected, {gradient.data(), space.size()}, 1e-7);
}

TEST_P(MixedKernelGradients, ByTheInput) {
  const InputSpace& space = GetParam().space;
  Rng rng(4);
  MixedKernel kernel(space);
  kernel.set_log_lengthscales(random_hyperparameters(space, rng).log_lengthscales);
  const Inputs data = kernel.scale(kernel.embedding().embed(random_points(space, 6, rng)));
  const auto embed = [&](std::span<const double> x) {
    return kernel.scale(kernel.embedding().embed({space.size(), {x.begin(), x.end()}}));
  };
  const std::vector<double> at = random_point(space, rng);
  const MixedKernel::Column column = kernel.column(data, embed(at));
  expect_near(std::span(column.value.data(), 6), std::span(MatrixXd(kernel.cross(data, embed(at))).data(), 6), 1e-15);
  for (Index i = 0; i < 6; ++i) {
    const auto correlation = [&](std::span<const double> x) { return kernel.cross(data, embed(x))(i, 0); };
    std::vector<double> expected = numeric_gradient(correlation, at, 1e-6);
    for (std::size_t d = 0; d < space.size(); ++d) {
      if (space.dimensions[d].kind == DimensionKind::categorical || std::isnan(at[d])) expected[d] = 0;
    }
    const VectorXd gradient = kernel.to_dimensions(at, column.by_feature.row(i).transpose());
    expect_near(expected, {gradient.data(), space.size()}, 1e-7);
  }
}

INSTANTIATE_TEST_SUITE_P(Spaces, MixedKernelGradients, testing::ValuesIn(cases()),
                         [](const auto& one) { return one.param.name; });

TEST(MixedKernel, IsPositiveSemiDefiniteOnConditionalSpaces) {
  Rng rng(5);
  for (int i = 0; i < 300; ++i) {
    const InputSpace space = random_space(rng, 14);
    MixedKernel kernel(space);
    kernel.set_log_lengthscales(random_hyperparameters(space, rng).log_lengthscales);
    const Inputs inputs = kernel.scale(kernel.embedding().embed(random_points(space, 30, rng)));
    const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(kernel.gram(inputs).value, Eigen::EigenvaluesOnly);
    ASSERT_EQ(solver.info(), Eigen::Success);
    ASSERT_GE(solver.eigenvalues().minCoeff(), -1e-10 * 30) << "space " << i;
  }
}

TEST(MixedKernel, ValuesOfTheFormulas) {
  const InputSpace space{{{DimensionKind::continuous, 0, {}, {}}, {DimensionKind::categorical, 2, {}, {}}}};
  MixedKernel kernel(space);
  kernel.set_log_lengthscales(std::vector<double>{std::log(0.5), std::log(2.0)});
  const Inputs a = kernel.scale(kernel.embedding().embed({2, {0.1, 0}}));
  const Inputs b = kernel.scale(kernel.embedding().embed({2, {0.4, 0, 0.4, 1}}));
  const double r = 0.3 / 0.5;
  const double matern = (1 + std::sqrt(5) * r + 5 * r * r / 3) * std::exp(-std::sqrt(5) * r);
  EXPECT_NEAR(kernel.cross(a, b)(0, 0), matern, 1e-15);
  EXPECT_NEAR(kernel.cross(a, b)(0, 1), matern * std::exp(-0.5), 1e-15);
  EXPECT_EQ(kernel.gram(b).value(0, 0), 1);
}

}  // namespace
}  // namespace krige::gp
