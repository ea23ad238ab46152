#include "gp/fit/choose_warp.h"

#include <cmath>

namespace krige::gp {

using Eigen::Index;
using Eigen::VectorXd;

namespace {

// Nats by which another warp must be better. Evidence is noisy, and a change of the warp changes everything else.
constexpr double kMargin = 2;

double evidence(const Eigen::MatrixXd& lower, const VectorXd& whitened_ones, std::span<const double> observations,
                OutputWarp warp) {
  const OutputTransform transform(warp, observations);
  const auto n = static_cast<Index>(observations.size());
  VectorXd targets(n);
  double jacobian = 0;
  for (Index i = 0; i < n; ++i) {
    const double y = observations[static_cast<std::size_t>(i)];
    targets(i) = transform.forward(y);
    jacobian += std::log(transform.warp_slope(y));
  }
  VectorXd whitened = lower.triangularView<Eigen::Lower>().solve(targets);
  whitened -= whitened_ones.dot(whitened) / (whitened_ones.squaredNorm() + 1) * whitened_ones;
  const double quadratic = whitened.squaredNorm();
  const auto count = static_cast<double>(n);
  // The transform standardizes: its scale is undone, so that all are measured in the same unit.
  return jacobian - count * std::log(transform.scale()) - 0.5 * count * std::log(quadratic / count + 1e-12);
}

}  // namespace

OutputWarp choose_warp(const Eigen::MatrixXd& lower, std::span<const double> observations, OutputWarp current) {
  const VectorXd ones =
      lower.triangularView<Eigen::Lower>().solve(VectorXd::Ones(static_cast<Index>(observations.size())));
  OutputWarp best = current;
  double highest = evidence(lower, ones, observations, current) + kMargin;
  for (const OutputWarp warp : {OutputWarp::none, OutputWarp::log_above_median}) {
    const double value = evidence(lower, ones, observations, warp);
    if (value > highest) {
      highest = value;
      best = warp;
    }
  }
  return best;
}

}  // namespace krige::gp
