// A set of points: one row a point, encoded as gp/space.h says.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace krige::gp {

struct Points {
  std::size_t dims = 0;
  std::vector<double> values;  // size() × dims, row by row

  [[nodiscard]] std::size_t size() const { return dims == 0 ? 0 : values.size() / dims; }
  [[nodiscard]] std::span<const double> row(std::size_t i) const { return {values.data() + i * dims, dims}; }
  [[nodiscard]] std::span<double> row(std::size_t i) { return {values.data() + i * dims, dims}; }
  // `point` has dims values.
  void append(std::span<const double> point) { values.insert(values.end(), point.begin(), point.end()); }
};

}  // namespace krige::gp
