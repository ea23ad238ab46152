// The volume that a set of points dominates below a reference point, and the boxes of what it leaves free. Small is
// good in every objective.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "gp/hypervolume/pareto.h"

namespace krige::gp {

inline constexpr std::size_t kMinObjectives = 2;
inline constexpr std::size_t kMaxObjectives = 4;

// low < high in every objective; low may be −∞. Beyond the number of objectives the arrays mean nothing.
struct Box {
  std::array<double, kMaxObjectives> low{};
  std::array<double, kMaxObjectives> high{};
};

// Disjoint boxes that together are all of {z < reference} that no point dominates, up to their faces. `points`: any, of
// the reference's size, which is between kMinObjectives and kMaxObjectives; no NaN. With n points on the front there
// are O(n) boxes for two and three objectives, and about n² for four. Found by a sweep along the last objective over a
// staircase of the first two (as Beume, Fonseca et al., "On the complexity of computing the hypervolume indicator",
// 2009); boxes that a sweep does not change go on.
[[nodiscard]] std::vector<Box> free_boxes(std::span<const Objectives> points, std::span<const double> reference);

// The volume of {z < reference} that the points dominate; 0 when none is below the reference. Sizes as above.
[[nodiscard]] double hypervolume(std::span<const Objectives> points, std::span<const double> reference);

// A reference point from what was found: beyond the worst value of the front in each objective by a part of the extent
// of all points (1 where they have none), three tenths for two objectives and a tenth for more. Not of the front's
// extent, as BoTorch's infer_reference_point has it: a front of few points that are near each other could then never
// grow. `points`: at least one.
[[nodiscard]] Objectives inferred_reference(std::span<const Objectives> points);

}  // namespace krige::gp
