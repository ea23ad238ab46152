#include "trainer/coordinator/record.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "base/json.h"

namespace krige::trainer {

std::optional<Score> score_of(const std::vector<BlockSum>& blocks, std::uint64_t rows, bool regression) {
  if (rows == 0) return std::nullopt;
  BlockSum total;
  for (const BlockSum& block : blocks) {
    total.loss += block.loss;
    total.score += block.score;
  }
  const auto n = static_cast<double>(rows);
  return Score{total.loss / n, regression ? std::sqrt(total.score / n) : total.score / n};
}

std::string to_text(const Record& record) {
  const std::string quality = record.regression ? "rmse" : "accuracy";
  OrderedJson json{{"step", record.step}, {"epoch", record.epoch}};
  if (record.train) json["train_loss"] = number_to_json(record.train->loss);
  if (record.validation) {
    json["validation_loss"] = number_to_json(record.validation->loss);
    json[quality] = number_to_json(record.validation->quality);
  }
  json["examples_per_second"] = number_to_json(record.examples_per_second);
  json["elapsed_seconds"] = number_to_json(record.elapsed_seconds);
  if (record.best_epoch) json["best_epoch"] = *record.best_epoch;
  if (record.spent) {
    json["compute_seconds"] = record.spent->compute_seconds;
    json["wait_seconds"] = record.spent->wait_seconds;
    json["wire_bytes"] = record.spent->socket_bytes + record.spent->memory_bytes;
    json["socket_bytes"] = record.spent->socket_bytes;
  }
  if (record.test) {
    json["test_loss"] = number_to_json(record.test->loss);
    json["test_" + quality] = number_to_json(record.test->quality);
  }
  return json.dump();
}

}  // namespace krige::trainer
