// The file of a trained model: "KRIGEMDL" | version u32 | header bytes u32 | JSON header | f32 weights | CRC-32 of all
// before. The header holds the job (without what only says how it was run: workers, shards, transport), the data's
// summary and the number of weights.
#pragma once

#include <span>
#include <string>

#include "base/error.h"
#include "base/train_job.h"
#include "trainer/data/dataset.h"
#include "trainer/floats.h"

namespace krige::trainer {

struct ModelFile {
  TrainJob job;
  DataSummary data;
  Floats weights;
};

// Written aside and renamed.
[[nodiscard]] Status write_model(const std::string& path, const TrainJob& job, const DataSummary& data,
                                 std::span<const float> weights);
// corrupt: not a model file, another version, or damaged.
[[nodiscard]] Result<ModelFile> read_model(const std::string& path);

}  // namespace krige::trainer
