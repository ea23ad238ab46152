// Reads a file of data of any format into a table.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/train_job.h"
#include "trainer/data/table_file.h"

namespace krige::trainer {

struct TableRequest {
  std::string path;
  const TrainData* data = nullptr;  // how it is read; `path` may be another than data->path
  LabelKind label = LabelKind::number;
  const TableInfo* like = nullptr;  // of the training data, for a further file
  Labels labels = Labels::needed;   // ignored: targets are 0, and with `like` the labels may be missing
};

// The files that the request reads: the data, and in idx the labels. invalid_argument: no labels are found.
[[nodiscard]] Result<std::vector<std::string>> source_files(const TableRequest& request);

// Text is parsed in chunks by up to four threads, the caller's among them, which alone calls `progress`. The result
// does not depend on their number, and the memory not on the file's size. invalid_argument names file, line and column
// of the first fault; corrupt, conflict: damaged packing, a file that changes while it is read.
[[nodiscard]] Result<Table> convert(const TableRequest& request, TableWriter writer, const Progress& progress);

}  // namespace krige::trainer
