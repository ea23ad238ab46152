// A Gaussian process fitted to observations: what krige::gp predicts with. Exposes no Eigen type.
//
// Convention: the library MINIMIZES; who maximizes negates the observations. Everything here is in the units of the
// observations. Const methods may be called from several threads at once. Reference: Rasmussen, Williams, "Gaussian
// Processes for Machine Learning", 2006 (GPML).
#pragma once

#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/rng.h"
#include "gp/output_transform.h"
#include "gp/state.h"

namespace krige::gp {

class Posterior;

// Averaged over hyperparameters and fantasies. Where the observations are warped, to first order: the process is
// Gaussian in the transformed units.
struct Prediction {
  double mean = 0;
  double sd = 0;  // standard deviation of the function, without the noise
};

struct PredictionGradient {
  Prediction prediction;
  std::vector<double> mean;  // ∂mean/∂x, one a dimension; 0 for categorical and inactive dimensions
  std::vector<double> sd;    // ∂sd/∂x
};

// At n points: means, and the covariance matrix n × n row by row.
struct JointPrediction {
  std::vector<double> mean;
  std::vector<double> covariance;
};

class GaussianProcess {
 public:
  // Errors: those of canonicalize(State&); internal when no jitter makes the covariance positive definite.
  [[nodiscard]] static Result<GaussianProcess> from_state(State state);

  // The observations, without pending points.
  [[nodiscard]] const State& state() const { return *state_; }
  [[nodiscard]] const InputSpace& space() const { return state_->space; }

  // `points` (of the space's size, canonicalized here) may be any.
  [[nodiscard]] Prediction predict(std::span<const double> point) const;
  [[nodiscard]] std::vector<Prediction> predict(const Points& points) const;
  [[nodiscard]] PredictionGradient predict_with_gradient(std::span<const double> point) const;
  [[nodiscard]] JointPrediction predict_jointly(const Points& points) const;
  // `count` draws of the function at `points`, row by row (count × n). Error: internal when the covariance cannot be
  // factored.
  [[nodiscard]] Result<std::vector<double>> sample(const Points& points, std::size_t count, Rng& rng) const;

  // What each observation is predicted to be from all others, its sd with the noise (GPML eq. 5.12), for the same
  // hyperparameters. Pending points are not taken into account.
  [[nodiscard]] std::vector<Prediction> leave_one_out() const;
  // How many of those standard deviations each observation is above that prediction, in transformed units, in which the
  // process is Gaussian: a process to be trusted has standard normal ones.
  [[nodiscard]] std::vector<double> leave_one_out_residuals() const;

  // Of the process at two points before any observation, in [0, 1]; for the first of several hyperparameters.
  [[nodiscard]] double correlation(std::span<const double> a, std::span<const double> b) const;

  // The process given, besides the observations, results of `pending` drawn jointly from the process itself,
  // `fantasies` times. Predictions are then of the mixture. An acquisition averaged over it is that of a sequential
  // greedy batch (Snoek et al., "Practical Bayesian Optimization", 2012, §3.2). Errors as from_state().
  [[nodiscard]] Result<GaussianProcess> with_pending(const Points& pending, Rng& rng, std::size_t fantasies = 16) const;

  // The best posterior mean over the observed points: the incumbent, robust to noise. With it the index of the point.
  [[nodiscard]] std::pair<std::size_t, Prediction> incumbent() const;

  // log p(observations | hyperparameters), of the transformed observations (GPML eq. 2.30); for the first of several
  // hyperparameters.
  [[nodiscard]] double log_marginal_likelihood() const;
  // 0, or k: jitter of 1e-10·10^(k−1) of the diagonal was needed.
  [[nodiscard]] int jitter_level() const;

  // For the library itself: the process over transformed observations, one for each of the hyperparameters.
  [[nodiscard]] std::span<const Posterior> posteriors() const;
  [[nodiscard]] const OutputTransform& transform() const { return transform_; }

 private:
  GaussianProcess(std::shared_ptr<const State> state, OutputTransform transform, std::vector<Posterior> posteriors);

  // Shared: a process with pending points differs in its posterior only, and copies are cheap.
  std::shared_ptr<const State> state_;
  OutputTransform transform_;
  std::shared_ptr<const std::vector<Posterior>> posteriors_;
};

}  // namespace krige::gp
