#include "gp/output_transform.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace krige::gp {
namespace {

TEST(OutputTransform, StandardizesAndInverts) {
  const std::vector<double> y{3, 5, -1, 10, 4};
  const OutputTransform transform(OutputWarp::none, y);
  double sum = 0, squares = 0;
  for (const double value : y) {
    const double z = transform.forward(value);
    sum += z;
    squares += z * z;
    EXPECT_NEAR(transform.inverse(z), value, 1e-13);
  }
  EXPECT_NEAR(sum, 0, 1e-13);
  EXPECT_NEAR(squares / 5, 1, 1e-13);
  EXPECT_NEAR(transform.scale(), 3.54400902933387, 1e-12);
}

TEST(OutputTransform, WarpKeepsTheGoodHalfAndCompressesTheBad) {
  const std::vector<double> y{0, 1, 2, 100, 10000};
  const OutputTransform transform(OutputWarp::log_above_median, y);
  const double unit = transform.forward(1) - transform.forward(0);
  EXPECT_NEAR(transform.forward(2) - transform.forward(1), unit, 1e-14);
  EXPECT_GT(transform.forward(100), transform.forward(2));
  EXPECT_LT(transform.forward(10000) - transform.forward(2), 20 * unit);
  for (const double value : {-5.0, 0.5, 2.0, 3.0, 77.0, 20000.0}) {
    EXPECT_NEAR(transform.inverse(transform.forward(value)), value, 1e-11 * std::abs(value));
  }
}

TEST(OutputTransform, DerivativesOfTheInverse) {
  const OutputTransform transform(OutputWarp::log_above_median, std::vector<double>{0, 1, 2, 9, 30});
  for (const double z : {-1.0, 0.7, 1.6}) {
    constexpr double kStep = 1e-5;
    EXPECT_NEAR(transform.inverse_slope(z), (transform.inverse(z + kStep) - transform.inverse(z - kStep)) / (2 * kStep),
                1e-6);
    EXPECT_NEAR(transform.inverse_curvature(z),
                (transform.inverse_slope(z + kStep) - transform.inverse_slope(z - kStep)) / (2 * kStep), 1e-6);
  }
  EXPECT_GT(transform.inverse_curvature(1.6), 0);
}

TEST(OutputTransform, SurvivesExtremeObservations) {
  const std::vector<std::vector<double>> histories{
      {7},           {0, 0, 0},     {1e300, -1e300, 5},        {1.7e308, -1.7e308}, {5e-324, 0},
      {1, 1, 1e300}, {1, 2, 1e300}, {1e10, 1e10 + 1e-6, 1e10}, {-1e-310, 1e-310},   {1e300, 1e300}};
  for (const auto& y : histories) {
    for (const OutputWarp warp : {OutputWarp::none, OutputWarp::log_above_median}) {
      const OutputTransform transform(warp, y);
      double previous_y = -1.79e308, previous_z = -HUGE_VAL;
      for (const double value : y) {
        const double z = transform.forward(value);
        EXPECT_TRUE(std::isfinite(z));
        EXPECT_LE(std::abs(z), 10);
        if (value > previous_y) {
          EXPECT_GE(z, previous_z);
        }
        previous_y = value;
        previous_z = z;
        EXPECT_TRUE(std::isfinite(transform.inverse(z)));
        EXPECT_TRUE(std::isfinite(transform.inverse(z + 1000)));
        EXPECT_TRUE(std::isfinite(transform.inverse_slope(z + 1000)));
        EXPECT_TRUE(std::isfinite(transform.inverse_curvature(z + 1000)));
      }
      EXPECT_GT(transform.scale(), 0);
      EXPECT_TRUE(std::isfinite(transform.scale()));
    }
  }
}

}  // namespace
}  // namespace krige::gp
