#include "trainer/models/dropout.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace krige::trainer {
namespace {

TEST(DropoutMask, KeepsItsShareAndItsMean) {
  constexpr double kRate = 0.3;
  constexpr std::size_t kUnits = 101;
  constexpr std::size_t kSteps = 1000;
  std::size_t kept = 0;
  std::size_t both = 0;  // neighbours, which share a hash
  std::vector<float> mask(kUnits);
  for (std::uint64_t step = 0; step < kSteps; ++step) {
    dropout_mask<float>(kRate, 1, step, 5, 0, mask);
    for (std::size_t i = 0; i < kUnits; ++i) {
      EXPECT_TRUE(mask[i] == 0 || mask[i] == static_cast<float>(1 / 0.7));
      kept += mask[i] > 0 ? 1 : 0;
      both += i % 2 == 1 && mask[i] > 0 && mask[i - 1] > 0 ? 1 : 0;
    }
  }
  const auto near = [](std::size_t count, double of, double p) {
    EXPECT_NEAR(static_cast<double>(count), of * p, 5 * std::sqrt(of * p * (1 - p)));
  };
  near(kept, kUnits * kSteps, 0.7);
  near(both, 50 * kSteps, 0.49);
}

TEST(DropoutMask, DiffersWithEachOfItsArguments) {
  const auto mask = [](std::uint64_t seed, std::uint64_t step, std::uint64_t row, std::uint64_t layer) {
    std::vector<float> factors(64);
    dropout_mask<float>(0.5, seed, step, row, layer, factors);
    return factors;
  };
  const auto first = mask(1, 2, 3, 4);
  EXPECT_EQ(first, mask(1, 2, 3, 4));
  EXPECT_NE(first, mask(2, 2, 3, 4));
  EXPECT_NE(first, mask(1, 3, 3, 4));
  EXPECT_NE(first, mask(1, 2, 4, 4));
  EXPECT_NE(first, mask(1, 2, 3, 5));
  EXPECT_NE(first, mask(1, 3, 2, 4));
}

}  // namespace
}  // namespace krige::trainer
