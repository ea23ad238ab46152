// Learns a Gaussian process from observations: hyperparameters by maximum a posteriori.
#pragma once

#include <optional>
#include <span>

#include "base/error.h"
#include "base/rng.h"
#include "gp/gaussian_process.h"

namespace krige::gp {

struct FitOptions {
  // Where to start from besides the prior's centre: the hyperparameters of an earlier fit of the same study.
  std::optional<Hyperparameters> previous;
  int random_starts = 2;
  int max_evaluations = 60;  // of the likelihood, a start
  // Hyperparameters are learned from at most so many observations (the best half and a random half); the posterior uses
  // all.
  std::size_t max_points = 250;
  OutputWarp warp = OutputWarp::log_above_median;
};

// How the fit went.
struct FitReport {
  double log_posterior = 0;  // at the optimum, of the transformed observations
  int evaluations = 0;
  int jitter_level = 0;  // as GaussianProcess::jitter_level()
};

struct Fitted {
  GaussianProcess process;
  FitReport report;
};

// Minimizes: small observations are good. `points` are canonicalized; one row an observation, repeats allowed.
// Same input and `rng`: same result, bit for bit on one build. Not quick beyond some thousand points (n³).
// Fails on invalid input only, see GaussianProcess::from_state().
[[nodiscard]] Result<Fitted> fit(const InputSpace& space, const Points& points, std::span<const double> observations,
                                 const FitOptions& options, Rng& rng);

}  // namespace krige::gp
