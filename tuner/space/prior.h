// What a user said about where good points are.
#pragma once

#include <span>

#include "tuner/space/space.h"

namespace krige::tuner {

// Log of the density of all priors at a point (coordinates as Space::encode makes them), relative to its greatest:
// ≤ 0. Parameters without a prior and inactive ones add 0.
[[nodiscard]] double log_prior(const Space& space, std::span<const double> coordinates);

}  // namespace krige::tuner
