#include "gp/sensitivity.h"

#include <algorithm>
#include <numeric>

#include "base/sobol.h"
#include "gp/posterior.h"

namespace krige::gp {
namespace {

// Of the posterior mean, in all: some tenths of a second with hundreds of observations.
constexpr std::size_t kEvaluations = 16'384;
constexpr std::size_t kMostSamples = 2048;
constexpr std::size_t kFewestSamples = 128;
// A variance below this part of the squared values is rounding.
constexpr double kRounding = 1e-20;

struct Moments {
  double mean = 0;
  double variance = 0;
};

Moments moments(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size() + b.size());
  Moments out;
  out.mean = (std::accumulate(a.begin(), a.end(), 0.0) + std::accumulate(b.begin(), b.end(), 0.0)) / n;
  for (const double value : a) out.variance += (value - out.mean) * (value - out.mean) / n;
  for (const double value : b) out.variance += (value - out.mean) * (value - out.mean) / n;
  return out;
}

// A power of two, at which a Sobol sequence is balanced.
std::size_t samples_for(std::size_t dims) {
  std::size_t samples = kMostSamples;
  while (samples > kFewestSamples && samples * (dims + 2) > kEvaluations) samples /= 2;
  return samples;
}

}  // namespace

SobolIndices sobol_indices(std::size_t dims, std::size_t samples, std::uint64_t seed,
                           const std::function<std::vector<double>(const Points&)>& function) {
  SobolSequence sequence(2 * dims, seed | 1);  // 0 would be the plain sequence, whose first point is the origin
  Points a{dims, {}};
  Points b{dims, {}};
  std::vector<double> both(2 * dims);
  for (std::size_t i = 0; i < samples; ++i) {
    sequence.next(both);
    a.append(std::span(both).first(dims));
    b.append(std::span(both).last(dims));
  }
  const std::vector<double> at_a = function(a);
  const std::vector<double> at_b = function(b);
  const auto [mean, variance] = moments(at_a, at_b);
  SobolIndices out{std::vector<double>(dims, 0), std::vector<double>(dims, 0)};
  if (variance <= kRounding * std::max(mean * mean, 1e-300)) return out;
  for (std::size_t d = 0; d < dims; ++d) {
    Points mixed = a;
    for (std::size_t i = 0; i < samples; ++i) mixed.row(i)[d] = b.row(i)[d];
    const std::vector<double> at_mixed = function(mixed);
    double alone = 0;
    double taking_part = 0;
    for (std::size_t i = 0; i < samples; ++i) {
      // Less the mean, which changes nothing in expectation and takes most of the estimate's own variance.
      alone += (at_b[i] - mean) * (at_mixed[i] - at_a[i]);
      taking_part += (at_a[i] - at_mixed[i]) * (at_a[i] - at_mixed[i]) / 2;
    }
    const double scale = variance * static_cast<double>(samples);
    out.first[d] = std::clamp(alone / scale, 0.0, 1.0);
    out.total[d] = std::clamp(taking_part / scale, 0.0, 1.0);
  }
  return out;
}

SobolIndices sensitivity(const GaussianProcess& process, std::uint64_t seed) {
  const InputSpace& space = process.space();
  const auto mean_at = [&](const Points& uniforms) {
    Points points = uniforms;
    for (std::size_t i = 0; i < points.size(); ++i) decode_uniforms(space, uniforms.row(i), points.row(i));
    Eigen::VectorXd sum = Eigen::VectorXd::Zero(static_cast<Eigen::Index>(points.size()));
    for (const Posterior& posterior : process.posteriors()) sum += posterior.means(points);
    sum /= static_cast<double>(process.posteriors().size());
    return std::vector<double>(sum.begin(), sum.end());
  };
  return sobol_indices(space.size(), samples_for(space.size()), seed, mean_at);
}

}  // namespace krige::gp
