#include "gp/space.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

namespace krige::gp {
namespace {

constexpr double kInactive = std::numeric_limits<double>::quiet_NaN();

std::string path(std::size_t i, const char* field) { return "dimensions[" + std::to_string(i) + "]." + field; }

bool is_discrete(const Dimension& dimension) { return dimension.kind != DimensionKind::continuous; }

Status validate_levels(const Dimension& dimension, std::size_t i) {
  if (is_discrete(dimension) && (dimension.levels < 1 || dimension.levels > std::numeric_limits<int>::max())) {
    return fail(ErrorCode::invalid_argument, "must be at least 1 and below 2^31", path(i, "levels"));
  }
  const auto& positions = dimension.positions;
  if (positions.empty()) return {};
  if (dimension.kind != DimensionKind::grid || positions.size() != static_cast<std::size_t>(dimension.levels)) {
    return fail(ErrorCode::invalid_argument, "must be one a level of a grid", path(i, "positions"));
  }
  double previous = -1;
  for (const double position : positions) {
    if (!(position >= 0 && position <= 1 && position >= previous)) {
      return fail(ErrorCode::invalid_argument, "must be in [0, 1] and not descend", path(i, "positions"));
    }
    previous = position;
  }
  return {};
}

Status validate_conditions(const InputSpace& space, std::size_t i) {
  for (const Condition& condition : space.dimensions[i].when) {
    if (condition.parent >= space.size()) {
      return fail(ErrorCode::invalid_argument, "names a parent that is no dimension", path(i, "when"));
    }
    const Dimension& parent = space.dimensions[condition.parent];
    if (!is_discrete(parent)) return fail(ErrorCode::invalid_argument, "has a continuous parent", path(i, "when"));
    if (condition.levels.empty()) return fail(ErrorCode::invalid_argument, "has no levels", path(i, "when"));
    for (const std::int64_t level : condition.levels) {
      if (level < 0 || level >= parent.levels) {
        return fail(ErrorCode::invalid_argument, "has a level that its parent has not", path(i, "when"));
      }
    }
  }
  return {};
}

// `point` holds the canonical values of the parents.
bool is_active(const InputSpace& space, std::size_t i, std::span<const double> point) {
  return std::ranges::all_of(space.dimensions[i].when, [&](const Condition& condition) {
    const double value = point[condition.parent];
    if (std::isnan(value)) return false;
    const std::int64_t level = level_of(space.dimensions[condition.parent], value);
    return std::ranges::find(condition.levels, level) != condition.levels.end();
  });
}

double snap(const Dimension& dimension, double value) {
  if (dimension.kind == DimensionKind::continuous) return std::isnan(value) ? 0.5 : std::clamp(value, 0.0, 1.0);
  if (std::isnan(value)) return value_of(dimension, (dimension.levels - 1) / 2);
  return value_of(dimension, level_of(dimension, value));
}

// False: there are more than `limit`.
bool enumerate_from(const InputSpace& space, const std::vector<std::size_t>& order, std::size_t depth,
                    std::vector<double>& point, std::size_t limit, Points& out) {
  if (depth == order.size()) {
    out.append(point);
    return out.size() <= limit;
  }
  const std::size_t i = order[depth];
  if (!is_active(space, i, point)) {
    point[i] = kInactive;
    return enumerate_from(space, order, depth + 1, point, limit, out);
  }
  for (std::int64_t level = 0; level < space.dimensions[i].levels; ++level) {
    point[i] = value_of(space.dimensions[i], level);
    if (!enumerate_from(space, order, depth + 1, point, limit, out)) return false;
  }
  return true;
}

}  // namespace

Status validate(const InputSpace& space) {
  if (space.dimensions.empty()) return fail(ErrorCode::invalid_argument, "must not be empty", "dimensions");
  for (std::size_t i = 0; i < space.size(); ++i) {
    KRIGE_CHECK(validate_levels(space.dimensions[i], i));
    KRIGE_CHECK(validate_conditions(space, i));
  }
  const std::vector<std::size_t> order = topological_order(space);
  for (std::size_t i = 0; i < space.size(); ++i) {
    if (std::ranges::find(order, i) == order.end()) {
      return fail(ErrorCode::invalid_argument, "is in or below a cycle", path(i, "when"));
    }
  }
  return {};
}

std::vector<std::size_t> topological_order(const InputSpace& space) {
  std::vector<std::size_t> order;
  std::vector<bool> placed(space.size(), false);
  // A round places every dimension whose parents are placed; dimensions of a cycle never are.
  for (bool progress = true; progress && order.size() < space.size();) {
    progress = false;
    for (std::size_t i = 0; i < space.size(); ++i) {
      if (placed[i]) continue;
      const auto& when = space.dimensions[i].when;
      if (!std::ranges::all_of(when, [&](const Condition& condition) { return placed[condition.parent]; })) continue;
      placed[i] = progress = true;
      order.push_back(i);
    }
  }
  return order;
}

std::vector<bool> activity(const InputSpace& space, std::span<const double> point) {
  std::vector<double> nearest(point.begin(), point.end());
  std::vector<bool> active(space.size(), false);
  for (const std::size_t i : topological_order(space)) {
    active[i] = is_active(space, i, nearest);
    if (!active[i]) nearest[i] = kInactive;
  }
  return active;
}

void canonicalize(const InputSpace& space, std::span<double> point) {
  for (const std::size_t i : topological_order(space)) {
    point[i] = is_active(space, i, point) ? snap(space.dimensions[i], point[i]) : kInactive;
  }
}

bool is_canonical(const InputSpace& space, std::span<const double> point) {
  std::vector<double> nearest(point.begin(), point.end());
  canonicalize(space, nearest);
  for (std::size_t i = 0; i < point.size(); ++i) {
    if (std::isnan(nearest[i]) != std::isnan(point[i])) return false;
    if (!std::isnan(point[i]) && !(std::abs(nearest[i] - point[i]) <= 1e-12)) return false;
  }
  return true;
}

std::int64_t level_of(const Dimension& dimension, double value) {
  if (dimension.positions.empty()) {
    const auto top = static_cast<double>(dimension.levels - 1);
    const double level = dimension.kind == DimensionKind::grid ? value * top : value;
    return static_cast<std::int64_t>(std::clamp(std::round(level), 0.0, top));
  }
  const auto& positions = dimension.positions;
  const auto above = std::ranges::lower_bound(positions, value);
  if (above == positions.begin()) return 0;
  if (above == positions.end()) return dimension.levels - 1;
  const auto k = above - positions.begin();
  return value - *(above - 1) < *above - value ? k - 1 : k;
}

double value_of(const Dimension& dimension, std::int64_t level) {
  if (dimension.kind == DimensionKind::categorical) return static_cast<double>(level);
  if (!dimension.positions.empty()) return dimension.positions[static_cast<std::size_t>(level)];
  return dimension.levels == 1 ? 0.5 : static_cast<double>(level) / static_cast<double>(dimension.levels - 1);
}

std::optional<Points> enumerate_points(const InputSpace& space, std::size_t limit) {
  if (!std::ranges::all_of(space.dimensions, is_discrete)) return std::nullopt;
  Points out{space.size(), {}};
  std::vector<double> point(space.size(), kInactive);
  if (!enumerate_from(space, topological_order(space), 0, point, limit, out)) return std::nullopt;
  return out;
}

void decode_uniforms(const InputSpace& space, std::span<const double> uniforms, std::span<double> point) {
  for (std::size_t i = 0; i < space.size(); ++i) {
    const Dimension& dimension = space.dimensions[i];
    if (!is_discrete(dimension) || !dimension.positions.empty()) {
      point[i] = uniforms[i];
      continue;
    }
    const auto level = static_cast<std::int64_t>(uniforms[i] * static_cast<double>(dimension.levels));
    point[i] = value_of(dimension, std::clamp<std::int64_t>(level, 0, dimension.levels - 1));
  }
  canonicalize(space, point);
}

}  // namespace krige::gp
