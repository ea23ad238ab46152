#include "tuner/trial/codec.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace krige::tuner {
namespace {

OrderedJson time_or_null(const std::optional<WallTime>& time) {
  return time ? OrderedJson(to_rfc3339(*time)) : OrderedJson(nullptr);
}

OrderedJson number(double value) { return OrderedJson(number_to_json(value)); }

}  // namespace

OrderedJson to_json(const Attempt& attempt) {
  return {{"id", attempt.id},
          {"state", name(attempt.state)},
          {"worker", attempt.worker},
          {"reason", attempt.reason},
          {"started_at", to_rfc3339(attempt.started_at)},
          {"ended_at", time_or_null(attempt.ended_at)}};
}

OrderedJson to_json(const SuggestionInfo& info) {
  OrderedJson json{{"method", info.method}};
  if (info.fit) json["fit"] = *info.fit;
  if (info.through) json["through"] = *info.through;
  if (info.mean) json["mean"] = number(*info.mean);
  if (info.sd) json["sd"] = number(*info.sd);
  if (!info.means.empty()) json["means"] = metrics_to_json(info.means);
  if (!info.sds.empty()) json["sds"] = metrics_to_json(info.sds);
  if (info.log_ei) json["log_ei"] = number(*info.log_ei);
  if (info.feasible) json["feasible"] = number(*info.feasible);
  if (!info.note.empty()) json["note"] = info.note;
  return json;
}

OrderedJson to_json(const Trial& trial) {
  OrderedJson attempts = OrderedJson::array();
  for (const Attempt& attempt : trial.attempts) attempts.push_back(to_json(attempt));
  OrderedJson json{{"id", trial.id},
                   {"state", name(trial.state)},
                   {"reason", trial.reason},
                   {"params", to_json(trial.params)},
                   {"value", trial.value ? number(*trial.value) : OrderedJson(nullptr)}};
  add_outcome(trial, json);
  json["suggestion"] = to_json(trial.suggestion);
  json["attempts"] = std::move(attempts);
  json["created_at"] = to_rfc3339(trial.created_at);
  json["ended_at"] = time_or_null(trial.ended_at);
  if (trial.records_removed_at) json["records_removed_at"] = to_rfc3339(*trial.records_removed_at);
  if (trial.files_removed_at) json["files_removed_at"] = to_rfc3339(*trial.files_removed_at);
  return json;
}

void add_outcome(const Trial& trial, OrderedJson& json) {
  if (!trial.values.empty()) json["values"] = metrics_to_json(trial.values);
  for (const ConstraintResult& one : trial.constraints)
    json["constraints"][one.name] = {{"value", number(one.value)}, {"feasible", one.feasible}};
}

Status read_outcome(const OrderedJson* values, const OrderedJson* constraints, Trial& trial) {
  if (values != nullptr) {
    KRIGE_TRY(trial.values, metrics_from_json(*values, "values"));
  }
  if (constraints == nullptr) return {};
  Faults faults;
  if (!constraints->is_object()) faults.add("constraints", "must be an object");
  for (const auto& [name, held] : constraints->items()) {
    ObjectReader reader(held, join_path("constraints", name), faults);
    reader.require("value");
    reader.require("feasible");
    const OrderedJson* value = reader.raw("value");
    const std::optional<double> number = value == nullptr ? std::nullopt : number_from_json(*value);
    if (value != nullptr && !number) reader.fault("value", "must be a number");
    trial.constraints.push_back({name, number.value_or(0), reader.boolean("feasible").value_or(false)});
    reader.finish();
  }
  if (!faults.empty()) return fail(faults.error());
  return {};
}

OrderedJson metrics_to_json(const std::vector<std::pair<std::string, double>>& metrics) {
  OrderedJson json = OrderedJson::object();
  for (const auto& [name, value] : metrics) json[name] = number(value);
  return json;
}

OrderedJson to_json(const Record& record) {
  return {{"step", record.step}, {"metrics", metrics_to_json(record.metrics)}};
}

Result<SuggestionInfo> suggestion_from_json(const OrderedJson& json) {
  Faults faults;
  ObjectReader reader(json, "suggestion", faults);
  SuggestionInfo info;
  info.method = reader.string("method").value_or("");
  info.fit = reader.integer_in("fit", 1, INT64_MAX);
  if (const auto through = reader.integer_in("through", 0, INT64_MAX))
    info.through = static_cast<std::uint64_t>(*through);
  const auto optional_number = [&](std::string_view key) -> std::optional<double> {
    const OrderedJson* value = reader.raw(key);
    return value == nullptr ? std::nullopt : number_from_json(*value);
  };
  info.mean = optional_number("mean");
  info.sd = optional_number("sd");
  const auto optional_metrics = [&](const char* key, std::vector<std::pair<std::string, double>>& out) {
    const OrderedJson* held = reader.raw(key);
    if (held == nullptr) return;
    if (auto read = metrics_from_json(*held, join_path("suggestion", key)))
      out = *std::move(read);
    else
      faults.add(read.error());
  };
  optional_metrics("means", info.means);
  optional_metrics("sds", info.sds);
  info.log_ei = optional_number("log_ei");
  info.feasible = optional_number("feasible");
  info.note = reader.string("note").value_or("");
  reader.finish();
  if (!faults.empty()) return fail(faults.error());
  return info;
}

Result<std::vector<std::pair<std::string, double>>> metrics_from_json(const OrderedJson& json,
                                                                      const std::string& path) {
  if (!json.is_object()) return fail(ErrorCode::invalid_argument, "must be an object of numbers", path);
  std::vector<std::pair<std::string, double>> metrics;
  metrics.reserve(json.size());
  Faults faults;
  for (const auto& [name, held] : json.items()) {
    if (const std::optional<double> value = number_from_json(held))
      metrics.emplace_back(name, *value);
    else
      faults.add(join_path(path, name), fmt::format("must be a number, is {}", held.dump()));
  }
  if (!faults.empty()) return fail(faults.error());
  return metrics;
}

}  // namespace krige::tuner
