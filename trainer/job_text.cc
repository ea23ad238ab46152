#include "trainer/job_text.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace krige::trainer {

Result<TrainJob> parse_job_text(std::string_view text) {
  KRIGE_TRY(const OrderedJson json, parse_json(text));
  return parse_train_job(json);
}

std::string job_text(const TrainJob& job) {
  return to_json(job).dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace krige::trainer
