#include "gp/hypervolume/log_ehvi.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "gp/acquisition/log_ei.h"

namespace krige::gp {
namespace {

using Normal = HypervolumeImprovement::Normal;

std::vector<Objectives> random_front(std::size_t n, std::size_t m, Rng& rng) {
  std::vector<Objectives> points(n);
  for (Objectives& point : points)
    for (std::size_t j = 0; j < m; ++j) point.push_back(rng.uniform());
  return points;
}

TEST(LogEhvi, IsTheMeanOfWhatDrawsAddToTheHypervolume) {
  Rng rng(1);
  for (const std::size_t m : {2U, 3U, 4U}) {
    for (int round = 0; round < 4; ++round) {
      const std::vector<Objectives> front = random_front(1 + rng.below(6), m, rng);
      const Objectives reference(m, 1.1);
      std::vector<Normal> normals(m);
      for (Normal& normal : normals) normal = {rng.uniform(0, 0.9), rng.uniform(0.1, 0.4)};
      const double before = hypervolume(front, reference);
      const int draws = 20'000;
      double sum = 0, squares = 0;
      std::vector<Objectives> with = front;
      with.emplace_back(m);
      for (int k = 0; k < draws; ++k) {
        for (std::size_t j = 0; j < m; ++j) with.back()[j] = normals[j].mean + normals[j].sd * rng.normal();
        const double gain = hypervolume(with, reference) - before;
        EXPECT_GE(gain, -1e-12);
        sum += gain;
        squares += gain * gain;
      }
      const double mean = sum / draws;
      const double error = std::sqrt((squares / draws - mean * mean) / draws);
      EXPECT_NEAR(std::exp(HypervolumeImprovement(front, reference).log_expected(normals)), mean, 5 * error)
          << m << " objectives, " << front.size() << " points";
    }
  }
}

TEST(LogEhvi, WithoutAFrontIsTheProductOfTheImprovementsOnTheReference) {
  const HypervolumeImprovement none({}, Objectives{1, 2, 3});
  const std::vector<Normal> normals{{0.5, 0.3}, {3, 0.5}, {2, 2}};
  EXPECT_NEAR(none.log_expected(normals), log_ei(0.5, 0.3, 1).value + log_ei(3, 0.5, 2).value + log_ei(2, 2, 3).value,
              1e-13);
}

TEST(LogEhvi, DominatedPointsOfTheFrontAddNothing) {
  Rng rng(2);
  for (const std::size_t m : {2U, 3U, 4U}) {
    const std::vector<Objectives> points = random_front(12, m, rng);
    std::vector<Objectives> front;
    for (const std::size_t i : non_dominated(points)) front.push_back(points[i]);
    ASSERT_LT(front.size(), points.size());
    const std::vector<Normal> normals(m, Normal{0.2, 0.3});
    const Objectives reference(m, 1.0);
    EXPECT_EQ(HypervolumeImprovement(points, reference).log_expected(normals),
              HypervolumeImprovement(front, reference).log_expected(normals));
  }
}

TEST(LogEhvi, FallsWithTheMeanAndRisesWithTheSpreadOfWhatIsDominated) {
  Rng rng(9);
  for (int round = 0; round < 200; ++round) {
    const std::size_t m = 2 + rng.below(3);
    const HypervolumeImprovement improvement(random_front(8, m, rng), Objectives(m, 1.0));
    std::vector<Normal> normals(m);
    for (Normal& normal : normals) normal = {rng.uniform(-1, 3), std::exp(rng.uniform(-5, 1))};
    const double value = improvement.log_expected(normals);
    ASSERT_FALSE(std::isnan(value));
    std::vector<Normal> better = normals;
    better[rng.below(m)].mean -= 0.1;
    EXPECT_GE(improvement.log_expected(better), value);
  }
}

// Where the improvement itself is less than the least double, and where the sum of products has underflowed.
TEST(LogEhvi, IsKnownWhereTheImprovementUnderflows) {
  const HypervolumeImprovement improvement(std::vector<Objectives>{{0, 1}, {1, 0}}, Objectives{2, 2});
  double before = 0;
  for (const double sd : {0.1, 0.05, 0.02, 0.01, 0.003, 0.001}) {
    const std::vector<Normal> normals{{1.5, sd}, {1.5, sd}};
    const double value = improvement.log_expected(normals);
    ASSERT_TRUE(std::isfinite(value)) << sd;
    EXPECT_LT(value, before);
    before = value;
    // The nearest free place is where both objectives have gained half a unit; any other costs so much more that it
    // counts for nothing.
    const double nearest = 2 * log_ei(1.5, sd, 1).value;
    EXPECT_NEAR(value, nearest, (sd > 0.06 ? 1e-3 : 1e-9) * std::abs(nearest)) << sd;
  }
}

TEST(LogEhvi, DerivativesAgreeWithFiniteDifferences) {
  Rng rng(5);
  for (int round = 0; round < 200; ++round) {
    const std::size_t m = 2 + rng.below(3);
    const HypervolumeImprovement improvement(random_front(1 + rng.below(10), m, rng), Objectives(m, 0.9));
    std::vector<Normal> normals(m);
    // From promising to hopeless: both ways of summing.
    const double sd = std::exp(rng.uniform(-4.5, 0));
    for (Normal& normal : normals) normal = {rng.uniform(0, 1.6), sd};
    const HypervolumeImprovement::Value found = improvement.log_expected_with_gradient(normals);
    EXPECT_NEAR(found.log_improvement, improvement.log_expected(normals),
                1e-12 * std::max(1.0, std::abs(found.log_improvement)));
    for (std::size_t j = 0; j < m; ++j) {
      const double step = 1e-6 * sd;
      const auto difference = [&](double Normal::*member) {
        std::vector<Normal> above = normals, below = normals;
        above[j].*member += step;
        below[j].*member -= step;
        return (improvement.log_expected(above) - improvement.log_expected(below)) / (2 * step);
      };
      const double by_mean = difference(&Normal::mean), by_sd = difference(&Normal::sd);
      EXPECT_NEAR(found.by_mean[j], by_mean, 1e-4 * std::max(1 / sd, std::abs(by_mean)));
      EXPECT_NEAR(found.by_sd[j], by_sd, 1e-4 * std::max(1 / sd, std::abs(by_sd)));
    }
  }
}

TEST(LogEhvi, IsContinuousWhereTheSumsChange) {
  const HypervolumeImprovement improvement(std::vector<Objectives>{{0, 1}, {1, 0}}, Objectives{2, 2});
  double before = 0;
  for (double sd = 0.03; sd > 0.012; sd *= 0.9999) {
    const double value = improvement.log_expected(std::vector<Normal>{{1.5, sd}, {1.5, sd}});
    if (before != 0) {
      EXPECT_NEAR(value, before, 3e-4 * std::abs(value)) << sd;
    }
    before = value;
  }
}

}  // namespace
}  // namespace krige::gp
