#include "gp/cholesky.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "base/rng.h"

namespace krige::gp {
namespace {

using Eigen::MatrixXd;

MatrixXd random_of_rank(Eigen::Index n, Eigen::Index rank, std::uint64_t seed) {
  Rng rng(seed);
  const MatrixXd half = MatrixXd::NullaryExpr(n, rank, [&] { return rng.normal(); });
  return half * half.transpose();
}

TEST(Cholesky, OfARegularMatrixNeedsNoJitter) {
  const MatrixXd a = random_of_rank(20, 25, 1);
  const auto factor = safe_cholesky(a, a.diagonal().mean());
  ASSERT_TRUE(factor);
  EXPECT_EQ(factor->level, 0);
  EXPECT_EQ(factor->jitter, 0);
  EXPECT_LT((factor->lower * factor->lower.transpose() - a).norm(), 1e-12 * a.norm());
  EXPECT_EQ(factor->lower(0, 19), 0);
}

TEST(Cholesky, OfSingularMatricesIsThatOfTheJitteredOne) {
  for (const Eigen::Index rank : {1, 3, 19}) {
    const MatrixXd a = random_of_rank(20, rank, 2);
    const auto factor = safe_cholesky(a, a.diagonal().mean());
    ASSERT_TRUE(factor);
    EXPECT_GE(factor->level, 1);
    EXPECT_LE(factor->level, 3);
    MatrixXd jittered = a;
    jittered.diagonal().array() += factor->jitter;
    EXPECT_LT((factor->lower * factor->lower.transpose() - jittered).norm(), 1e-12 * a.norm());
  }
}

TEST(Cholesky, DoesNotTakeAPivotOfRounding) {
  // Two equal rows and columns: the last pivot is 0 up to rounding, of either sign.
  MatrixXd a = random_of_rank(6, 8, 3);
  a.col(5) = a.col(2);
  a.row(5) = a.row(2);
  a(5, 5) = a(2, 2);
  const auto factor = safe_cholesky(a, a.diagonal().mean());
  ASSERT_TRUE(factor);
  EXPECT_GE(factor->level, 1);
  EXPECT_GT(factor->lower.diagonal().minCoeff(), 1e-6);
}

TEST(Cholesky, RefusesWhatIsNoCovariance) {
  const auto indefinite = safe_cholesky(-MatrixXd::Identity(3, 3), 1);
  ASSERT_FALSE(indefinite);
  EXPECT_EQ(indefinite.error().code, ErrorCode::internal);
  MatrixXd a = MatrixXd::Identity(3, 3);
  a(2, 1) = std::numeric_limits<double>::quiet_NaN();
  const auto broken = safe_cholesky(a, 1);
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace krige::gp
