#include "gp/fit/fit.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>
#include <utility>
#include <vector>

#include "gp/fit/choose_warp.h"
#include "gp/fit/log_posterior.h"
#include "gp/lbfgs.h"
#include "gp/posterior.h"

namespace krige::gp {

using Eigen::Index;
using Eigen::VectorXd;

namespace {

// Of the log posterior: finer differences do not show in the predictions.
constexpr double kTolerance = 1e-4;
// Logarithm of the noise where a first fit starts: from too little of it, length-scales shrink until noise is explained
// as shape; from enough of it, exact data lead away quickly.
constexpr double kStartingNoise = -4;
// Of the sampler, between two draws that are kept, and how often its bracket is shrunk at most.
constexpr int kSteps = 4;
constexpr int kShrinks = 20;

struct Optimum {
  Hyperparameters hyperparameters;
  double log_posterior = 0;
  int evaluations = 0;
};

VectorXd random_theta(const HyperparameterPrior& prior, Rng& rng) {
  VectorXd theta = prior.mean;
  for (Index i = 0; i < theta.size(); ++i) theta(i) += prior.sd(i) * rng.normal();
  return theta;
}

// The best of all starts. Where the likelihood can be evaluated nowhere, the prior's centre.
Optimum maximize(const LogPosterior& posterior, const std::vector<VectorXd>& starts, int max_evaluations,
                 std::size_t space_dims) {
  const HyperparameterPrior& prior = posterior.prior();
  const auto dims = static_cast<std::size_t>(prior.mean.size());
  const std::span<const double> low(prior.low.data(), dims), high(prior.high.data(), dims);
  const Objective objective = [&](std::span<const double> x, std::span<double> gradient) {
    const auto value = posterior.evaluate(Eigen::Map<const VectorXd>(x.data(), static_cast<Index>(x.size())));
    if (!value) return std::numeric_limits<double>::quiet_NaN();
    for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] = -value->gradient(static_cast<Index>(i));
    return -value->value;
  };
  Minimum best{{prior.mean.begin(), prior.mean.end()}, std::numeric_limits<double>::infinity(), 0};
  int evaluations = 1;
  for (const VectorXd& start : starts) {
    Minimum found = minimize_lbfgs(objective, {start.begin(), start.end()}, low, high, {max_evaluations, kTolerance});
    evaluations += found.evaluations;
    if (found.value < best.value) best = std::move(found);
  }
  const auto value = posterior.evaluate(Eigen::Map<const VectorXd>(best.x.data(), static_cast<Index>(dims)));
  return {from_theta(best.x, space_dims, value ? value->mean : 0.0), value ? value->value : 0.0, evaluations};
}

// Elliptical slice sampling (Murray, Adams, MacKay 2010) from the most probable hyperparameters on: exact for a normal
// prior, without a step size.
std::vector<VectorXd> draw(const LogPosterior& posterior, VectorXd theta, int count, Rng& rng) {
  const HyperparameterPrior& prior = posterior.prior();
  std::vector<VectorXd> out;
  auto likelihood = posterior.log_likelihood(theta);
  for (int i = 0; i < count; ++i) {
    for (int step = 0; step < kSteps && likelihood; ++step) {
      VectorXd direction(theta.size());
      for (Index k = 0; k < theta.size(); ++k) direction(k) = prior.sd(k) * rng.normal();
      const double threshold = *likelihood + std::log(1 - rng.uniform());
      double angle = 2 * std::numbers::pi * rng.uniform(), low = angle - 2 * std::numbers::pi, high = angle;
      for (int shrink = 0; shrink < kShrinks; ++shrink) {
        VectorXd next = prior.mean + (theta - prior.mean) * std::cos(angle) + direction * std::sin(angle);
        const bool inside = (next.array() >= prior.low.array()).all() && (next.array() <= prior.high.array()).all();
        const auto value = inside ? posterior.log_likelihood(next) : std::nullopt;
        if (value && *value >= threshold) {
          theta = std::move(next);
          likelihood = value;
          break;
        }
        (angle < 0 ? low : high) = angle;
        angle = rng.uniform(low, high);
      }
    }
    out.push_back(theta);
  }
  return out;
}

// Indices of what the hyperparameters are learned from.
std::vector<std::size_t> choose_points(std::span<const double> observations, std::size_t limit, Rng& rng) {
  std::vector<std::size_t> indices(observations.size());
  std::iota(indices.begin(), indices.end(), std::size_t{0});
  limit = std::max<std::size_t>(limit, 2);
  if (indices.size() <= limit) return indices;
  std::ranges::stable_sort(indices, {}, [&](std::size_t i) { return observations[i]; });
  rng.shuffle(std::span(indices).subspan(limit / 2));
  indices.resize(limit);
  return indices;
}

VectorXd targets_of(OutputWarp warp, std::span<const double> observations) {
  const OutputTransform transform(warp, observations);
  VectorXd targets(static_cast<Index>(observations.size()));
  for (Index i = 0; i < targets.size(); ++i) {
    targets(i) = transform.forward(observations[static_cast<std::size_t>(i)]);
  }
  return targets;
}

// An earlier fit may be of another space, or have been read from anywhere.
bool usable(const Hyperparameters& hyperparameters, const InputSpace& space) {
  const std::size_t main = space.size() > 1 ? space.size() : 0;
  return hyperparameters.log_lengthscales.size() == space.size() &&
         hyperparameters.log_main_lengthscales.size() == main && to_theta(hyperparameters).allFinite();
}

}  // namespace

Hyperparameters default_hyperparameters(const InputSpace& space) {
  const VectorXd theta = default_prior(space).mean;
  return from_theta({theta.data(), static_cast<std::size_t>(theta.size())}, space.size(), 0);
}

Result<Learned> learn(const InputSpace& space, const Points& points, std::span<const double> observations,
                      const FitOptions& options, Rng& rng) {
  State state{State::kVersion, space, points, {observations.begin(), observations.end()}, options.warp, {}};
  state.hyperparameters.push_back(default_hyperparameters(space));
  KRIGE_CHECK(canonicalize(state));

  Points inputs{space.size(), {}};
  std::vector<double> values;
  for (const std::size_t i : choose_points(state.observations, options.max_points, rng)) {
    inputs.append(state.points.row(i));
    values.push_back(state.observations[i]);
  }
  LogPosterior posterior(space, inputs, targets_of(options.warp, values), default_prior(space));
  VectorXd centre = posterior.prior().mean;
  centre(centre.size() - 1) = kStartingNoise;
  std::vector<VectorXd> starts{options.previous && usable(*options.previous, space) ? to_theta(*options.previous)
                                                                                    : std::move(centre)};
  for (int i = 0; i < options.random_starts; ++i) starts.push_back(random_theta(posterior.prior(), rng));
  Optimum optimum = maximize(posterior, starts, options.max_evaluations, space.size());

  Learned out{{}, options.warp, {}};
  if (options.choose_warp) {
    if (const auto lower = posterior.factor(to_theta(optimum.hyperparameters))) {
      out.warp = choose_warp(*lower, values, options.warp);
    }
    if (out.warp != options.warp) {
      posterior.set_targets(targets_of(out.warp, values));
      const int evaluations = optimum.evaluations;
      optimum = maximize(posterior, {to_theta(optimum.hyperparameters)}, options.max_evaluations, space.size());
      optimum.evaluations += evaluations;
    }
  }
  out.hyperparameters.push_back(optimum.hyperparameters);
  for (const VectorXd& theta : draw(posterior, to_theta(optimum.hyperparameters), options.draws, rng)) {
    const auto value = posterior.evaluate(theta);
    out.hyperparameters.push_back(
        from_theta({theta.data(), static_cast<std::size_t>(theta.size())}, space.size(), value ? value->mean : 0));
  }
  out.report = {optimum.log_posterior, optimum.evaluations, 0};
  return out;
}

Result<Fitted> fit(const InputSpace& space, const Points& points, std::span<const double> observations,
                   const FitOptions& options, Rng& rng) {
  KRIGE_TRY(Learned learned, learn(space, points, observations, options, rng));
  State state{State::kVersion, space,
              points,          {observations.begin(), observations.end()},
              learned.warp,    std::move(learned.hyperparameters)};
  KRIGE_TRY(GaussianProcess process, GaussianProcess::from_state(std::move(state)));
  learned.report.jitter_level = process.jitter_level();
  return Fitted{std::move(process), learned.report};
}

}  // namespace krige::gp
