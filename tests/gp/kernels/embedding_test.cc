#include "gp/kernels/embedding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/gp/support.h"

namespace krige::gp {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

InputSpace conditional_float() {
  return {{{DimensionKind::categorical, 2, {}, {}}, {DimensionKind::continuous, 0, {}, {{0, {1}}}}}};
}

TEST(Embedding, InactiveIsEquallyFarFromEveryActiveValue) {
  const Embedding embedding(conditional_float());
  const Inputs inputs = embedding.embed({2, {0, kNaN, 1, 0, 1, 0.3, 1, 0.5, 1, 1}});
  ASSERT_EQ(inputs.features.cols(), 2);
  for (Eigen::Index i = 1; i < inputs.size(); ++i) {
    EXPECT_NEAR((inputs.features.row(i) - inputs.features.row(0)).norm(), 2 / std::acos(-1.0), 1e-15);
    EXPECT_EQ(inputs.categories(i, 0), 1);
  }
  // Near values are as far apart as they differ: the arc has the length 1.
  const Inputs near = embedding.embed({2, {1, 0.7, 1, 0.701}});
  EXPECT_NEAR((near.features.row(0) - near.features.row(1)).norm(), 0.001, 1e-9);
}

TEST(Embedding, DerivativesAreThoseOfTheFeatures) {
  const InputSpace space = mixed_space();
  const Embedding embedding(space);
  const std::vector<double> point{0.2, 0.7, 0.25, 1, 0.4, 2.0 / 3, 0};
  Eigen::VectorXd derivatives(static_cast<Eigen::Index>(embedding.feature_dimensions().size()));
  embedding.derivatives(point, derivatives);
  for (std::size_t f = 0; f < embedding.feature_dimensions().size(); ++f) {
    const std::size_t d = embedding.feature_dimensions()[f];
    const auto feature = [&](std::span<const double> x) {
      return embedding.embed({7, {x.begin(), x.end()}}).features(0, static_cast<Eigen::Index>(f));
    };
    EXPECT_NEAR(derivatives(static_cast<Eigen::Index>(f)), numeric_gradient(feature, point, 1e-6)[d], 1e-9);
  }
}

TEST(Embedding, InactiveCategoryIsACategoryOfItsOwn) {
  const InputSpace space{{{DimensionKind::grid, 2, {}, {}}, {DimensionKind::categorical, 3, {}, {{0, {1}}}}}};
  const Inputs inputs = Embedding(space).embed({2, {0, kNaN, 1, 2}});
  EXPECT_EQ(inputs.categories(0, 0), -1);
  EXPECT_EQ(inputs.categories(1, 0), 2);
}

}  // namespace
}  // namespace krige::gp
