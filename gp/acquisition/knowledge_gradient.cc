#include "gp/acquisition/knowledge_gradient.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

#include "gp/posterior.h"

namespace krige::gp {

using Eigen::Index;
using Eigen::VectorXd;

namespace {

// E max(Z − |c|, 0), Z standard normal.
double fall_at_kink(double c) {
  const double u = std::abs(c);
  return std::exp(-0.5 * u * u) / std::sqrt(2 * std::numbers::pi) - u * 0.5 * std::erfc(u / std::numbers::sqrt2);
}

}  // namespace

double expected_fall_of_minimum(const VectorXd& intercepts, const VectorXd& slopes) {
  // By falling slope; of parallel lines the lowest. As z rises the envelope goes from steep to flat to falling: its
  // slopes fall.
  std::vector<Index> order(static_cast<std::size_t>(intercepts.size()));
  std::iota(order.begin(), order.end(), Index{0});
  std::ranges::sort(order, [&](Index a, Index b) {
    return slopes(a) != slopes(b) ? slopes(a) > slopes(b) : intercepts(a) < intercepts(b);
  });
  std::vector<Index> envelope;
  std::vector<double> from;  // each line of the envelope is the lowest from this z on
  for (const Index line : order) {
    if (!envelope.empty() && slopes(envelope.back()) == slopes(line)) continue;
    double start = -std::numeric_limits<double>::infinity();
    while (!envelope.empty()) {
      const Index last = envelope.back();
      start = (intercepts(line) - intercepts(last)) / (slopes(last) - slopes(line));
      if (start > from.back()) break;
      envelope.pop_back();
      from.pop_back();
    }
    envelope.push_back(line);
    from.push_back(envelope.size() == 1 ? -std::numeric_limits<double>::infinity() : start);
  }
  // Each kink bends the envelope down by the difference of slopes (Frazier et al. 2009, eq. 14).
  double fall = 0;
  for (std::size_t i = 1; i < envelope.size(); ++i)
    fall += (slopes(envelope[i - 1]) - slopes(envelope[i])) * fall_at_kink(from[i]);
  return std::max(fall, 0.0);
}

std::vector<double> knowledge_gradient(const GaussianProcess& process, const Points& points) {
  Points all = process.state().points;
  const auto observed = static_cast<Index>(all.size());
  for (std::size_t i = 0; i < points.size(); ++i) all.append(points.row(i));
  std::vector<double> out(points.size(), 0);
  VectorXd means(observed + 1), slopes(observed + 1);
  for (const Posterior& posterior : process.posteriors()) {
    const Posterior::Joint joint = posterior.predict_jointly(all);
    const auto share = 1 / static_cast<double>(joint.means.cols() * static_cast<Index>(process.posteriors().size()));
    for (std::size_t i = 0; i < points.size(); ++i) {
      const Index at = observed + static_cast<Index>(i);
      const double sd = std::sqrt(std::max(joint.covariance(at, at), 0.0) + posterior.noise());
      if (sd <= 0) continue;  // nothing to learn there
      slopes << joint.covariance.col(at).head(observed), joint.covariance(at, at);
      slopes /= sd;
      for (Index j = 0; j < joint.means.cols(); ++j) {
        means << joint.means.col(j).head(observed), joint.means(at, j);
        out[i] += share * expected_fall_of_minimum(means, slopes);
      }
    }
  }
  return out;
}

}  // namespace krige::gp
