#include "trainer/models/loss.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace krige::trainer {
namespace {

TEST(Loss, AreTheTextbooks) {
  const float z[] = {2, -1};
  const float binary[] = {1, 1};
  EXPECT_NEAR(loss_sum<float>({LossKind::logistic}, z, binary).loss,
              std::log1p(std::exp(-2.0)) + std::log1p(std::exp(1.0)), 1e-12);
  EXPECT_EQ(loss_sum<float>({LossKind::logistic}, z, binary).score, 1);
  const float targets[] = {0.5F, 1};
  EXPECT_DOUBLE_EQ(loss_sum<float>({LossKind::squared}, z, targets).loss, (1.5 * 1.5 + 2.0 * 2.0) / 2);
  EXPECT_DOUBLE_EQ(loss_sum<float>({LossKind::squared}, z, targets).score, 1.5 * 1.5 + 2.0 * 2.0);
  const float scores[] = {1, 2, 3};
  const float second[] = {1};
  const double total = std::exp(1.0) + std::exp(2.0) + std::exp(3.0);
  EXPECT_NEAR(loss_sum<float>({LossKind::cross_entropy}, scores, second).loss, std::log(total) - 2, 1e-12);
  EXPECT_EQ(loss_sum<float>({LossKind::cross_entropy}, scores, second).score, 0);
}

TEST(Loss, StayFiniteAtTheEnds) {
  float far[] = {1e30F, -1e30F};
  const float wrong[] = {0, 1};
  EXPECT_TRUE(std::isfinite(loss_sum<float>({LossKind::logistic}, far, wrong).loss));
  loss_gradient<float>({LossKind::logistic}, far, wrong);
  EXPECT_EQ(far[0], 1);
  EXPECT_EQ(far[1], -1);
  float apart[] = {1000, -1000, 0};
  const float last[] = {2};
  EXPECT_DOUBLE_EQ(loss_sum<float>({LossKind::cross_entropy}, apart, last).loss, 1000);
  loss_gradient<float>({LossKind::cross_entropy}, apart, last);
  EXPECT_EQ(apart[0], 1);
  EXPECT_NEAR(apart[1], 0, 1e-30);  // Eigen's exponential saturates
  EXPECT_EQ(apart[2], -1);
}

TEST(Loss, HuberIsSquaredUpToDeltaAndLinearBeyond) {
  const Loss huber{LossKind::huber, 0.5F};
  double z[] = {0.25, 3, -3};
  const float targets[] = {0, 1, 1};
  EXPECT_DOUBLE_EQ(loss_sum<double>(huber, z, targets).loss, 0.25 * 0.25 / 2 + 0.5 * (2 - 0.25) + 0.5 * (4 - 0.25));
  EXPECT_DOUBLE_EQ(loss_sum<double>(huber, z, targets).score, 0.0625 + 4 + 16);
  loss_gradient<double>(huber, z, targets);
  EXPECT_DOUBLE_EQ(z[0], 0.25);
  EXPECT_DOUBLE_EQ(z[1], 0.5);
  EXPECT_DOUBLE_EQ(z[2], -0.5);
}

TEST(Loss, WhatIsNotANumberIsWrong) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float z[] = {nan, nan};
  const float binary[] = {0, 1};
  const float first[] = {0};
  for (const auto& sum :
       {loss_sum<float>({LossKind::logistic}, z, binary), loss_sum<float>({LossKind::cross_entropy}, z, first)}) {
    EXPECT_TRUE(std::isnan(sum.loss));
    EXPECT_EQ(sum.score, 0);
  }
  EXPECT_TRUE(std::isnan(loss_sum<float>({LossKind::squared}, z, binary).score));
}

}  // namespace
}  // namespace krige::trainer
