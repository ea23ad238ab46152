// Collects the rows of chunks, in their order, into a table.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "trainer/data/row_chunk.h"
#include "trainer/data/table_file.h"

namespace krige::trainer {

struct TablePlan {
  std::string path;  // of the text, for messages
  LabelKind label = LabelKind::number;
  bool label_is_number = false;  // the chunks' targets
  std::string label_name;
  bool sparse = false;
  std::uint64_t numeric = 0;               // csv, tsv: columns of numbers
  std::uint64_t hashed = 0;                // features that categories are hashed to
  bool open_ended = false;                 // libsvm: the largest id says how many columns there are
  std::vector<std::string> feature_names;  // of the numeric columns; empty: none
  std::vector<std::string> text_columns;
  std::vector<ColumnKind> kinds;
  bool has_header = false;
  // The table of the training data, for a further file: its classes and categories are the only ones. Or null.
  const TableInfo* like = nullptr;
};

// One thread at a time.
class TableBuilder {
 public:
  TableBuilder(TablePlan plan, TableWriter writer) : plan_(std::move(plan)), writer_(std::move(writer)) {}
  // Changes the chunk: numbers of labels and categories become the table's. invalid_argument: the chunk's fault, with
  // file and line; a class that the training data do not have; too many classes or categories. io: cannot be written.
  [[nodiscard]] Status add(RowChunk& chunk);
  // invalid_argument: there are no rows.
  [[nodiscard]] Result<Table> finish(const std::string& content, const Progress& progress);
  // Of the chunks added so far.
  [[nodiscard]] std::uint64_t lines() const { return lines_; }

 private:
  Status number_labels(RowChunk& chunk);
  Status number_categories(RowChunk& chunk);
  Status add_entries(const RowChunk& chunk);
  Status add_values(std::span<const float> values);
  Status finish_targets(const Progress& progress);
  Status finish_categories(const Progress& progress);

  TablePlan plan_;
  TableWriter writer_;
  TableInfo info_;
  std::uint64_t lines_ = 0;
  Names labels_;      // in canonical form: 1, 1.0 and 1e0 are one class
  Names categories_;  // category_key
  bool unit_values_ = true;
  std::uint64_t width_ = 0;  // open-ended: the largest id + 1
};

}  // namespace krige::trainer
