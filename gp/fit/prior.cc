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
const Bounds kSignal{0, 0.4, std::log(0.01), std::log(1000.0)};
// A main effect varies with one dimension only, whatever the number of the others.
const Bounds kMainLengthscale{std::log(0.4), 0.8, std::log(0.02), std::log(1000.0)};
const Bounds kMainSignal{-1, 2, std::log(1e-4), std::log(1000.0)};
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
  const bool main_effects = d > 1;
  const Index size = main_effects ? 2 * d + 3 : d + 2;
  HyperparameterPrior prior{VectorXd(size), VectorXd(size), VectorXd(size), VectorXd(size)};
  for (Index i = 0; i < d; ++i) set(prior, i, kLengthscale, 0.5 * std::log(static_cast<double>(d)));
  if (main_effects) {
    for (Index i = 0; i < d; ++i) set(prior, d + i, kMainLengthscale, 0);
    set(prior, size - 2, kMainSignal, 0);
  }
  set(prior, main_effects ? size - 3 : size - 2, kSignal, 0);
  set(prior, size - 1, kNoise, 0);
  return prior;
}

double log_density(const HyperparameterPrior& prior, const VectorXd& theta, VectorXd& gradient) {
  const VectorXd z = (theta - prior.mean).cwiseQuotient(prior.sd);
  gradient -= z.cwiseQuotient(prior.sd);
  return -0.5 * z.squaredNorm();
}

VectorXd to_theta(const Hyperparameters& hyperparameters) {
  std::vector<double> theta = hyperparameters.log_lengthscales;
  const std::vector<double>& main = hyperparameters.log_main_lengthscales;
  theta.insert(theta.end(), main.begin(), main.end());
  theta.push_back(hyperparameters.log_signal);
  if (!main.empty()) theta.push_back(hyperparameters.log_main_signal);
  theta.push_back(hyperparameters.log_noise);
  return Eigen::Map<const VectorXd>(theta.data(), static_cast<Index>(theta.size()));
}

Hyperparameters from_theta(std::span<const double> theta, std::size_t dims, double mean) {
  Hyperparameters out;
  const auto lengthscales = theta.first(dims);
  out.log_lengthscales.assign(lengthscales.begin(), lengthscales.end());
  if (theta.size() > dims + 2) {
    const auto main = theta.subspan(dims, dims);
    out.log_main_lengthscales.assign(main.begin(), main.end());
    out.log_main_signal = theta[2 * dims + 1];
    out.log_signal = theta[2 * dims];
  } else {
    out.log_signal = theta[dims];
  }
  out.log_noise = theta.back();
  out.mean = mean;
  return out;
}

}  // namespace krige::gp
