// The posterior of a Gaussian process over transformed observations, at fixed hyperparameters. Internal to krige::gp:
// the public face is GaussianProcess.
//
// n observations, p pending points, m fantasies (1 when p = 0). With K = signal·C + noise·I = LL′ over all n + p
// points, the whitened residuals L⁻¹(y − mean) of an observed block are the usual ones, and those of a pending block
// are independent standard normal draws: that is what sampling the pending results from the posterior means.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/rng.h"
#include "gp/cholesky.h"
#include "gp/gaussian_process.h"
#include "gp/kernels/mixed_kernel.h"

namespace krige::gp {

class Posterior {
 public:
  // `targets`: transformed observations. Error: internal, when the covariance cannot be factored.
  [[nodiscard]] static Result<Posterior> make(const InputSpace& space, const Points& points,
                                              const Eigen::VectorXd& targets, const Hyperparameters& hyperparameters);
  [[nodiscard]] Result<Posterior> with_pending(const Points& pending, std::size_t fantasies, Rng& rng) const;

  [[nodiscard]] Eigen::Index fantasies() const { return weights_.cols(); }
  // The best mean over observed and pending points, by fantasy; the means at the observed points,
  // averaged over the fantasies.
  [[nodiscard]] const Eigen::VectorXd& incumbents() const { return incumbents_; }
  [[nodiscard]] const Eigen::VectorXd& observed_means() const { return observed_means_; }
  // k(x, x), the same everywhere: of the function before any observation.
  [[nodiscard]] double prior_variance() const { return kernel_.variance(); }
  [[nodiscard]] double noise() const { return noise_; }  // variance
  [[nodiscard]] double log_marginal_likelihood() const { return log_marginal_likelihood_; }
  [[nodiscard]] int jitter_level() const { return jitter_level_; }

  // At N points: means N × m, variances N (of the function; the same in every fantasy).
  struct Batch {
    Eigen::MatrixXd means;
    Eigen::VectorXd variances;
  };
  [[nodiscard]] Batch predict(const Points& points) const;
  // The means alone, averaged over the fantasies: a solve cheaper a point.
  [[nodiscard]] Eigen::VectorXd means(const Points& points) const;

  // At one point: means m, their derivatives dims × m, the variance and its derivative.
  struct Local {
    Eigen::VectorXd means;
    double variance = 0;
    Eigen::MatrixXd mean_gradients;
    Eigen::VectorXd variance_gradient;
  };
  [[nodiscard]] Local predict_with_gradient(std::span<const double> point) const;

  // At N points: means N × m, covariance N × N.
  struct Joint {
    Eigen::MatrixXd means;
    Eigen::MatrixXd covariance;
  };
  [[nodiscard]] Joint predict_jointly(const Points& points) const;

  // Prior correlations of each of N points with one.
  [[nodiscard]] Eigen::VectorXd correlations(const Points& points, std::span<const double> with) const;

  // Means and variances (with noise) of each observation given the others (GPML eq. 5.12).
  struct LeaveOneOut {
    Eigen::VectorXd means;
    Eigen::VectorXd variances;
  };
  [[nodiscard]] LeaveOneOut leave_one_out() const;

 private:
  Posterior(const InputSpace& space, const Hyperparameters& hyperparameters);
  // From lower_ and whitened_ to weights_, incumbents_ and observed_means_.
  void solve();

  std::size_t dims_;
  MixedKernel kernel_;
  double noise_;
  double mean_;
  Inputs data_;                // n + p, scaled
  Eigen::Index observed_ = 0;  // n
  Eigen::VectorXd targets_;    // n
  Eigen::MatrixXd lower_;      // L, (n + p)²
  Eigen::MatrixXd whitened_;   // L⁻¹(y − mean), (n + p) × m
  Eigen::MatrixXd weights_;    // K⁻¹(y − mean), (n + p) × m
  Eigen::VectorXd incumbents_;
  Eigen::VectorXd observed_means_;
  double jitter_ = 0;
  int jitter_level_ = 0;
  double log_marginal_likelihood_ = 0;
};

}  // namespace krige::gp
