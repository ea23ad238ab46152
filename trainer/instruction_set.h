// Which of the libraries that packages hold was loaded.
#pragma once

#include <string_view>

namespace krige::trainer {

// That gradients and updates are computed with.
[[nodiscard]] std::string_view instruction_set();

}  // namespace krige::trainer
