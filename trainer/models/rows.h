// Visiting rows the same way whether they are dense or sparse.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "trainer/data/examples.h"

namespace krige::trainer {

// Calls visit(id, value) for each entry of row `row` that can be other than zero, ids ascending.
template <typename Visit>
void for_each_entry(const Examples& rows, std::size_t row, Visit&& visit) {
  if (!rows.sparse()) {
    const float* values = rows.features.data() + row * rows.columns;
    for (std::size_t id = 0; id < rows.columns; ++id) visit(id, values[id]);
    return;
  }
  const std::uint64_t end = rows.offsets[row + 1];
  if (rows.values.empty())
    for (std::uint64_t i = rows.offsets[row]; i < end; ++i) visit(std::size_t{rows.ids[i]}, 1.0F);
  else
    for (std::uint64_t i = rows.offsets[row]; i < end; ++i) visit(std::size_t{rows.ids[i]}, rows.values[i]);
}

// The ids of all entries; rows are sparse.
[[nodiscard]] inline std::span<const std::uint32_t> all_ids(const Examples& rows) {
  return rows.ids.subspan(rows.offsets.front(), rows.offsets.back() - rows.offsets.front());
}

}  // namespace krige::trainer
