// Rows as a model takes them: views of dense features or of sparse ones, and a target a row.
#pragma once

#include <cstdint>
#include <span>

namespace krige::trainer {

// Dense: `features` is rows × columns, row-major, and `offsets` is empty. Sparse (CSR): row i has the entries
// [offsets[i], offsets[i + 1]) of `ids` and `values`; offsets has rows + 1 elements and need not begin at 0, ids are
// ascending within a row and below `columns`, an empty `values` means that each is 1.
struct Examples {
  std::size_t columns = 0;
  std::span<const float> features;
  std::span<const std::uint64_t> offsets;
  std::span<const std::uint32_t> ids;
  std::span<const float> values;
  std::span<const float> targets;  // a class's index, or the label itself
  [[nodiscard]] std::size_t rows() const { return targets.size(); }
  [[nodiscard]] bool sparse() const { return !offsets.empty(); }
};

}  // namespace krige::trainer
