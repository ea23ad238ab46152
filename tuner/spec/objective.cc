#include "tuner/spec/objective.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <set>

namespace krige::tuner {
namespace {

constexpr std::array<std::string_view, 2> kGoals{"minimize", "maximize"};
constexpr std::array<std::string_view, 2> kReduces{"last", "best"};

template <typename Enum>
void read_enum(ObjectReader& reader, std::string_view key, const std::array<std::string_view, 2>& names, Enum& out) {
  if (const auto name = reader.one_of(key, {names.begin(), names.end()}))
    out = static_cast<Enum>(std::ranges::find(names, *name) - names.begin());
}

// What a metric and an objective have in common.
template <typename Kind>
void read_goal(ObjectReader& reader, Kind& out) {
  reader.require("name");
  out.name = reader.string("name").value_or(out.name);
  if (out.name.empty() && reader.has("name")) reader.fault("name", "must not be empty");
  read_enum(reader, "goal", kGoals, out.goal);
  read_enum(reader, "reduce", kReduces, out.reduce);
}

// Calls `read` with the reader of each object of the list; names that are given twice are faults.
template <typename Item, typename Read>
std::vector<Item> read_list(const OrderedJson& json, const std::string& path, Faults& faults, Read read) {
  std::vector<Item> items;
  std::set<std::string> names;
  for (std::size_t i = 0; i < json.size(); ++i) {
    ObjectReader reader(json[i], fmt::format("{}[{}]", path, i), faults);
    Item& item = items.emplace_back();
    read(reader, item);
    if (!item.name.empty() && !names.insert(item.name).second) reader.fault("name", "is given twice");
    reader.finish();
  }
  return items;
}

}  // namespace

Metric read_metric(const OrderedJson& json, Faults& faults) {
  Metric metric;
  ObjectReader reader(json, "metric", faults);
  read_goal(reader, metric);
  metric.target = reader.number("target");
  reader.finish();
  return metric;
}

std::vector<Objective> read_objectives(const OrderedJson& json, Faults& faults) {
  if (!json.is_array() || json.size() < kMinObjectives || json.size() > kMaxObjectives) {
    faults.add("objectives", fmt::format("must be a list of {} to {} objectives; a single one is given as metric",
                                         kMinObjectives, kMaxObjectives));
    return {};
  }
  return read_list<Objective>(json, "objectives", faults, [](ObjectReader& reader, Objective& objective) {
    read_goal(reader, objective);
    objective.reference = reader.number("reference");
  });
}

std::vector<Constraint> read_constraints(const OrderedJson& json, Faults& faults) {
  if (!json.is_array() || json.empty() || json.size() > kMaxConstraints) {
    faults.add("constraints", fmt::format("must be a list of 1 to {} constraints", kMaxConstraints));
    return {};
  }
  return read_list<Constraint>(json, "constraints", faults, [](ObjectReader& reader, Constraint& constraint) {
    reader.require("name");
    constraint.name = reader.string("name").value_or("");
    if (constraint.name.empty() && reader.has("name")) reader.fault("name", "must not be empty");
    constraint.min = reader.number("min");
    constraint.max = reader.number("max");
    if (!reader.has("min") && !reader.has("max")) reader.fault("max", "is missing: give max, min or both");
    if (constraint.min && constraint.max && *constraint.min >= *constraint.max)
      reader.fault("min", "must be below max");
  });
}

OrderedJson to_json(const Metric& metric) {
  OrderedJson json{{"name", metric.name}, {"goal", name(metric.goal)}, {"reduce", name(metric.reduce)}};
  if (metric.target) json["target"] = *metric.target;
  return json;
}

OrderedJson to_json(const std::vector<Objective>& objectives) {
  OrderedJson list = OrderedJson::array();
  for (const Objective& objective : objectives) {
    OrderedJson json{{"name", objective.name}, {"goal", name(objective.goal)}, {"reduce", name(objective.reduce)}};
    if (objective.reference) json["reference"] = *objective.reference;
    list.push_back(std::move(json));
  }
  return list;
}

OrderedJson to_json(const std::vector<Constraint>& constraints) {
  OrderedJson list = OrderedJson::array();
  for (const Constraint& constraint : constraints) {
    OrderedJson json{{"name", constraint.name}};
    if (constraint.min) json["min"] = *constraint.min;
    if (constraint.max) json["max"] = *constraint.max;
    list.push_back(std::move(json));
  }
  return list;
}

std::string_view name(Goal goal) { return kGoals[static_cast<std::size_t>(goal)]; }
std::string_view name(Reduce reduce) { return kReduces[static_cast<std::size_t>(reduce)]; }

}  // namespace krige::tuner
