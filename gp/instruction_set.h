// Which of the libraries that packages hold was loaded.
#pragma once

#include <string_view>

namespace krige::gp {

// That the Gaussian process is computed with.
[[nodiscard]] std::string_view instruction_set();

}  // namespace krige::gp
