// `limits` of a study file: what a trial of this machine may use.
#pragma once

#include <string>
#include <string_view>

#include "base/json.h"
#include "base/limits.h"

namespace krige::tuner {

[[nodiscard]] Limits read_limits(const OrderedJson& json, Faults& faults);
[[nodiscard]] OrderedJson to_json(const Limits& limits);

// 512MB, 2GiB, 1.5GB (powers of 1000 and 1024); a bare number is bytes. nullopt: none of that, or above 2^53.
[[nodiscard]] std::optional<std::uint64_t> parse_bytes(std::string_view text);
// The shortest text that reads back.
[[nodiscard]] std::string bytes_to_string(std::uint64_t bytes);

// "took longer than its limit of 30m"
[[nodiscard]] std::string describe(Limit exceeded, const Limits& limits);

}  // namespace krige::tuner
