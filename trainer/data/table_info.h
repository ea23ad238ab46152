// What is known of a converted file besides its numbers.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace krige::trainer {

// How labels are read. `either`: classes, unless a label is a number that is not an integer.
enum class LabelKind { number, category, either };
// Whether a file's labels are read at all.
enum class Labels { needed, ignored };
enum class Layout { dense_f32, dense_u8, csr };
enum class ColumnKind { number, category, label, ignored };

struct TableInfo {
  Layout layout = Layout::dense_f32;
  std::uint64_t rows = 0;
  std::uint64_t columns = 0;  // features
  std::uint64_t entries = 0;  // csr
  std::uint64_t skipped = 0;  // rows left out
  bool unit_values = false;   // csr: every entry is 1, and there is no section of values
  bool has_missing = false;   // some values are NaN
  // Columns [0, numeric) are numbers; csr: behind them are indicators of categories, 1 or not there.
  std::uint64_t numeric = 0;
  bool has_header = false;
  std::vector<std::string> names;  // of the columns; empty: they have none but their numbers
  std::string label;
  std::vector<std::string> classes;       // sorted; empty: the targets are numbers
  std::vector<std::string> text_columns;  // csv, tsv: every column of the text
  std::vector<ColumnKind> kinds;          // of the text's columns
  std::vector<std::string> categories;    // category_key of each column from `numeric` on (one_hot)
  std::string content;                    // hash of the source's bytes
  [[nodiscard]] bool sparse() const { return layout == Layout::csr; }
  friend bool operator==(const TableInfo&, const TableInfo&) = default;
};
[[nodiscard]] std::string to_text(const TableInfo& info);  // JSON
[[nodiscard]] Result<TableInfo> parse_table_info(std::string_view text);

// By value if all are numbers, else as text.
[[nodiscard]] std::vector<std::string> sorted_names(std::vector<std::string> names);

}  // namespace krige::trainer
