// Trade-offs between objectives: which points no other point beats. Small is good in every objective.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace krige::gp {

// The values of one point, one an objective.
using Objectives = std::vector<double>;

// Nowhere worse and somewhere better. Both of the same size, no NaN.
[[nodiscard]] bool dominates(std::span<const double> a, std::span<const double> b);

// Indices, ascending, of the points that no other point dominates. Equal points do not dominate each other.
[[nodiscard]] std::vector<std::size_t> non_dominated(std::span<const Objectives> points);

}  // namespace krige::gp
