#include "tuner/trial/codec.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace krige::tuner {
namespace {

std::optional<std::string> text_of(const std::optional<WallTime>& time) {
  return time ? std::optional(to_rfc3339(*time)) : std::nullopt;
}

void write(JsonWriter& json, const Attempt& attempt) {
  json.begin_object();
  json.member("id", attempt.id);
  json.member("state", name(attempt.state));
  json.member("worker", attempt.worker);
  json.member("reason", attempt.reason);
  json.member("started_at", to_rfc3339(attempt.started_at));
  json.member("ended_at", text_of(attempt.ended_at));
  json.end_object();
}

// What we have just written is JSON.
OrderedJson document(const std::string& text) { return OrderedJson::parse(text); }

}  // namespace

void write(JsonWriter& json, const Record& record) {
  json.begin_object();
  json.member("step", record.step);
  json.member("metrics", record.metrics);
  json.end_object();
}

void write(JsonWriter& json, const SuggestionInfo& info) {
  json.begin_object();
  json.member("method", info.method);
  if (info.fit) json.member("fit", *info.fit);
  if (info.through) json.member("through", *info.through);
  if (info.mean) json.member("mean", *info.mean);
  if (info.sd) json.member("sd", *info.sd);
  if (!info.means.empty()) json.member("means", info.means);
  if (!info.sds.empty()) json.member("sds", info.sds);
  if (info.log_ei) json.member("log_ei", *info.log_ei);
  if (info.feasible) json.member("feasible", *info.feasible);
  if (!info.note.empty()) json.member("note", info.note);
  json.end_object();
}

void write(JsonWriter& json, const Trial& trial) {
  json.begin_object();
  json.member("id", trial.id);
  json.member("state", name(trial.state));
  json.member("reason", trial.reason);
  json.member("params", trial.params);
  json.member("value", trial.value);
  write_outcome(json, trial);
  json.member("suggestion", trial.suggestion);
  json.key("attempts");
  json.begin_array();
  for (const Attempt& attempt : trial.attempts) write(json, attempt);
  json.end_array();
  json.member("created_at", to_rfc3339(trial.created_at));
  json.member("ended_at", text_of(trial.ended_at));
  if (trial.records_removed_at) json.member("records_removed_at", to_rfc3339(*trial.records_removed_at));
  if (trial.files_removed_at) json.member("files_removed_at", to_rfc3339(*trial.files_removed_at));
  json.end_object();
}

void write_outcome(JsonWriter& json, const Trial& trial) {
  if (!trial.values.empty()) json.member("values", trial.values);
  if (trial.constraints.empty()) return;
  json.key("constraints");
  json.begin_object();
  for (const ConstraintResult& one : trial.constraints) {
    json.key(one.name);
    json.begin_object();
    json.member("value", one.value);
    json.member("feasible", one.feasible);
    json.end_object();
  }
  json.end_object();
}

OrderedJson to_json(const Trial& trial) { return document(json_text(trial)); }
OrderedJson to_json(const SuggestionInfo& info) { return document(json_text(info)); }

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
  const auto optional_metrics = [&](const char* key, Metrics& out) {
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

Result<Metrics> metrics_from_json(const OrderedJson& json, const std::string& path) {
  if (!json.is_object()) return fail(ErrorCode::invalid_argument, "must be an object of numbers", path);
  Metrics metrics;
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
