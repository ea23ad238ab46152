#include "trainer/optimizers/driver.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

namespace krige::trainer {
namespace {

// Σ c_i/2 (w_i − t_i)²: with l1 and l2 the optimum is S(c t, l1) / (c + l2) in each key that is penalized.
class DriverTest : public testing::TestWithParam<OptimizerKind> {
 protected:
  static constexpr std::array<double, 5> kCurvature{1, 0.5, 2, 1.5, 0.8};
  static constexpr std::array<double, 5> kTarget{3, -0.1, -2, 0.05, 1};

  DriverTest() {
    job_.mode = TrainMode::mapreduce;
    job_.optimizer = GetParam();
    job_.epochs = 500;
    job_.learning_rate = 0.4;
  }
  DriverCalls calls() {
    return {[this](std::span<const double> w, std::span<double> gradient) -> Result<double> {
              if (++evaluations_ > fail_at_) return fail(ErrorCode::timeout, "gone");
              double value = 0;
              for (std::size_t i = 0; i < w.size(); ++i) {
                gradient[i] = kCurvature[i] * (w[i] - kTarget[i]);
                value += gradient[i] * (w[i] - kTarget[i]) / 2;
              }
              return value;
            },
            [this](std::uint64_t iteration, std::span<const double>) {
              EXPECT_EQ(iteration, iterations_ + 1);
              iterations_ = iteration;
              return iteration < stop_at_;
            }};
  }

  TrainJob job_;
  std::uint64_t evaluations_ = 0;
  std::uint64_t iterations_ = 0;
  std::uint64_t fail_at_ = std::numeric_limits<std::uint64_t>::max();
  std::uint64_t stop_at_ = std::numeric_limits<std::uint64_t>::max();
};

TEST_P(DriverTest, FindsThePenalizedOptimum) {
  // Key 2, in the middle, is a bias.
  const std::vector<KeyRange> penalized{{0, 2}, {3, 5}};
  for (const double l1 : {0.0, 0.2}) {
    for (const double l2 : {0.0, 0.3}) {
      job_.l1 = l1;
      job_.l2 = l2;
      iterations_ = 0;
      std::vector<double> w(5, 0.5);
      ASSERT_TRUE(minimize(job_, penalized, w, calls()));
      for (std::size_t i = 0; i < w.size(); ++i) {
        const double pull = kCurvature[i] * kTarget[i];
        const double expected =
            i == 2 ? kTarget[i] : std::copysign(std::max(std::abs(pull) - l1, 0.0), pull) / (kCurvature[i] + l2);
        EXPECT_NEAR(w[i], expected, 1e-7) << "key " << i << ", l1 " << l1 << ", l2 " << l2;
        if (l1 > 0 && (i == 1 || i == 3)) {
          EXPECT_EQ(w[i], 0);
        }
      }
    }
  }
}

TEST_P(DriverTest, EndsAfterItsIterations) {
  job_.epochs = 2;
  std::vector<double> w(5, 0.0);
  ASSERT_TRUE(minimize(job_, {{0, 5}}, w, calls()));
  EXPECT_EQ(iterations_, 2U);
}

TEST_P(DriverTest, EndsWhenItIsTold) {
  stop_at_ = 1;
  std::vector<double> w(5, 0.0);
  ASSERT_TRUE(minimize(job_, {{0, 5}}, w, calls()));
  EXPECT_EQ(iterations_, 1U);
}

TEST_P(DriverTest, AnErrorOfAnEvaluationEndsItWithoutAnother) {
  for (const std::uint64_t after : {0U, 1U, 3U}) {
    fail_at_ = after;
    evaluations_ = iterations_ = 0;
    std::vector<double> w(5, 0.0);
    const Status minimized = minimize(job_, {{0, 5}}, w, calls());
    ASSERT_FALSE(minimized);
    EXPECT_EQ(minimized.error().code, ErrorCode::timeout);
    EXPECT_EQ(evaluations_, after + 1);
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, DriverTest, testing::Values(OptimizerKind::lbfgs, OptimizerKind::sgd),
                         [](const auto& test) { return std::string(name(test.param)); });

TEST(Driver, ALossThatIsNoNumberIsAnEnd) {
  TrainJob job;
  job.optimizer = OptimizerKind::lbfgs;
  std::vector<double> w(3, 1.0);
  const DriverCalls calls{[](std::span<const double>, std::span<double> gradient) -> Result<double> {
                            std::ranges::fill(gradient, std::numeric_limits<double>::quiet_NaN());
                            return std::numeric_limits<double>::quiet_NaN();
                          },
                          [](std::uint64_t, std::span<const double>) { return true; }};
  EXPECT_TRUE(minimize(job, {{0, 3}}, w, calls));
}

}  // namespace
}  // namespace krige::trainer
