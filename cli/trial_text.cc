#include "cli/trial_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "cli/terminal.h"

namespace krige::cli {
namespace {

std::string csv_field(const OrderedJson& value) {
  if (value.is_null()) return "";
  std::string text = value.is_string() ? value.get<std::string>() : value.dump();
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  for (std::size_t at = text.find('"'); at != std::string::npos; at = text.find('"', at + 2)) text.insert(at, 1, '"');
  return "\"" + text + "\"";
}

OrderedJson member(const OrderedJson& object, const std::string& name) {
  if (!object.is_object()) return {};
  const auto found = object.find(name);
  return found == object.end() ? OrderedJson() : *found;
}

// Of a list of objects with a `name`.
std::vector<std::string> names_of(const OrderedJson& list) {
  std::vector<std::string> names;
  for (const OrderedJson& item : list) names.push_back(item.at("name").get<std::string>());
  return names;
}

}  // namespace

std::string short_value(const OrderedJson& value) {
  if (value.is_number_float()) return short_number(value.get<double>());
  return value.is_string() ? value.get<std::string>() : value.dump();
}

std::string describe_params(const OrderedJson& params) {
  std::string text;
  for (const auto& [name, value] : params.items())
    text += fmt::format("{}{}={}", text.empty() ? "" : " ", name, short_value(value));
  return text;
}

std::string describe_outcome(const OrderedJson& trial) {
  std::vector<std::string> parts;
  if (const OrderedJson value = member(trial, "value"); !value.is_null()) parts.push_back(short_value(value));
  const OrderedJson values = member(trial, "values");
  if (!values.empty()) parts.push_back(describe_params(values));
  const OrderedJson constraints = member(trial, "constraints");
  for (const auto& [name, held] : constraints.items())
    if (!held.at("feasible").get<bool>())
      parts.push_back(fmt::format("breaks {}: {}", name, short_value(held.at("value"))));
  return fmt::format("{}", fmt::join(parts, "  "));
}

std::string describe_trial(const OrderedJson& trial) {
  std::string text = fmt::format("trial {}  {}", trial.at("id").dump(), trial.at("state").get<std::string>());
  if (const std::string outcome = describe_outcome(trial); !outcome.empty()) text += "  " + outcome;
  if (!trial.at("params").empty()) text += "  " + describe_params(trial.at("params"));
  if (const std::string reason = trial.at("reason").get<std::string>(); !reason.empty()) text += "  (" + reason + ")";
  return text;
}

std::string trials_csv(const OrderedJson& spec, const std::vector<OrderedJson>& trials) {
  const std::vector<std::string> objectives = names_of(member(spec, "objectives"));
  const std::vector<std::string> constraints = names_of(member(spec, "constraints"));
  const OrderedJson parameters = member(spec, "parameters");
  std::string csv = "id,state";
  if (objectives.empty()) csv += ",value";
  for (const std::string& name : objectives) csv += "," + csv_field(name);
  for (const std::string& name : constraints) csv += "," + csv_field(name);
  for (const auto& [name, parameter] : parameters.items()) csv += "," + csv_field(name);
  csv += ",reason,created_at,ended_at\n";
  for (const OrderedJson& trial : trials) {
    csv += fmt::format("{},{}", csv_field(trial.at("id")), csv_field(trial.at("state")));
    if (objectives.empty()) csv += "," + csv_field(member(trial, "value"));
    for (const std::string& name : objectives) csv += "," + csv_field(member(member(trial, "values"), name));
    for (const std::string& name : constraints)
      csv += "," + csv_field(member(member(member(trial, "constraints"), name), "value"));
    for (const auto& [name, parameter] : parameters.items()) csv += "," + csv_field(member(trial.at("params"), name));
    for (const char* name : {"reason", "created_at", "ended_at"}) csv += "," + csv_field(member(trial, name));
    csv += "\n";
  }
  return csv;
}

}  // namespace krige::cli
