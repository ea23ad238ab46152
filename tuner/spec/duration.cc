#include "tuner/spec/duration.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>

namespace krige::tuner {
namespace {

struct Unit {
  std::string_view name;
  double millis;
};
constexpr std::array kUnits{Unit{"d", 86'400'000}, Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1000},
                            Unit{"ms", 1}};
constexpr double kMaxMillis = 10 * 365.25 * 86'400'000;

}  // namespace

std::optional<Millis> parse_duration(std::string_view text) {
  double total = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    double amount = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount, std::chars_format::fixed);
    if (error != std::errc() || !(amount >= 0)) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    const std::size_t letters = std::min(text.find_first_of("0123456789."), text.size());
    const std::string_view unit = text.substr(0, letters);
    text.remove_prefix(letters);
    double millis = unit.empty() ? 1000 : 0;
    for (const Unit& known : kUnits)
      if (known.name == unit) millis = known.millis;
    if (millis == 0) return std::nullopt;
    total += amount * millis;
  }
  if (total > kMaxMillis) return std::nullopt;
  return Millis(std::llround(total));
}

std::string to_string(Millis duration) {
  std::string text;
  auto left = duration.count();
  for (const Unit& unit : kUnits) {
    const auto size = static_cast<Millis::rep>(unit.millis);
    if (left >= size) text += fmt::format("{}{}", left / size, unit.name);
    left %= size;
  }
  return text.empty() ? "0s" : text;
}

}  // namespace krige::tuner
