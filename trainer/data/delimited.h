// CSV and TSV: what the columns of a file are, and its rows.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/train_job.h"
#include "trainer/data/row_chunk.h"
#include "trainer/data/table_info.h"

namespace krige::trainer {

struct DelimitedSchema {
  char separator = ',';
  bool has_header = false;
  std::size_t header_lines = 0;    // the header and the blank lines before it
  std::vector<std::string> names;  // x0, x1, … (index of the column) without a header
  std::vector<ColumnKind> kinds;
  std::optional<std::size_t> label;  // none: targets are 0
  // The training data's column of labels, where this text has none: columns from there on are one further there.
  std::optional<std::size_t> left_out;
  std::size_t numeric = 0;  // columns of numbers
  bool label_is_number = false;
  OnError on_error = OnError::fail;
  Missing missing = Missing::fail;
  Categorical categorical = Categorical::one_hot;
  unsigned hash_bits = 0;
  [[nodiscard]] bool sparse() const;  // some column has categories
};

// The schema of the text that begins with `sample`, some whole lines. Without data.header the first line is a header if
// the label is asked for by name, if a cell above a number is not one, or if no cell of it is a number. A column has
// categories if its first cell that is not missing is text, or if it is named in data.categorical_columns. Labels of
// kind `either` are classes unless the sample has one that is a number but no integer, and none that is text.
// With `like`, the table of the training data, the columns are those, and only the header is looked for. Where labels
// are ignored, their column may be missing.
// invalid_argument: no lines, no such column, one column only, other columns than those of `like`.
[[nodiscard]] Result<DelimitedSchema> survey_delimited(const std::string& path, std::string_view sample,
                                                       const TrainData& data, LabelKind label, const TableInfo* like,
                                                       Labels labels = Labels::needed);

// Cells may be quoted ("" is a quote inside); blank lines are skipped, a header is not expected. Faults: a cell that
// is not a finite number, a missing value (empty, ?, NA, N/A, null, nan), a line with more or fewer cells, a quote that
// does not end in its line. `schema` must outlive the parser.
[[nodiscard]] std::unique_ptr<RowParser> delimited_parser(const DelimitedSchema& schema);

}  // namespace krige::trainer
