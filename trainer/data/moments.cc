#include "trainer/data/moments.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace krige::trainer {
namespace {

constexpr std::uint64_t kBlockRows = 256;

// Count, mean and sum of squared deviations of each column, which two parts can be merged by (Chan, Golub, LeVeque
// 1983).
struct Sums {
  explicit Sums(std::size_t columns) : count(columns), mean(columns), squares(columns) {}
  std::vector<double> count, mean, squares;

  void merge(const Sums& part) {
    for (std::size_t c = 0; c < count.size(); ++c) {
      const double total = count[c] + part.count[c];
      if (part.count[c] == 0) continue;
      const double off = part.mean[c] - mean[c];
      squares[c] += part.squares[c] + off * off * count[c] * part.count[c] / total;
      mean[c] += off * part.count[c] / total;
      count[c] = total;
    }
  }
};

// Two passes over rows that are in the cache: means first, then squares of what is off them.
template <typename Cell>
Sums sums_of_block(std::span<const Cell* const> rows, std::size_t columns) {
  Sums sums(columns);
  for (const Cell* row : rows)
    for (std::size_t c = 0; c < columns; ++c) {
      const double value = row[c];
      const bool there = !std::isnan(value);
      sums.count[c] += there ? 1 : 0;
      sums.mean[c] += there ? value : 0;
    }
  for (std::size_t c = 0; c < columns; ++c)
    if (sums.count[c] > 0) sums.mean[c] /= sums.count[c];
  for (const Cell* row : rows)
    for (std::size_t c = 0; c < columns; ++c) {
      const double off = row[c] - sums.mean[c];
      sums.squares[c] += std::isnan(off) ? 0 : off * off;
    }
  return sums;
}

template <typename Visit>
void for_each_row(const Table& table, const Split& split, const Progress& progress, const Visit& visit) {
  const std::uint64_t rows = split.whole ? table.info().rows : split.train.size();
  for (std::uint64_t i = 0; i < rows; ++i) {
    if (i % (kBlockRows * 64) == 0) progress();
    visit(split.whole ? i : split.train[i]);
  }
}

template <typename Cell>
Sums dense_sums(const Table& table, std::span<const Cell> cells, const Split& split, const Progress& progress) {
  const std::size_t columns = table.info().columns;
  Sums total(columns);
  std::vector<const Cell*> block;
  for_each_row(table, split, progress, [&](std::uint64_t row) {
    block.push_back(cells.data() + row * columns);
    if (block.size() < kBlockRows) return;
    total.merge(sums_of_block<Cell>(block, columns));
    block.clear();
  });
  if (!block.empty()) total.merge(sums_of_block<Cell>(block, columns));
  return total;
}

// Welford's update for each entry; then the zeros that are not there, as one part.
Sums sparse_sums(const Table& table, const Split& split, const Progress& progress) {
  const TableInfo& info = table.info();
  Sums sums(info.columns);
  std::uint64_t rows = 0;
  for_each_row(table, split, progress, [&](std::uint64_t row) {
    ++rows;
    for (std::uint64_t e = table.offsets()[row]; e < table.offsets()[row + 1]; ++e) {
      const double value = info.unit_values ? 1 : table.values()[e];
      if (std::isnan(value)) continue;
      const std::uint32_t c = table.ids()[e];
      const double off = value - sums.mean[c];
      sums.mean[c] += off / ++sums.count[c];
      sums.squares[c] += off * (value - sums.mean[c]);
    }
  });
  Sums zeros(info.columns);
  for (std::size_t c = info.numeric; c < info.columns; ++c) zeros.count[c] = static_cast<double>(rows) - sums.count[c];
  sums.merge(zeros);
  return sums;
}

}  // namespace

Moments moments_of(const Table& table, const Split& split, const Progress& progress) {
  const Layout layout = table.info().layout;
  Sums sums = layout == Layout::csr        ? sparse_sums(table, split, progress)
              : layout == Layout::dense_u8 ? dense_sums(table, table.bytes(), split, progress)
                                           : dense_sums(table, table.features(), split, progress);
  Moments moments;
  moments.mean = std::move(sums.mean);
  for (std::size_t c = 0; c < moments.mean.size(); ++c) {
    const double deviation = sums.count[c] == 0 ? 0 : std::sqrt(sums.squares[c] / sums.count[c]);
    // Rounding gives a constant column of large numbers a deviation that is not quite zero.
    moments.deviation.push_back(deviation > 1e-12 * std::abs(moments.mean[c]) ? deviation : 0);
  }
  return moments;
}

}  // namespace krige::trainer
