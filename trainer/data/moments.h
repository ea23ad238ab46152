// Mean and deviation of columns.
#pragma once

#include <cstdint>
#include <vector>

#include "trainer/data/split.h"
#include "trainer/data/table_file.h"

namespace krige::trainer {

// Of each column, with 1/n over the values that are there. An entry that a sparse row does not have is a 0, unless the
// column is one of the numbers of a csv or tsv file, which every row has.
struct Moments {
  std::vector<double> mean, deviation;
};

// Over the training rows, in their order, in one pass with f64 sums: the same in every process.
[[nodiscard]] Moments moments_of(const Table& table, const Split& split, const Progress& progress);

}  // namespace krige::trainer
