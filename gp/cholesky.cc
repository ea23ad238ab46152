#include "gp/cholesky.h"

#include <Eigen/Cholesky>
#include <cmath>
#include <limits>

namespace krige::gp {
namespace {

constexpr int kLevels = 7;  // 1e-10 … 1e-4

// Eigen's factor of a singular matrix can be garbage without its saying so.
bool sound(const Eigen::LLT<Eigen::MatrixXd>& llt, double scale) {
  if (llt.info() != Eigen::Success) return false;
  const auto pivots = llt.matrixLLT().diagonal().array();
  if (!pivots.allFinite()) return false;
  const double smallest = pivots.size() == 0 ? 1 : pivots.minCoeff();
  const double floor = std::numeric_limits<double>::epsilon() * static_cast<double>(pivots.size()) * scale;
  return smallest > 0 && smallest * smallest >= floor;
}

}  // namespace

Result<CholeskyFactor> safe_cholesky(const Eigen::MatrixXd& a, double scale) {
  const Eigen::MatrixXd lower = a.triangularView<Eigen::Lower>();
  if (!lower.allFinite() || !std::isfinite(scale)) {
    return fail(ErrorCode::invalid_argument, "the covariance matrix is not finite");
  }
  double jitter = 0;
  for (int level = 0; level <= kLevels; ++level) {
    if (level > 0) jitter = scale * 1e-10 * std::pow(10.0, level - 1);
    Eigen::MatrixXd sum = lower;
    sum.diagonal().array() += jitter;
    Eigen::LLT<Eigen::MatrixXd> llt(std::move(sum));
    if (sound(llt, scale)) return CholeskyFactor{llt.matrixL(), jitter, level};
  }
  return fail(ErrorCode::internal, "the covariance matrix is not positive definite even with a jitter of 1e-4");
}

}  // namespace krige::gp
