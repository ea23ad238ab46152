// The file of a training job, as `krige train` takes it.
#pragma once

#include <string>

#include "base/error.h"
#include "base/json.h"

namespace krige::cli {

// Whether a document is a training job and not a study: it names a model and has no parameters.
[[nodiscard]] bool is_job(const OrderedJson& document);

// The job in its canonical form, its relative paths taken from the file's folder. Errors: every fault by its path; a
// study.
[[nodiscard]] Result<OrderedJson> load_job(const std::string& file);

}  // namespace krige::cli
