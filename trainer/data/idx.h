// IDX, the format of MNIST: 0, 0, type (8: unsigned byte), number of dimensions, then the dimensions as big-endian u32
// and the bytes. The first dimension counts the examples; a file of images goes with one of labels.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "trainer/data/table_file.h"

namespace krige::trainer {

// The labels beside a file of images by the usual name: images becomes labels, idx3 becomes idx1; packed or not.
// invalid_argument: there is no such file.
[[nodiscard]] Result<std::string> find_idx_labels(const std::string& images);

// The numbers of the labels are the names of the classes, or the targets; without a file of labels these are 0.
// invalid_argument, corrupt: not such a file, too short or too long, other numbers of images and labels, another shape
// or another class than `like` has.
[[nodiscard]] Result<Table> convert_idx(const std::string& images, const std::optional<std::string>& labels,
                                        LabelKind label, const TableInfo* like, TableWriter writer,
                                        const Progress& progress);

}  // namespace krige::trainer
