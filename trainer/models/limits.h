// How large a model may be.
#pragma once

#include <fmt/format.h>

#include <cstddef>

#include "base/error.h"

namespace krige::trainer {

inline constexpr std::size_t kMaxParameters = std::size_t{1} << 28;

// `field` is what makes it so large.
[[nodiscard]] inline auto too_many_parameters(const char* field) {
  return fail(ErrorCode::invalid_argument, fmt::format("makes a model of more than {} parameters", kMaxParameters),
              field);
}

}  // namespace krige::trainer
