// The training job as JSON text: the one place of the trainer where a job is parsed.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/train_job.h"

namespace krige::trainer {

[[nodiscard]] Result<TrainJob> parse_job_text(std::string_view text);
[[nodiscard]] std::string job_text(const TrainJob& job);

}  // namespace krige::trainer
