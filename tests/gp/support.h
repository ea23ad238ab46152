// Random spaces, points and gradients for the tests of krige::gp.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "base/rng.h"
#include "gp/gaussian_process.h"
#include "gp/space.h"

namespace krige::gp {

[[nodiscard]] InputSpace continuous_space(std::size_t dims);

// 1 … max_dims dimensions of all kinds, about half of them conditional, nested as deep as it comes; parents before or
// after.
[[nodiscard]] InputSpace random_space(Rng& rng, std::size_t max_dims);

// A chain of `depth` discrete dimensions, each active under the one before only, some with a float below.
[[nodiscard]] InputSpace deep_space(Rng& rng, std::size_t depth);

// Two floats, a grid, a categorical with three values of which one activates a float and a grid, which activates a
// categorical.
[[nodiscard]] InputSpace mixed_space();

[[nodiscard]] std::vector<double> random_point(const InputSpace& space, Rng& rng);
[[nodiscard]] Points random_points(const InputSpace& space, std::size_t count, Rng& rng);

// Random hyperparameters of a usual size; with main effects where there is more than one dimension.
[[nodiscard]] Hyperparameters random_hyperparameters(const InputSpace& space, Rng& rng);

// Central differences.
[[nodiscard]] std::vector<double> numeric_gradient(const std::function<double(std::span<const double>)>& f,
                                                   std::span<const double> at, double step);

// |a − b| ≤ tolerance·max(1, |a|, |b|), coordinate by coordinate; reports the first that is not.
void expect_near(std::span<const double> a, std::span<const double> b, double tolerance);

// Bit for bit, NaN equal to NaN.
[[nodiscard]] bool identical(std::span<const double> a, std::span<const double> b);

}  // namespace krige::gp
