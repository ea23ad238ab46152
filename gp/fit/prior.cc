#include "gp/fit/prior.h"

#include <cmath>

namespace krige::gp {

using Eigen::Index;
using Eigen::VectorXd;

namespace {

struct Bounds {
  double mean, sd, low, high;  // of the logarithm
};
// Medians 1/3·√d, 1 and e⁻¹²: observations are taken as nearly exact until they show otherwise. The noise's lower bound
// keeps the covariance well conditioned.
const Bounds kLengthscale{std::log(1.0 / 3), 0.8, std::log(0.01), std::log(1000.0)};
const Bounds kSignal{0, 1, std::log(0.01), std::log(1000.0)};
const Bounds kNoise{-12, 4, std::log(1e-8), std::log(2.0)};

void set(HyperparameterPrior& prior, Index i, const Bounds& bounds, double shift) {
  prior.mean(i) = bounds.mean + shift;
  prior.sd(i) = bounds.sd;
  prior.low(i) = bounds.low;
  prior.high(i) = bounds.high;
}

}  // namespace

HyperparameterPrior default_prior(const InputSpace& space) {
  const auto d = static_cast<Index>(space.size());
  HyperparameterPrior prior{VectorXd(d + 2), VectorXd(d + 2), VectorXd(d + 2), VectorXd(d + 2)};
  for (Index i = 0; i < d; ++i) set(prior, i, kLengthscale, 0.5 * std::log(static_cast<double>(d)));
  set(prior, d, kSignal, 0);
  set(prior, d + 1, kNoise, 0);
  return prior;
}

double log_density(const HyperparameterPrior& prior, const VectorXd& theta, VectorXd& gradient) {
  const VectorXd z = (theta - prior.mean).cwiseQuotient(prior.sd);
  gradient -= z.cwiseQuotient(prior.sd);
  return -0.5 * z.squaredNorm();
}

VectorXd to_theta(const Hyperparameters& hyperparameters) {
  const auto d = static_cast<Index>(hyperparameters.log_lengthscales.size());
  VectorXd theta(d + 2);
  for (Index i = 0; i < d; ++i) theta(i) = hyperparameters.log_lengthscales[static_cast<std::size_t>(i)];
  theta(d) = hyperparameters.log_signal;
  theta(d + 1) = hyperparameters.log_noise;
  return theta;
}

Hyperparameters from_theta(std::span<const double> theta, double mean) {
  const std::size_t d = theta.size() - 2;
  const auto lengthscales = theta.first(d);
  return {{lengthscales.begin(), lengthscales.end()}, theta[d], theta[d + 1], mean};
}

}  // namespace krige::gp
