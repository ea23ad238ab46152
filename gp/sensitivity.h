// How much each dimension matters: Sobol's indices, the shares of a function's variance (Sobol, "Sensitivity estimates
// for nonlinear mathematical models", 1993).
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "gp/gaussian_process.h"

namespace krige::gp {

// By dimension, in [0, 1]. `first`: what it explains alone; `total`: with all in which it takes part. All 0 where the
// function is constant.
struct SobolIndices {
  std::vector<double> first;
  std::vector<double> total;
};

// Of a function of independent uniform numbers in [0, 1), one a dimension; it gets several points and answers one value
// each. Evaluated `samples`·(dims + 2) times (Saltelli et al., "Variance based sensitivity analysis of model output",
// 2010: the estimators of table 2, b and f).
[[nodiscard]] SobolIndices sobol_indices(std::size_t dims, std::size_t samples, std::uint64_t seed,
                                         const std::function<std::vector<double>(const Points&)>& function);

// Of the posterior mean over the whole space, in transformed units: good points differ more there than bad ones.
[[nodiscard]] SobolIndices sensitivity(const GaussianProcess& process, std::uint64_t seed);

}  // namespace krige::gp
