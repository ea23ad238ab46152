#include "gp/acquisition/local_search.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <stdexcept>

#include "gp/acquisition/scalar_acquisition.h"
#include "tests/gp/support.h"

namespace krige::gp {
namespace {

const AcquisitionOptions kOptions;

Posterior posterior_of(const InputSpace& space, std::size_t count, double lengthscale,
                       const std::function<double(std::span<const double>)>& f) {
  Rng rng(3);
  const Points points = random_points(space, count, rng);
  Eigen::VectorXd targets(static_cast<Eigen::Index>(count));
  for (std::size_t i = 0; i < count; ++i) targets(static_cast<Eigen::Index>(i)) = f(points.row(i));
  Hyperparameters hyperparameters;
  hyperparameters.log_lengthscales.assign(space.size(), std::log(lengthscale));
  hyperparameters.log_noise = std::log(1e-6);
  auto posterior = Posterior::make(space, points, targets, hyperparameters);
  if (!posterior) throw std::runtime_error(posterior.error().describe());
  return std::move(*posterior);
}

LocalOptimum climb_from(const InputSpace& space, const Posterior& posterior, const std::vector<double>& point) {
  const ScalarAcquisition acquisition({&posterior, 1}, kOptions);
  Rng rng(4);
  return LocalSearch(space, acquisition).climb({point, acquisition.evaluate({space.size(), point})(0)}, rng);
}

TEST(LocalSearch, ReachesAStationaryPoint) {
  const InputSpace space = continuous_space(3);
  const Posterior posterior = posterior_of(space, 20, 0.6, [](auto x) { return std::sin(4 * x[0]) + x[1] * x[2]; });
  const ScalarAcquisition acquisition({&posterior, 1}, kOptions);
  Rng rng(5);
  for (int i = 0; i < 10; ++i) {
    const std::vector<double> start = random_point(space, rng);
    const double before = acquisition.evaluate({3, start})(0);
    const LocalOptimum found = climb_from(space, posterior, start);
    EXPECT_GE(found.value, before);
    EXPECT_TRUE(is_canonical(space, found.point));
    EXPECT_NEAR(found.value, acquisition.evaluate({3, found.point})(0), 1e-12);
    const Acquisition::Value value = acquisition.evaluate_with_gradient(found.point);
    for (std::size_t d = 0; d < 3; ++d) {
      const double slope = value.gradient(static_cast<Eigen::Index>(d));
      const bool held = (found.point[d] == 0 && slope <= 0) || (found.point[d] == 1 && slope >= 0);
      if (!held) {
        EXPECT_NEAR(slope, 0, 0.2);
      }
    }
  }
}

TEST(LocalSearch, SwitchesAParentAndSetsItsChildren) {
  // Good only where the category is 1 and its child is near 0.8.
  const InputSpace space{{{DimensionKind::categorical, 3, {}, {}}, {DimensionKind::continuous, 0, {}, {{0, {1}}}}}};
  const Posterior posterior =
      posterior_of(space, 30, 1.0, [](auto x) { return x[0] == 1 ? std::abs(x[1] - 0.8) : 3.0; });
  const LocalOptimum found = climb_from(space, posterior, {2, std::nan("")});
  EXPECT_EQ(found.point[0], 1);
  // From the middle, where the child begins, it climbs to one of the sides.
  const ScalarAcquisition acquisition({&posterior, 1}, kOptions);
  EXPECT_GT(found.value, acquisition.evaluate({2, {1, 0.5}})(0));
  EXPECT_GT(found.value, acquisition.evaluate({2, {0, std::nan("")}})(0) + 1);
}

TEST(LocalSearch, NoNeighbourOfTheOptimumIsBetter) {
  const InputSpace space{
      {{DimensionKind::grid, 30, {}, {}}, {DimensionKind::grid, 4, {}, {}}, {DimensionKind::categorical, 3, {}, {}}}};
  const Posterior posterior =
      posterior_of(space, 25, 0.5, [](auto x) { return std::sin(9 * x[0]) + x[1] + (x[2] == 1); });
  const ScalarAcquisition acquisition({&posterior, 1}, kOptions);
  Rng rng(6);
  for (int i = 0; i < 10; ++i) {
    const LocalOptimum found = climb_from(space, posterior, random_point(space, rng));
    EXPECT_TRUE(is_canonical(space, found.point));
    for (std::size_t d = 0; d < 3; ++d) {
      for (const int step : {-1, 1}) {
        const Dimension& dimension = space.dimensions[d];
        const std::int64_t level = level_of(dimension, found.point[d]) + step;
        if (level < 0 || level >= dimension.levels) continue;
        std::vector<double> neighbour = found.point;
        neighbour[d] = value_of(dimension, level);
        EXPECT_LE(acquisition.evaluate({3, neighbour})(0), found.value + 1e-4);
      }
    }
  }
}

}  // namespace
}  // namespace krige::gp
