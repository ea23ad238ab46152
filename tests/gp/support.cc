#include "tests/gp/support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>

namespace krige::gp {

InputSpace continuous_space(std::size_t dims) { return {std::vector<Dimension>(dims)}; }

InputSpace random_space(Rng& rng, std::size_t max_dims) {
  const std::size_t dims = 1 + rng.below(max_dims);
  const bool reversed = rng.below(2) == 0;
  InputSpace space{std::vector<Dimension>(dims)};
  std::vector<std::size_t> discrete;
  for (std::size_t k = 0; k < dims; ++k) {
    const std::size_t i = reversed ? dims - 1 - k : k;
    Dimension& dimension = space.dimensions[i];
    dimension.kind = static_cast<DimensionKind>(rng.below(3));
    if (dimension.kind != DimensionKind::continuous) {
      dimension.levels = static_cast<std::int64_t>(1 + rng.below(dimension.kind == DimensionKind::grid ? 20 : 5));
    }
    if (dimension.kind == DimensionKind::grid && rng.below(3) == 0) {
      for (std::int64_t level = 0; level < dimension.levels; ++level) {
        dimension.positions.push_back(std::sqrt(static_cast<double>(level) / static_cast<double>(dimension.levels)));
      }
    }
    for (std::size_t j = 0; j < 2 && !discrete.empty() && rng.below(2) == 0; ++j) {
      const std::size_t parent = discrete[rng.below(discrete.size())];
      Condition condition{parent, {}};
      for (std::int64_t level = 0; level < space.dimensions[parent].levels; ++level) {
        if (level == 0 || rng.below(2) == 0) condition.levels.push_back(level);
      }
      dimension.when.push_back(condition);
    }
    if (dimension.kind != DimensionKind::continuous) discrete.push_back(i);
  }
  return space;
}

InputSpace deep_space(Rng& rng, std::size_t depth) {
  InputSpace space;
  std::size_t parent = 0;
  for (std::size_t k = 0; k < depth; ++k) {
    std::vector<Condition> when;
    const std::size_t self = space.size();
    if (k > 0) {
      Condition condition{parent, {}};
      for (std::int64_t level = 0; level < space.dimensions[parent].levels; ++level) {
        if (level == 0 || rng.below(3) != 0) condition.levels.push_back(level);
      }
      when.push_back(condition);
    }
    const auto kind = rng.below(2) == 0 ? DimensionKind::grid : DimensionKind::categorical;
    space.dimensions.push_back({kind, static_cast<std::int64_t>(2 + rng.below(4)), {}, when});
    if (rng.below(2) == 0) space.dimensions.push_back({DimensionKind::continuous, 0, {}, {{self, {0, 1}}}});
    parent = self;
  }
  return space;
}

InputSpace mixed_space() {
  return {{{DimensionKind::continuous, 0, {}, {}},
           {DimensionKind::continuous, 0, {}, {}},
           {DimensionKind::grid, 9, {}, {}},
           {DimensionKind::categorical, 3, {}, {}},
           {DimensionKind::continuous, 0, {}, {{3, {1}}}},
           {DimensionKind::grid, 4, {}, {{3, {1}}}},
           {DimensionKind::categorical, 2, {}, {{5, {2, 3}}}}}};
}

std::vector<double> random_point(const InputSpace& space, Rng& rng) {
  std::vector<double> uniforms(space.size()), point(space.size());
  for (double& uniform : uniforms) uniform = rng.uniform();
  decode_uniforms(space, uniforms, point);
  return point;
}

Points random_points(const InputSpace& space, std::size_t count, Rng& rng) {
  Points points{space.size(), {}};
  for (std::size_t i = 0; i < count; ++i) points.append(random_point(space, rng));
  return points;
}

Hyperparameters random_hyperparameters(const InputSpace& space, Rng& rng) {
  Hyperparameters out;
  for (std::size_t d = 0; d < space.size(); ++d) out.log_lengthscales.push_back(rng.uniform(-1.5, 1));
  out.log_signal = rng.uniform(-1, 1);
  if (space.size() > 1) {
    for (std::size_t d = 0; d < space.size(); ++d) out.log_main_lengthscales.push_back(rng.uniform(-1.5, 1));
    out.log_main_signal = rng.uniform(-3, 1);
  }
  out.log_noise = rng.uniform(-9, -3);
  out.mean = rng.uniform(-0.5, 0.5);
  return out;
}

std::vector<double> numeric_gradient(const std::function<double(std::span<const double>)>& f,
                                     std::span<const double> at, double step) {
  std::vector<double> x(at.begin(), at.end()), out;
  for (std::size_t i = 0; i < x.size(); ++i) {
    x[i] = at[i] + step;
    const double above = f(x);
    x[i] = at[i] - step;
    const double below = f(x);
    x[i] = at[i];
    out.push_back((above - below) / (2 * step));
  }
  return out;
}

void expect_near(std::span<const double> a, std::span<const double> b, double tolerance) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    ASSERT_NEAR(a[i], b[i], tolerance * std::max({1.0, std::abs(a[i]), std::abs(b[i])})) << "at " << i;
  }
}

bool identical(std::span<const double> a, std::span<const double> b) {
  return std::ranges::equal(a, b, [](double x, double y) {
    return (std::isnan(x) && std::isnan(y)) || std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y);
  });
}

}  // namespace krige::gp
