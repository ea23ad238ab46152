// What a trained model says of the rows of a file, and how good that is. One process, one thread; the rows lie in files
// without a name while they are worked on, so that the memory does not depend on the file's size.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "trainer/checkpoint/model_file.h"
#include "trainer/coordinator/record.h"

namespace krige::trainer {

struct PredictionFormat {
  bool probabilities = false;  // of all classes, in their order
  bool json = false;
};

// One line a row of `path`, in its order, handed over in pieces of whole lines: the value, or the likeliest class
// (after it, separated by tabs, the probabilities). JSON: {"value": 1.5}, {"class": "yes", "probabilities": {"no":
// 0.25, …}}. No labels are needed. Nothing is written before the whole file has been read. invalid_argument: the file,
// probabilities of a number; corrupt: a model that contradicts itself; unsupported: outputs that are no numbers, as
// those of a training that diverged; errors of `write`.
[[nodiscard]] Status predict(const ModelFile& model, const std::string& path, const PredictionFormat& format,
                             const std::function<Status(std::string_view)>& write);

struct Measure {
  std::uint64_t rows = 0;
  std::uint64_t skipped = 0;  // rows left out as the model's job says: malformed ones, or such with a missing value
  Score score;
  bool regression = false;
};
// Over all rows of `path`, which needs labels. Errors as predict().
[[nodiscard]] Result<Measure> evaluate(const ModelFile& model, const std::string& path);
[[nodiscard]] std::string to_text(const Measure& measure);       // "rows 100  loss 0.25  accuracy 0.9"
[[nodiscard]] std::string to_json_text(const Measure& measure);  // one document

}  // namespace krige::trainer
