// A search space as the Gaussian process sees it.
#pragma once

#include "gp/space.h"
#include "tuner/space/space.h"

namespace krige::tuner {

// One dimension of the result for each of space.dimensions(), in that order; points are those of Space::encode.
[[nodiscard]] gp::InputSpace make_input_space(const Space& space);

}  // namespace krige::tuner
