#include "cli/job_file.h"

#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/train_job.h"
#include "tuner/spec/study_spec.h"

namespace krige::cli {
namespace {

namespace fs = std::filesystem;

// Relative paths are meant from the job's folder.
void resolve(OrderedJson& job, const fs::path& folder) {
  if (!job.is_object() || !job.contains("data") || !job["data"].is_object()) return;
  auto& data = job["data"];
  for (const std::string& key : data_path_keys(data)) data[key] = (folder / data[key].get<std::string>()).string();
}

}  // namespace

bool is_job(const OrderedJson& document) {
  return document.is_object() && document.contains("model") && !document.contains("parameters");
}

Result<OrderedJson> load_job(const std::string& file) {
  KRIGE_TRY(OrderedJson json, tuner::load_document(file));
  if (json.is_object() && json.contains("parameters"))
    return fail(ErrorCode::invalid_argument, "is a study, not a training job: run it with krige sweep");
  resolve(json, fs::absolute(file).parent_path());
  KRIGE_TRY(const TrainJob job, parse_train_job(json));
  return to_json(job);
}

}  // namespace krige::cli
