// When the next suggestion waits for a fit.
#pragma once

#include <cstdint>

namespace krige::tuner {

// A fit's time grows with the square and the cube of the finished trials. Up to here it is about a tenth of a second,
// and a suggestion made with all that is known is worth the wait; beyond, a fit that is a little older costs less.
inline constexpr std::int64_t kFitInLineBelow = 150;

}  // namespace krige::tuner
