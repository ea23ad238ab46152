// Cholesky factors of covariance matrices that are singular up to rounding.
#pragma once

#include <Eigen/Core>

#include "base/error.h"

namespace krige::gp {

struct CholeskyFactor {
  Eigen::MatrixXd lower;  // n × n, L of L·L′ = A + jitter·I; zero above the diagonal
  double jitter = 0;      // what was added to the diagonal
  int level = 0;          // 0: nothing; k: 1e-10·10^(k−1) of the scale, up to 1e-4
};

// `a`: symmetric, of which the lower triangle is read. `scale`: what the jitter is relative to, as the mean diagonal.
// A factor whose smallest pivot is lost in rounding is not taken. Errors: invalid_argument when `a` or `scale` is not
// finite, internal when the largest jitter does not help (a matrix far from positive semi-definite).
[[nodiscard]] Result<CholeskyFactor> safe_cholesky(const Eigen::MatrixXd& a, double scale);

}  // namespace krige::gp
