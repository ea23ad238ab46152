// The space in which the Gaussian process lives. What a user's parameter means (ranges, log scales, names) is not known
// here.
//
// A point is a row of doubles, one a dimension: continuous in [0, 1]; grid the position of its level in [0, 1];
// categorical the index of its level, 0 … levels − 1; inactive NaN. Functions are pure; a space may be shared between
// threads.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "gp/points.h"

namespace krige::gp {

// Numeric and any value; numeric and one of few values; values without an order.
enum class DimensionKind : std::uint8_t { continuous, grid, categorical };

// Holds where dimension `parent` (grid or categorical) is active and at one of `levels`.
struct Condition {
  std::size_t parent = 0;
  std::vector<std::int64_t> levels;
  friend bool operator==(const Condition&, const Condition&) = default;
};

struct Dimension {
  DimensionKind kind = DimensionKind::continuous;
  std::int64_t levels = 0;  // grid and categorical: how many, at least 1 and below 2³¹
  std::vector<double>
      positions;  // grid: where each level lies, not descending; empty: k/(levels − 1), a single level 0.5
  std::vector<Condition> when;  // active where all hold
  friend bool operator==(const Dimension&, const Dimension&) = default;
};

struct InputSpace {
  std::vector<Dimension> dimensions;
  [[nodiscard]] std::size_t size() const { return dimensions.size(); }
  friend bool operator==(const InputSpace&, const InputSpace&) = default;
};

// Error: invalid_argument naming dimensions[i].field: no dimensions, levels out of range, positions descending, outside
// [0, 1] or not one a level, a parent that is no dimension, continuous or in a cycle, levels of a condition absent or
// out of range.
[[nodiscard]] Status validate(const InputSpace& space);

// The functions below expect a valid space and points of its size.

// Dimensions such that each comes after its parents.
[[nodiscard]] std::vector<std::size_t> topological_order(const InputSpace& space);

// Whether each dimension is active, judged by the parents' values. A parent whose value is NaN counts as inactive.
[[nodiscard]] std::vector<bool> activity(const InputSpace& space, std::span<const double> point);

// The nearest point of the space: continuous clamped, grid and categorical snapped, inactive NaN. Where an active
// dimension has no value (NaN): the middle.
void canonicalize(const InputSpace& space, std::span<double> point);

// Whether canonicalize() would leave the point as it is, up to rounding.
[[nodiscard]] bool is_canonical(const InputSpace& space, std::span<const double> point);

// The nearest level of a grid or categorical value; the position or index of a level.
[[nodiscard]] std::int64_t level_of(const Dimension& dimension, double value);
[[nodiscard]] double value_of(const Dimension& dimension, std::int64_t level);

// Every point of a finite space; nullopt when there is a continuous dimension or more than `limit` points.
[[nodiscard]] std::optional<Points> enumerate_points(const InputSpace& space, std::size_t limit);

// A canonical point from `uniforms`, one number in [0, 1) a dimension, as from a SobolSequence. Levels of equal steps
// are equally probable, levels with positions as much as the interval nearest to them is long.
void decode_uniforms(const InputSpace& space, std::span<const double> uniforms, std::span<double> point);

}  // namespace krige::gp
