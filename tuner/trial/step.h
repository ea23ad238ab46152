#pragma once

#include <cstdint>

namespace krige::tuner {

// Of the step of a record, which begins at 0: what every reader of JSON holds exactly.
inline constexpr std::int64_t kMaxStep = std::int64_t{1} << 53;

}  // namespace krige::tuner
