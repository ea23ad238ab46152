// The format of libsvm and svmlight: "label id:value id:value … # comment", ids ascending from 1.
#pragma once

#include <cstdint>
#include <memory>

#include "base/train_job.h"
#include "trainer/data/row_chunk.h"

namespace krige::trainer {

struct LibsvmSchema {
  bool label_is_number = false;  // else its text is the name of a class
  OnError on_error = OnError::fail;
  // Entries of larger ids are left out: the training data had none, so that no weight belongs to them.
  std::uint32_t max_id = kMaxId;
  static constexpr std::uint32_t kMaxId = std::uint32_t{1} << 28;  // as many parameters as a model may have
};

// Ids in the rows begin at 0. Faults: a label that is not a number, an entry that is not id:value, an id that is 0, not
// above the one before it, or beyond 2^28, a value that is not finite.
[[nodiscard]] std::unique_ptr<RowParser> libsvm_parser(const LibsvmSchema& schema);

}  // namespace krige::trainer
