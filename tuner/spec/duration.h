// Durations as users write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace krige::tuner {

// 30m, 1h30m, 45s, 500ms, 2d; a bare number is seconds. nullopt: not a duration, or above ten years.
[[nodiscard]] std::optional<Millis> parse_duration(std::string_view text);
// The shortest text that reads back: 1h30m.
[[nodiscard]] std::string to_string(Millis duration);

}  // namespace krige::tuner
