// Stores with long studies in them, made without the service: by requests it would take the time of the bench.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/ids.h"

namespace krige::bench {

// A study of three parameters, JSON text: method `method`, metric `value`, minimized.
[[nodiscard]] std::string study_file(const std::string& method);

struct LongStudy {
  std::string method = "random";
  std::int64_t trials = 0;       // COMPLETED by a worker each
  std::int64_t with_curves = 0;  // the last of them have
  std::int64_t records = 0;      // so many records each
};
// Adds the study to the store of the data directory `folder`, which no service may hold.
[[nodiscard]] Result<StudyId> add_long_study(const std::filesystem::path& folder, const LongStudy& study);

}  // namespace krige::bench
