#include "tuner/space/value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/json_writer.h"

namespace krige::tuner {

std::optional<Value> value_from_json(const OrderedJson& json) {
  if (json.is_boolean()) return json.get<bool>();
  // An unsigned beyond int64 is still a number, though not an exact one.
  if (json.is_number_unsigned() && json.get<std::uint64_t>() > std::uint64_t{INT64_MAX}) return json.get<double>();
  if (json.is_number_integer()) return json.get<std::int64_t>();
  if (json.is_number_float() && std::isfinite(json.get<double>())) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  return std::nullopt;
}

OrderedJson to_json(const Value& value) {
  return std::visit([](const auto& held) { return OrderedJson(held); }, value);
}

OrderedJson to_json(const Params& params) {
  OrderedJson object = OrderedJson::object();
  for (const auto& [name, value] : params) object[name] = to_json(value);
  return object;
}

Result<Params> params_from_json(const OrderedJson& json) {
  if (!json.is_object()) return fail(ErrorCode::invalid_argument, "must be an object of parameters", "params");
  Params params;
  params.reserve(json.size());
  for (const auto& [name, held] : json.items()) {
    std::optional<Value> value = value_from_json(held);
    if (!value)
      return fail(ErrorCode::invalid_argument, "must be a finite number, a string or a boolean", "params." + name);
    params.emplace_back(name, std::move(*value));
  }
  return params;
}

const Value* find(const Params& params, std::string_view name) {
  const auto found = std::ranges::find(params, name, [](const auto& entry) -> std::string_view { return entry.first; });
  return found == params.end() ? nullptr : &found->second;
}

std::string to_string(const Value& value) {
  return std::visit([](const auto& held) { return fmt::format("{}", held); }, value);
}

std::string point_key(const Params& params) { return json_text(params); }

bool equal(const Value& a, const Value& b) {
  if (a.index() == b.index()) return a == b;
  const auto number = [](const Value& value) -> std::optional<double> {
    if (const auto* integer = std::get_if<std::int64_t>(&value)) return static_cast<double>(*integer);
    if (const auto* real = std::get_if<double>(&value)) return *real;
    return std::nullopt;
  };
  const auto left = number(a), right = number(b);
  return left && right && *left == *right;
}

}  // namespace krige::tuner
