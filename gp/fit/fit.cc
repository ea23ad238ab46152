#include "gp/fit/fit.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "gp/fit/log_posterior.h"
#include "gp/lbfgs.h"
#include "gp/posterior.h"

namespace krige::gp {

using Eigen::Index;
using Eigen::VectorXd;

namespace {

// Of the log posterior: finer differences do not show in the predictions.
constexpr double kTolerance = 1e-5;

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
Optimum maximize(const LogPosterior& posterior, const std::vector<VectorXd>& starts, int max_evaluations) {
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
  return {from_theta(best.x, value ? value->mean : 0.0), value ? value->value : 0.0, evaluations};
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

// An earlier fit may be of another space, or have been read from anywhere.
bool usable(const Hyperparameters& hyperparameters, const InputSpace& space) {
  return hyperparameters.log_lengthscales.size() == space.size() && to_theta(hyperparameters).allFinite();
}

}  // namespace

Result<Fitted> fit(const InputSpace& space, const Points& points, std::span<const double> observations,
                   const FitOptions& options, Rng& rng) {
  State state{State::kVersion, space, points, {observations.begin(), observations.end()}, options.warp, {}};
  state.hyperparameters.log_lengthscales.assign(space.size(), 0);
  KRIGE_CHECK(canonicalize(state));

  const OutputTransform transform(state.warp, state.observations);
  const std::vector<std::size_t> chosen = choose_points(state.observations, options.max_points, rng);
  Points inputs{space.size(), {}};
  VectorXd targets(static_cast<Index>(chosen.size()));
  for (std::size_t i = 0; i < chosen.size(); ++i) {
    inputs.append(state.points.row(chosen[i]));
    targets(static_cast<Index>(i)) = transform.forward(state.observations[chosen[i]]);
  }

  const LogPosterior posterior(space, inputs, targets, default_prior(space));
  std::vector<VectorXd> starts{posterior.prior().mean};
  if (options.previous && usable(*options.previous, space)) starts.push_back(to_theta(*options.previous));
  for (int i = 0; i < options.random_starts; ++i) starts.push_back(random_theta(posterior.prior(), rng));
  Optimum optimum = maximize(posterior, starts, options.max_evaluations);
  state.hyperparameters = std::move(optimum.hyperparameters);

  KRIGE_TRY(GaussianProcess process, GaussianProcess::from_state(std::move(state)));
  const int jitter_level = process.jitter_level();
  return Fitted{std::move(process), {optimum.log_posterior, optimum.evaluations, jitter_level}};
}

}  // namespace krige::gp
