// Rows of a table as one part of the data, and how their numbers are taken.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "trainer/data/examples.h"
#include "trainer/data/table_file.h"
#include "trainer/floats.h"

namespace krige::trainer {

// A value x of column c is taken as (x − offset[c]) · scale[c]; fill[c] is x where it is missing. All empty: as it is.
// In sparse rows offset applies to the entries there are.
struct Scaling {
  std::vector<double> offset, scale, fill;
  // Set where all columns have this scale and no offset, as the bytes of images do: taken in f32.
  std::optional<float> common;
  [[nodiscard]] bool empty() const { return scale.empty(); }
};

// Room for gathered rows, used again and again. Not to be shared between threads.
struct RowBuffers {
  Floats features, values;
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint32_t> ids;
  std::vector<float> targets;
};

// Immutable; threads may read at the same time.
class RowSet {
 public:
  RowSet() = default;
  // All rows of the table.
  RowSet(std::shared_ptr<const Table> table, std::shared_ptr<const Scaling> scaling);
  // Those of `rows`, in its order.
  RowSet(std::shared_ptr<const Table> table, std::shared_ptr<const Scaling> scaling, std::vector<std::uint32_t> rows);

  [[nodiscard]] std::uint64_t size() const { return size_; }
  // Rows of the table's source that were left out.
  [[nodiscard]] std::uint64_t skipped() const { return table_ == nullptr ? 0 : table_->info().skipped; }
  [[nodiscard]] std::size_t columns() const { return table_ == nullptr ? 0 : table_->info().columns; }
  [[nodiscard]] bool sparse() const { return table_ != nullptr && table_->info().sparse(); }
  // What its rows take in the table, on average.
  [[nodiscard]] double bytes_per_row() const;

  // Begins to read dense rows at these places from the disk: rows that are then taken in any order would else come page
  // by page.
  void will_need(KeyRange places) const;

  // The rows at the given places of this set. The views are valid until the buffers are used again.
  [[nodiscard]] Examples gather(std::span<const std::uint32_t> places, RowBuffers& buffers) const;
  // The rows at places [begin, begin + count): views of the table itself where the rows follow one another there and
  // are taken as they are.
  [[nodiscard]] Examples slice(std::uint64_t begin, std::size_t count, RowBuffers& buffers) const;

 private:
  [[nodiscard]] std::uint32_t row_at(std::uint64_t place) const {
    return whole_ ? static_cast<std::uint32_t>(place) : rows_[place];
  }
  [[nodiscard]] Examples view(std::uint64_t begin, std::size_t count) const;
  template <typename RowAt>
  [[nodiscard]] Examples copy(std::size_t count, const RowAt& row_at, RowBuffers& buffers) const;
  void copy_dense(std::uint32_t row, float* out) const;
  void copy_sparse(std::uint32_t row, RowBuffers& buffers) const;

  std::shared_ptr<const Table> table_;
  std::shared_ptr<const Scaling> scaling_;
  bool whole_ = true;
  std::vector<std::uint32_t> rows_;
  std::uint64_t size_ = 0;
};

}  // namespace krige::trainer
