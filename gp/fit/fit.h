// Learns a Gaussian process from observations: hyperparameters by maximum a posteriori.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/rng.h"
#include "gp/gaussian_process.h"

namespace krige::gp {

struct FitOptions {
  // Where to start from instead of the prior's centre: the hyperparameters of an earlier fit of the same study.
  std::optional<Hyperparameters> previous;
  int draws = 0;  // of hyperparameters from their posterior, besides the most probable
  int random_starts = 1;
  int max_evaluations = 30;  // of the likelihood, a start
  // Hyperparameters are learned from at most so many observations (the best half and a random half); the posterior uses
  // all.
  std::size_t max_points = 250;
  OutputWarp warp = OutputWarp::log_above_median;  // to start from
  bool choose_warp = true;                         // by evidence; false: `warp` is kept
};

// How the fit went.
struct FitReport {
  double log_posterior = 0;  // at the optimum, of the transformed observations
  int evaluations = 0;
  int jitter_level = 0;  // as GaussianProcess::jitter_level()
};

// What a fit finds out; with the observations it makes a State.
struct Learned {
  std::vector<Hyperparameters> hyperparameters;  // the most probable first, then draws
  OutputWarp warp;
  FitReport report;
};

// What is taken for true before anything is learned: the centre of the prior.
[[nodiscard]] Hyperparameters default_hyperparameters(const InputSpace& space);

// Minimizes: small observations are good. `points` are canonicalized; one row an observation, repeats allowed.
// Same input and `rng`: same result, bit for bit on one build. Fails on invalid input only, see canonicalize(State&).
[[nodiscard]] Result<Learned> learn(const InputSpace& space, const Points& points, std::span<const double> observations,
                                    const FitOptions& options, Rng& rng);

struct Fitted {
  GaussianProcess process;
  FitReport report;
};

// learn(), and the process given all observations. Not quick beyond some thousand points (n³).
[[nodiscard]] Result<Fitted> fit(const InputSpace& space, const Points& points, std::span<const double> observations,
                                 const FitOptions& options, Rng& rng);

}  // namespace krige::gp
