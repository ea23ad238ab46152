#include "gp/kernels/mixed_kernel.h"

#include <gtest/gtest.h>

#include <Eigen/Eigenvalues>
#include <cmath>
#include <ostream>
#include <string>

#include "gp/fit/prior.h"
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
  for (int i = 0; i < 4; ++i) out.push_back({"deep" + std::to_string(i), deep_space(rng, 5)});
  return out;
}

double matern(double r) { return (1 + std::sqrt(5) * r + 5 * r * r / 3) * std::exp(-std::sqrt(5) * r); }

class MixedKernelGradients : public testing::TestWithParam<Case> {};

// Of all parameters: θ as in fit/prior.h, less the noise.
TEST_P(MixedKernelGradients, ByParameters) {
  const InputSpace& space = GetParam().space;
  Rng rng(3);
  MixedKernel kernel(space);
  const Inputs inputs = kernel.embedding().embed(random_points(space, 9, rng));
  MatrixXd weight = MatrixXd::NullaryExpr(9, 9, [&] { return rng.normal(); });
  weight = (weight + weight.transpose()).eval();
  Hyperparameters hyperparameters = random_hyperparameters(space, rng);
  for (const bool main_effects : {true, false}) {
    if (!main_effects) hyperparameters.log_main_lengthscales.clear();
    const VectorXd theta = to_theta(hyperparameters);
    const auto weighted_sum = [&](std::span<const double> x) {
      kernel.set(from_theta(x, space.size(), 0));
      return weight.cwiseProduct(kernel.gram(kernel.scale(inputs))).sum();
    };
    std::vector<double> expected =
        numeric_gradient(weighted_sum, {theta.data(), static_cast<std::size_t>(theta.size())}, 1e-5);
    expected.pop_back();
    kernel.set(hyperparameters);
    const MixedKernel::Gradient gradient = kernel.gradient(kernel.scale(inputs), weight);
    std::vector<double> found(gradient.lengthscales.begin(), gradient.lengthscales.end());
    if (!hyperparameters.log_main_lengthscales.empty()) {
      found.insert(found.end(), gradient.main_lengthscales.begin(), gradient.main_lengthscales.end());
    }
    found.push_back(gradient.signal);
    if (!hyperparameters.log_main_lengthscales.empty()) {
      found.push_back(gradient.main_signal);
    } else {
      EXPECT_EQ(gradient.main_signal, 0);
    }
    expect_near(expected, found, 1e-7);
  }
}

TEST_P(MixedKernelGradients, ByTheInput) {
  const InputSpace& space = GetParam().space;
  Rng rng(4);
  MixedKernel kernel(space);
  kernel.set(random_hyperparameters(space, rng));
  const Inputs data = kernel.scale(kernel.embedding().embed(random_points(space, 6, rng)));
  const auto embed = [&](std::span<const double> x) {
    return kernel.scale(kernel.embedding().embed({space.size(), {x.begin(), x.end()}}));
  };
  const std::vector<double> at = random_point(space, rng);
  const MixedKernel::Column column = kernel.column(data, embed(at));
  expect_near(std::span(column.value.data(), 6), std::span(MatrixXd(kernel.cross(data, embed(at))).data(), 6), 1e-14);
  for (Index i = 0; i < 6; ++i) {
    const auto covariance = [&](std::span<const double> x) { return kernel.cross(data, embed(x))(i, 0); };
    std::vector<double> expected = numeric_gradient(covariance, at, 1e-6);
    for (std::size_t d = 0; d < space.size(); ++d) {
      if (space.dimensions[d].kind == DimensionKind::categorical || std::isnan(at[d])) expected[d] = 0;
    }
    const VectorXd gradient = kernel.to_dimensions(at, column.by_feature.row(i).transpose());
    expect_near(expected, {gradient.data(), space.size()}, 1e-7);
  }
}

// At a point of the data the kernel has its maximum, and no kink.
TEST_P(MixedKernelGradients, VanishAtTheSamePoint) {
  const InputSpace& space = GetParam().space;
  Rng rng(6);
  MixedKernel kernel(space);
  kernel.set(random_hyperparameters(space, rng));
  const std::vector<double> at = random_point(space, rng);
  const Inputs input = kernel.scale(kernel.embedding().embed({space.size(), at}));
  const MixedKernel::Column column = kernel.column(input, input);
  EXPECT_NEAR(column.value(0), kernel.variance(), 1e-14 * kernel.variance());
  EXPECT_EQ(column.by_feature.norm(), 0);
}

TEST_P(MixedKernelGradients, BySeveralFeaturesAtOnce) {
  // The directional derivative by the scaled features themselves: two of a conditional dimension, one of another.
  const InputSpace& space = GetParam().space;
  Rng rng(8);
  MixedKernel kernel(space);
  kernel.set(random_hyperparameters(space, rng));
  const Inputs data = kernel.scale(kernel.embedding().embed(random_points(space, 5, rng)));
  Inputs at = kernel.scale(kernel.embedding().embed({space.size(), random_point(space, rng)}));
  if (at.features.cols() == 0) return;
  // Away from the data, where inactive features coincide and the second derivative of the kernel is large.
  at.features.array() += 0.05;
  const MatrixXd direction = MatrixXd::NullaryExpr(1, at.features.cols(), [&] { return rng.normal(); });
  constexpr double kStep = 1e-6;
  Inputs above = at, below = at;
  above.features += kStep * direction;
  below.features -= kStep * direction;
  const VectorXd expected = (kernel.cross(data, above) - kernel.cross(data, below)).col(0) / (2 * kStep);
  const VectorXd found = kernel.column(data, at).by_feature * direction.transpose();
  expect_near({expected.data(), 5}, {found.data(), 5}, 1e-7);
}

TEST_P(MixedKernelGradients, GramIsTheCrossWithItself) {
  const InputSpace& space = GetParam().space;
  Rng rng(5);
  MixedKernel kernel(space);
  kernel.set(random_hyperparameters(space, rng));
  for (const std::size_t n : {1, 2, 7, 8, 9, 17}) {  // around the width of the vector registers
    const Inputs inputs = kernel.scale(kernel.embedding().embed(random_points(space, n, rng)));
    const MatrixXd gram = kernel.gram(inputs), cross = kernel.cross(inputs, inputs);
    EXPECT_LT((gram - cross).cwiseAbs().maxCoeff(), 1e-14 * kernel.variance());
    EXPECT_EQ(gram, gram.transpose());
    EXPECT_LT((gram.diagonal().array() - kernel.variance()).abs().maxCoeff(), 1e-14 * kernel.variance());
  }
}

INSTANTIATE_TEST_SUITE_P(Spaces, MixedKernelGradients, testing::ValuesIn(cases()),
                         [](const auto& one) { return one.param.name; });

TEST(MixedKernel, IsPositiveSemiDefiniteOnConditionalSpaces) {
  Rng rng(5);
  constexpr Index kPoints = 18;
  for (int i = 0; i < 1000; ++i) {
    const InputSpace space = i % 2 == 0 ? random_space(rng, 14) : deep_space(rng, 2 + rng.below(7));
    MixedKernel kernel(space);
    kernel.set(random_hyperparameters(space, rng));
    const Inputs inputs = kernel.scale(kernel.embedding().embed(random_points(space, kPoints, rng)));
    const Eigen::SelfAdjointEigenSolver<MatrixXd> solver(kernel.gram(inputs), Eigen::EigenvaluesOnly);
    ASSERT_EQ(solver.info(), Eigen::Success);
    ASSERT_GE(solver.eigenvalues().minCoeff(), -1e-10 * kPoints * kernel.variance()) << "space " << i;
  }
}

TEST(MixedKernel, ValuesOfTheFormulas) {
  const InputSpace space{{{DimensionKind::continuous, 0, {}, {}}, {DimensionKind::categorical, 2, {}, {}}}};
  MixedKernel kernel(space);
  Hyperparameters hyperparameters;
  hyperparameters.log_lengthscales = {std::log(0.5), std::log(2.0)};
  hyperparameters.log_signal = std::log(3.0);
  kernel.set(hyperparameters);
  const auto embed = [&](const std::vector<double>& rows) { return kernel.scale(kernel.embedding().embed({2, rows})); };
  const double product = 3 * matern(0.3 / 0.5);
  const MatrixXd without = kernel.cross(embed({0.1, 0}), embed({0.4, 0, 0.4, 1}));
  EXPECT_NEAR(without(0, 0), product, 1e-14);
  EXPECT_NEAR(without(0, 1), product * std::exp(-0.5), 1e-14);
  EXPECT_NEAR(kernel.variance(), 3, 1e-14);

  hyperparameters.log_main_lengthscales = {std::log(0.2), std::log(0.7)};
  hyperparameters.log_main_signal = std::log(5.0);
  kernel.set(hyperparameters);
  const MatrixXd with = kernel.cross(embed({0.1, 0}), embed({0.4, 0, 0.4, 1}));
  EXPECT_NEAR(with(0, 0), product + 2.5 * (matern(0.3 / 0.2) + 1), 1e-14);
  EXPECT_NEAR(with(0, 1), product * std::exp(-0.5) + 2.5 * (matern(0.3 / 0.2) + std::exp(-1 / 0.7)), 1e-14);
  EXPECT_NEAR(kernel.variance(), 8, 1e-14);
}

TEST(MixedKernel, MainEffectIsTheKernelOfItsDimensionAlone) {
  // Of a conditional dimension too: on the arc, whose chords are the distances.
  const InputSpace space = mixed_space();
  Rng rng(2);
  Hyperparameters hyperparameters = random_hyperparameters(space, rng);
  hyperparameters.log_signal = -745;  // the interaction is gone
  hyperparameters.log_main_signal = std::log(7.0);
  MixedKernel kernel(space);
  kernel.set(hyperparameters);
  const Points points = random_points(space, 12, rng);
  const MatrixXd gram = kernel.gram(kernel.scale(kernel.embedding().embed(points)));
  const double radius = 2 / std::acos(-1.0);
  for (std::size_t i = 0; i < points.size(); ++i) {
    for (std::size_t j = 0; j < points.size(); ++j) {
      double sum = 0;
      for (std::size_t d = 0; d < space.size(); ++d) {
        const double a = points.row(i)[d], b = points.row(j)[d];
        const double lengthscale = std::exp(hyperparameters.log_main_lengthscales[d]);
        const bool one_active = std::isnan(a) != std::isnan(b), none_active = std::isnan(a) && std::isnan(b);
        if (space.dimensions[d].kind == DimensionKind::categorical) {
          sum += none_active || a == b ? 1 : std::exp(-1 / lengthscale);
        } else if (one_active || none_active) {
          sum += none_active ? 1 : matern(radius / lengthscale);
        } else {
          const bool conditional = !space.dimensions[d].when.empty();
          const double distance = conditional ? 2 * radius * std::sin(std::abs(a - b) / radius / 2) : std::abs(a - b);
          sum += matern(distance / lengthscale);
        }
      }
      EXPECT_NEAR(gram(static_cast<Index>(i), static_cast<Index>(j)), sum, 1e-13);
    }
  }
}

TEST(MixedKernel, WithoutMainSignalIsTheProduct) {
  Rng rng(9);
  for (int i = 0; i < 20; ++i) {
    const InputSpace space = i % 2 == 0 ? random_space(rng, 9) : deep_space(rng, 4);
    Hyperparameters hyperparameters = random_hyperparameters(space, rng);
    hyperparameters.log_main_signal = std::log(1e-15);
    MixedKernel with(space), without(space);
    with.set(hyperparameters);
    hyperparameters.log_main_lengthscales.clear();
    without.set(hyperparameters);
    const Inputs inputs = with.embedding().embed(random_points(space, 8, rng));
    EXPECT_LT((with.gram(with.scale(inputs)) - without.gram(without.scale(inputs))).cwiseAbs().maxCoeff(), 1e-14);
  }
}

}  // namespace
}  // namespace krige::gp
