// Where the search for the acquisition's maximum starts from.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/rng.h"
#include "gp/gaussian_process.h"

namespace krige::gp {

// `count` scrambled Sobol points.
[[nodiscard]] Points sobol_candidates(const InputSpace& space, std::size_t count, Rng& rng);

// The best observations, and the point of the best posterior mean.
[[nodiscard]] Points best_observed(const GaussianProcess& process);

// `count` points around `origins` (at least one), near and far: history beats random starts (Zhao et al., "Unleashing
// the potential of acquisition functions in high-dimensional Bayesian optimization", 2023).
[[nodiscard]] Points history_candidates(const InputSpace& space, const Points& origins, std::size_t count, Rng& rng);

// `point` with some coordinates moved: numeric ones by about `sd`, at least to a neighbouring level; categorical ones
// to any level. Each with probability `rate`, at least one where there is one to move.
void perturb(const InputSpace& space, std::span<double> point, double sd, double rate, Rng& rng);

// Canonical points are the same when they are inactive in the same dimensions and nowhere differ by more than
// `tolerance` (categories: not at all).
[[nodiscard]] bool same_point(const InputSpace& space, std::span<const double> a, std::span<const double> b,
                              double tolerance);

}  // namespace krige::gp
