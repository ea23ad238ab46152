#include "tuner/spec/run_limits.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "tuner/spec/duration.h"

namespace krige::tuner {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::array kUnits{Unit{"TiB", std::uint64_t{1} << 40},
                            Unit{"TB", 1'000'000'000'000},
                            Unit{"GiB", std::uint64_t{1} << 30},
                            Unit{"GB", 1'000'000'000},
                            Unit{"MiB", std::uint64_t{1} << 20},
                            Unit{"MB", 1'000'000},
                            Unit{"KiB", std::uint64_t{1} << 10},
                            Unit{"KB", 1'000},
                            Unit{"kB", 1'000},
                            Unit{"B", 1}};
constexpr double kMaxBytes = 9'007'199'254'740'992.0;  // 2^53
// Less than a program needs to begin is a typing error: 512 for 512MB.
constexpr std::uint64_t kLeastBytes = 1'000'000;

std::optional<Millis> read_duration(ObjectReader& reader, std::string_view key) {
  const OrderedJson* given = reader.raw(key);
  if (given == nullptr) return std::nullopt;
  const std::optional<Millis> duration = parse_duration(given->is_string() ? given->get<std::string>() : given->dump());
  if (!duration || duration->count() == 0)
    reader.fault(key, fmt::format("must be a duration such as 30m, 1h30m or 45s, is {}", given->dump()));
  return duration;
}

}  // namespace

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  double amount = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount, std::chars_format::fixed);
  if (error != std::errc() || !(amount >= 0)) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
  if (text.empty()) text = "B";
  for (const Unit& unit : kUnits)
    if (unit.name == text && amount * static_cast<double>(unit.bytes) <= kMaxBytes)
      return static_cast<std::uint64_t>(std::llround(amount * static_cast<double>(unit.bytes)));
  return std::nullopt;
}

std::string bytes_to_string(std::uint64_t bytes) {
  std::string shortest = fmt::format("{}B", bytes);
  for (const Unit& unit : kUnits) {
    if (bytes % unit.bytes != 0) continue;
    std::string text = fmt::format("{}{}", bytes / unit.bytes, unit.name);
    if (text.size() < shortest.size()) shortest = std::move(text);
  }
  return shortest;
}

Limits read_limits(const OrderedJson& json, Faults& faults) {
  Limits limits;
  ObjectReader reader(json, "limits", faults);
  limits.time = read_duration(reader, "time");
  limits.cpu_time = read_duration(reader, "cpu_time");
  if (const OrderedJson* given = reader.raw("memory")) {
    limits.memory_bytes = parse_bytes(given->is_string() ? given->get<std::string>() : given->dump());
    if (!limits.memory_bytes || *limits.memory_bytes < kLeastBytes)
      reader.fault("memory",
                   fmt::format("must be an amount of at least 1MB, such as 512MB or 2GiB, is {}", given->dump()));
  }
  reader.finish();
  return limits;
}

OrderedJson to_json(const Limits& limits) {
  OrderedJson json = OrderedJson::object();
  if (limits.time) json["time"] = to_string(*limits.time);
  if (limits.cpu_time) json["cpu_time"] = to_string(*limits.cpu_time);
  if (limits.memory_bytes) json["memory"] = bytes_to_string(*limits.memory_bytes);
  return json;
}

std::string describe(Limit exceeded, const Limits& limits) {
  switch (exceeded) {
    case Limit::time:
      return fmt::format("took longer than its limit of {}", to_string(limits.time.value_or(Millis(0))));
    case Limit::cpu_time:
      return fmt::format("used more processor time than its limit of {}",
                         to_string(limits.cpu_time.value_or(Millis(0))));
    case Limit::memory:
      return fmt::format("out of memory: used more than its limit of {}",
                         bytes_to_string(limits.memory_bytes.value_or(0)));
    case Limit::none:
      break;
  }
  return "";
}

}  // namespace krige::tuner
