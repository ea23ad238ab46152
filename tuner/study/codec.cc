#include "tuner/study/codec.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tuner/study/events.h"
#include "tuner/trial/codec.h"

namespace krige::tuner {
namespace {

// Text that we wrote ourselves, from the store: unreadable, it is shown as null rather than hiding the rest.
OrderedJson stored(const std::string& text) { return parse_json(text).value_or(OrderedJson(nullptr)); }

NewEvent event(const char* type, const OrderedJson& data) { return {type, dump(data)}; }

std::string data_of(const Trial& trial) {
  std::string data;
  JsonWriter json(data);
  json.begin_object();
  json.member("trial", trial);
  json.end_object();
  return data;
}

}  // namespace

OrderedJson to_json(const StudyView& study, WithSpec with_spec) {
  const StudyRow& row = study.row;
  OrderedJson counts = OrderedJson::object();
  for (const auto& [state, count] : study.trial_counts) counts[std::string(name(state))] = count;
  OrderedJson best = nullptr;
  if (study.best) {
    best = {{"trial", study.best->trial},
            {"value", number_to_json(study.best->value)},
            {"params", to_json(study.best->params)}};
  }
  OrderedJson json{{"id", row.id}, {"name", row.name}, {"state", name(row.state)}, {"state_reason", row.state_reason}};
  const OrderedJson spec = stored(row.spec);
  if (with_spec == WithSpec::yes) {
    json["spec"] = spec;
  } else {
    // What a list shows of the study file.
    if (spec.contains("objectives"))
      json["objectives"] = spec["objectives"];
    else
      json["metric"] = spec.value("metric", OrderedJson());
    json["budget"] = spec.value("budget", OrderedJson());
  }
  json["best"] = std::move(best);
  if (spec.is_object() && spec.contains("objectives")) json["optimal"] = study.optimal;
  OrderedJson& improvements = json["improvements"] = OrderedJson::array();
  for (const auto& [trial, value] : study.improvements) improvements.push_back({trial, number_to_json(value)});
  json["trial_counts"] = std::move(counts);
  json["seq"] = row.seq;
  json["active_ms"] = row.active_time.count();
  json["created_at"] = to_rfc3339(row.created_at);
  json["ended_at"] = row.ended_at ? OrderedJson(to_rfc3339(*row.ended_at)) : OrderedJson(nullptr);
  return json;
}

void write(JsonWriter& json, const Event& event) {
  json.begin_object();
  json.member("seq", event.seq);
  json.member("type", event.type);
  json.member("time", to_rfc3339(event.time));
  json.members(event.data);
  json.end_object();
}

OrderedJson to_json(const Event& event) { return stored(json_text(event)); }

OrderedJson to_json(const SurrogateFit& fit) {
  return {{"id", fit.id}, {"finished", fit.finished}, {"through", fit.through}, {"model", stored(fit.model)}};
}

Result<SurrogateFit> surrogate_fit_from_json(const OrderedJson& json) {
  Faults faults;
  ObjectReader reader(json, "", faults);
  for (const char* key : {"id", "finished", "through", "model"}) reader.require(key);
  SurrogateFit fit;
  fit.id = reader.integer_in("id", 1, INT64_MAX).value_or(0);
  fit.finished = reader.integer_in("finished", 0, INT64_MAX).value_or(0);
  fit.through = static_cast<std::uint64_t>(reader.integer_in("through", 0, INT64_MAX).value_or(0));
  if (const OrderedJson* model = reader.raw("model"); model != nullptr) {
    if (!model->is_object()) reader.fault("model", fmt::format("must be an object, is {}", model->type_name()));
    fit.model = dump(*model);
  }
  reader.finish();
  if (!faults.empty()) return fail(faults.error());
  return fit;
}

Result<SurrogateFit> surrogate_fit_from_text(const std::string& text) {
  KRIGE_TRY(const OrderedJson json, parse_json(text));
  return surrogate_fit_from_json(json);
}

NewEvent study_created(const StudyView& study) { return event("STUDY_CREATED", {{"study", to_json(study)}}); }

NewEvent study_updated(const StudyView& study) { return event("STUDY_UPDATED", {{"study", to_json(study)}}); }

NewEvent study_state_changed(const StudyRow& row) {
  return event(
      "STUDY_STATE_CHANGED",
      {{"state", name(row.state)}, {"state_reason", row.state_reason}, {"active_ms", row.active_time.count()}});
}

NewEvent trial_created(const Trial& trial) { return {kTrialCreated, data_of(trial)}; }
NewEvent trial_state_changed(const Trial& trial) { return {kTrialStateChanged, data_of(trial)}; }

NewEvent worker_quarantined(const std::string& worker, WallTime until) {
  return event("WORKER_QUARANTINED", {{"worker", worker}, {"until", to_rfc3339(until)}});
}

NewEvent surrogate_fitted(const SurrogateFit& fit) { return event(kSurrogateFitted, to_json(fit)); }

NewEvent trials_forgotten(const std::vector<Trial>& trials, bool records, bool files, const std::string& reason) {
  OrderedJson ids = OrderedJson::array(), removed = OrderedJson::array();
  for (const Trial& trial : trials) ids.push_back(trial.id);
  if (records) removed.push_back("records");
  if (files) removed.push_back("files");
  return event("TRIALS_FORGOTTEN", {{"trials", ids}, {"removed", removed}, {"reason", reason}});
}

NewEvent trial_reported(const Record& record) {
  std::string data;
  JsonWriter json(data);
  json.begin_object();
  json.member("trial_id", record.trial);
  json.member("step", record.step);
  json.member("metrics", record.metrics);
  json.end_object();
  return {kTrialReported, std::move(data)};
}

}  // namespace krige::tuner
