// Values of parameters as users write them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/json.h"

namespace krige::tuner {

using Value = std::variant<bool, std::int64_t, double, std::string>;

// One point of a space: its active and fixed parameters by name, in the order of the study file.
using Params = std::vector<std::pair<std::string, Value>>;

// A JSON scalar other than null, and a number only if it is finite; nullopt for anything else.
[[nodiscard]] std::optional<Value> value_from_json(const OrderedJson& json);
[[nodiscard]] OrderedJson to_json(const Value& value);
// {"learning_rate": 0.01, …}
[[nodiscard]] OrderedJson to_json(const Params& params);
// The values of an object of scalars, unchecked against any space.
[[nodiscard]] Result<Params> params_from_json(const OrderedJson& json);
[[nodiscard]] const Value* find(const Params& params, std::string_view name);

// As written in a shell or a table: 0.01, 64, adam, true.
[[nodiscard]] std::string to_string(const Value& value);
// Two points are the same when their texts are: the shortest text of a double reads back as that double.
[[nodiscard]] std::string point_key(const Params& params);
// 3 and 3.0 are equal, 1 and true are not.
[[nodiscard]] bool equal(const Value& a, const Value& b);

}  // namespace krige::tuner
