#include "tuner/storage/rows.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <string_view>

#include "tuner/trial/codec.h"

namespace krige::tuner {
namespace {

Unexpected bad(std::string field, std::string message) {
  return fail(ErrorCode::invalid_argument, std::move(message), std::move(field));
}

// For what goes into JSON; the other columns hold any bytes, such as the last words of a user's program.
Status check_text(const std::string& text, const std::string& field) {
  const bool ascii = std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  if (ascii) return {};
  try {
    static_cast<void>(OrderedJson(text).dump());
    return {};
  } catch (const nlohmann::json::exception&) {
    return bad(field, "is not UTF-8");
  }
}

Status check_name(const std::string& name, const std::string& field, std::set<std::string_view>& seen) {
  KRIGE_CHECK(check_text(name, field));
  if (!seen.insert(name).second) return bad(join_path(field, name), "is given twice");
  return {};
}

Status check_params(const Params& params, const std::string& field) {
  std::set<std::string_view> seen;
  for (const auto& [name, value] : params) {
    KRIGE_CHECK(check_name(name, field, seen));
    const auto* number = std::get_if<double>(&value);
    if (number != nullptr && !std::isfinite(*number)) return bad(join_path(field, name), "must be a finite number");
    if (const auto* text = std::get_if<std::string>(&value)) KRIGE_CHECK(check_text(*text, join_path(field, name)));
  }
  return {};
}

Status check_outcome(const Trial& trial, const std::string& field) {
  std::set<std::string_view> values, constraints;
  for (const auto& [name, value] : trial.values) KRIGE_CHECK(check_name(name, field + ".values", values));
  for (const ConstraintResult& one : trial.constraints)
    KRIGE_CHECK(check_name(one.name, field + ".constraints", constraints));
  return {};
}

Status check_trial(const Trial& trial, const std::string& field) {
  if (trial.id < 1) return bad(field + ".id", fmt::format("must be at least 1, is {}", trial.id));
  KRIGE_CHECK(check_params(trial.params, field + ".params"));
  KRIGE_CHECK(check_outcome(trial, field));
  KRIGE_CHECK(check_text(trial.suggestion.method, field + ".suggestion.method"));
  KRIGE_CHECK(check_text(trial.suggestion.note, field + ".suggestion.note"));
  AttemptId last = 0;
  for (const Attempt& attempt : trial.attempts) {
    const std::string path = fmt::format("{}.attempts[{}]", field, &attempt - trial.attempts.data());
    if (attempt.id <= last) return bad(path + ".id", fmt::format("must be above {}, is {}", last, attempt.id));
    last = attempt.id;
  }
  return {};
}

}  // namespace

Status check(const Change& change) {
  for (const Trial& trial : change.trials)
    KRIGE_CHECK(check_trial(trial, fmt::format("trials[{}]", &trial - change.trials.data())));
  for (const Record& record : change.records) {
    const std::string path = fmt::format("records[{}].metrics", &record - change.records.data());
    std::set<std::string_view> seen;
    for (const auto& [name, value] : record.metrics) KRIGE_CHECK(check_name(name, path, seen));
  }
  return {};
}

// Without a parse: a study has as many of them as all its trials have reports.
TrialId reported_trial(std::string_view data) {
  constexpr std::string_view kBegin = "{\"trial_id\":";
  TrialId trial = 0;
  if (data.starts_with(kBegin)) std::from_chars(data.data() + kBegin.size(), data.data() + data.size(), trial);
  return trial;
}

Error no_study(const StudyId& study) {
  return {ErrorCode::not_found, fmt::format("there is no study {}", study), {}, {}};
}

Error no_trial(const StudyId& study, TrialId trial) {
  return {ErrorCode::not_found, fmt::format("study {} has no trial {}", study, trial), {}, {}};
}

Error study_exists(const StudyId& study) {
  return {ErrorCode::already_exists, fmt::format("study {} exists already", study), {}, {}};
}

Error stale_epoch(const Change& change, std::uint64_t epoch) {
  return {ErrorCode::conflict,
          fmt::format("study {} was taken over: it is at epoch {}, the change is of epoch {}", change.study, epoch,
                      change.epoch),
          {},
          {}};
}

std::string params_text(const Params& params) { return json_text(params); }
std::string outcome_text(const Trial& trial) {
  std::string text;
  JsonWriter json(text);
  json.begin_object();
  write_outcome(json, trial);
  json.end_object();
  return text;
}
std::string suggestion_text(const SuggestionInfo& info) { return json_text(info); }
std::string metrics_text(const Metrics& metrics) { return json_text(metrics); }

Result<Params> params_from_text(const std::string& text) {
  KRIGE_TRY(const OrderedJson json, parse_json(text));
  return params_from_json(json);
}

Status outcome_from_text(const std::string& text, Trial& trial) {
  KRIGE_TRY(const OrderedJson json, parse_json(text));
  Faults faults;
  ObjectReader reader(json, "", faults);
  const OrderedJson *values = reader.raw("values"), *constraints = reader.raw("constraints");
  reader.finish();
  if (!faults.empty()) return fail(faults.error());
  return read_outcome(values, constraints, trial);
}

Result<SuggestionInfo> suggestion_from_text(const std::string& text) {
  KRIGE_TRY(const OrderedJson json, parse_json(text));
  return suggestion_from_json(json);
}

Result<std::vector<std::pair<std::string, double>>> metrics_from_text(const std::string& text) {
  KRIGE_TRY(const OrderedJson json, parse_json(text));
  return metrics_from_json(json, "metrics");
}

}  // namespace krige::tuner
