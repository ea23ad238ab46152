// A delimited text file as numbers: one column is the label, all others are features.
#pragma once

#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/train_job.h"

namespace krige::trainer {

// How labels are read. `either`: classes, unless a label is a number that is not an integer.
enum class LabelKind { number, category, either };

struct Table {
  std::vector<std::string> feature_names;  // x0, x1, … (index of the column) without a header
  std::string label_name;
  bool has_header = false;
  std::vector<double> features;             // row-major, rows × feature_names.size()
  std::vector<std::uint32_t> categories;    // of each row: index into category_names; empty for numbers
  std::vector<std::string> category_names;  // in the order of appearance
  std::vector<double> numbers;              // of each row; empty for categories
  [[nodiscard]] std::size_t rows() const { return categories.size() + numbers.size(); }
};

// Called now and then during long reads, for signs of life.
using Progress = std::function<void()>;

// Reads CSV or TSV, plain or .gz. The first line is a header if a feature cell in it is not a number. Cells may be
// quoted ("" is a quote inside); blank lines are skipped. invalid_argument, with file:line: column in the message: a
// cell that is not a finite number, a missing value, a line with more or fewer cells, an unknown label column, no rows.
[[nodiscard]] Result<Table> read_table(
    const std::string& path, const TrainData& data, LabelKind label, const Progress& progress = [] {});

}  // namespace krige::trainer
