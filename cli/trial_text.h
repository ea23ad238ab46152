// Trials as JSON (docs/rest.md), for people and for tables.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"

namespace krige::cli {

// A parameter's value, numbers with four significant digits: 0.0123, 64, adam.
[[nodiscard]] std::string short_value(const OrderedJson& value);
// learning_rate=0.01 hidden=64
[[nodiscard]] std::string describe_params(const OrderedJson& params);
// 0.9722; of several objectives accuracy=0.97 latency=12; and the constraints that it breaks. Empty: there is none.
[[nodiscard]] std::string describe_outcome(const OrderedJson& trial);
// trial 12  COMPLETED  0.9722  learning_rate=0.01 hidden=64
[[nodiscard]] std::string describe_trial(const OrderedJson& trial);

// RFC 4180 with a line feed behind each line: id, state, value (or the objectives by name), the constraints, the
// parameters of the study's specification, reason, created_at, ended_at. What a trial does not have is empty; numbers
// have all of their digits.
[[nodiscard]] std::string trials_csv(const OrderedJson& spec, const std::vector<OrderedJson>& trials);

}  // namespace krige::cli
