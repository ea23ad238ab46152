// The expected improvement itself, apart from what is maximized.
#pragma once

#include <vector>

#include "gp/gaussian_process.h"

namespace krige::gp {

// At each point, the logarithm of the expected improvement on the incumbent, in units of the observations; averaged
// over hyperparameters and fantasies.
[[nodiscard]] std::vector<double> log_expected_improvement(const GaussianProcess& process, const Points& points);

}  // namespace krige::gp
