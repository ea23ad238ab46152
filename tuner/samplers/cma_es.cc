#include "tuner/samplers/cma_es.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <numeric>

namespace krige::tuner {
namespace {

using Vector = Eigen::VectorXd;
using Matrix = Eigen::MatrixXd;

constexpr int kBoundTries = 100;
// A billionth of a parameter's range: no tuning asks for more.
constexpr double kLeastDeviation = 1e-9;
constexpr double kMostDeviation = 1;  // wider, and nearly every draw would end at a bound
constexpr double kMostCondition = 1e14;
constexpr double kRounding = 1e-13;  // relative: losses that differ by less are the same

Eigen::Map<Vector> vector(std::vector<double>& v) { return {v.data(), static_cast<Eigen::Index>(v.size())}; }
Eigen::Map<const Vector> vector(const std::vector<double>& v) {
  return {v.data(), static_cast<Eigen::Index>(v.size())};
}
Eigen::Map<Matrix> matrix(std::vector<double>& v, std::size_t dims) {
  const auto n = static_cast<Eigen::Index>(dims);
  return {v.data(), n, n};
}
Eigen::Map<const Matrix> matrix(const std::vector<double>& v, std::size_t dims) {
  const auto n = static_cast<Eigen::Index>(dims);
  return {v.data(), n, n};
}

// The tutorial's table 1 for `dims` dimensions and a ranked generation of `lambda` ≥ 2.
struct Constants {
  Constants(std::size_t dims, std::size_t lambda) : weights(static_cast<Eigen::Index>(lambda)) {
    const auto n = static_cast<double>(dims);
    for (std::size_t i = 0; i < lambda; ++i)
      weights[static_cast<Eigen::Index>(i)] =
          std::log((static_cast<double>(lambda) + 1) / 2) - std::log(static_cast<double>(i) + 1);
    mu = static_cast<Eigen::Index>(lambda / 2);
    const auto best = weights.head(mu);
    const auto rest = weights.tail(weights.size() - mu);
    mu_eff = best.sum() * best.sum() / best.squaredNorm();
    const double mu_eff_rest = rest.sum() * rest.sum() / rest.squaredNorm();

    c_sigma = (mu_eff + 2) / (n + mu_eff + 5);
    d_sigma = 1 + 2 * std::max(0.0, std::sqrt((mu_eff - 1) / (n + 1)) - 1) + c_sigma;
    c_c = (4 + mu_eff / n) / (n + 4 + 2 * mu_eff / n);
    c_1 = 2 / ((n + 1.3) * (n + 1.3) + mu_eff);
    c_mu = std::min(1 - c_1, 2 * (0.25 + mu_eff + 1 / mu_eff - 2) / ((n + 2) * (n + 2) + mu_eff));
    chi = std::sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));

    // The sum of the negative weights; the last bound keeps the covariance positive definite.
    const double negative =
        std::min({1 + c_1 / c_mu, 1 + 2 * mu_eff_rest / (mu_eff + 2), (1 - c_1 - c_mu) / (n * c_mu)});
    const double positive_sum = weights.cwiseMax(0).sum();
    const double negative_sum = -weights.cwiseMin(0).sum();
    for (double& w : weights) w *= w >= 0 ? 1 / positive_sum : negative / negative_sum;
  }

  Vector weights;  // by rank; the first mu sum to 1
  Eigen::Index mu;
  double mu_eff, c_sigma, d_sigma, c_c, c_1, c_mu, chi;
};

}  // namespace

CmaEs::CmaEs(std::vector<double> mean, double sigma, std::size_t population)
    : dims_(mean.size()),
      population_(population),
      sigma_(sigma),
      mean_(std::move(mean)),
      sigma_path_(dims_),
      covariance_path_(dims_),
      covariance_(dims_ * dims_),
      basis_(dims_ * dims_),
      axes_(dims_, 1.0) {
  matrix(covariance_, dims_).setIdentity();
  matrix(basis_, dims_).setIdentity();
}

std::size_t CmaEs::default_population(std::size_t dims) {
  return 4 + static_cast<std::size_t>(3 * std::log(static_cast<double>(dims)));
}

double CmaEs::standard_deviation(std::size_t i) const { return sigma_ * std::sqrt(covariance_[i * dims_ + i]); }

std::vector<double> CmaEs::draw(Rng& rng, double spread) const {
  Vector z(static_cast<Eigen::Index>(dims_));
  std::vector<double> point(dims_);
  for (int i = 0; i < kBoundTries; ++i) {
    for (double& one : z) one = rng.normal();
    vector(point) = vector(mean_) + spread * sigma_ * (matrix(basis_, dims_) * vector(axes_).cwiseProduct(z));
    if (std::ranges::all_of(point, [](double x) { return x >= 0 && x <= 1; })) return point;
  }
  for (double& x : point) x = std::clamp(x, 0.0, 1.0);
  return point;
}

void CmaEs::tell(std::vector<Member> generation) {
  std::ranges::stable_sort(generation, {}, &Member::loss);
  if (generation.size() < 2 || !std::isfinite(generation.front().loss)) return;
  ++generation_;
  const auto n = static_cast<double>(dims_);
  const Constants c(dims_, generation.size());
  const auto basis = matrix(basis_, dims_);

  const auto columns = static_cast<Eigen::Index>(generation.size());
  Matrix steps(static_cast<Eigen::Index>(dims_), columns);
  Vector lengths(columns);  // in the distribution's own unit
  const auto whiten = [&](const Vector& step) -> Vector {
    return basis * (basis.transpose() * step).cwiseQuotient(vector(axes_));
  };
  for (Eigen::Index i = 0; i < columns; ++i) {
    const Member& member = generation[static_cast<std::size_t>(i)];
    steps.col(i) = (vector(member.point) - vector(mean_)) / sigma_;
    lengths[i] = whiten(steps.col(i)).norm();
    const double longest = std::sqrt(n) + 2 * n / (n + 2);
    if (!member.foreign || lengths[i] <= longest) continue;
    steps.col(i) *= longest / lengths[i];
    lengths[i] = longest;
  }

  const Vector step = steps.leftCols(c.mu) * c.weights.head(c.mu);
  vector(mean_) = (vector(mean_) + sigma_ * step).cwiseMax(0).cwiseMin(1);

  auto sigma_path = vector(sigma_path_);
  sigma_path = (1 - c.c_sigma) * sigma_path + std::sqrt(c.c_sigma * (2 - c.c_sigma) * c.mu_eff) * whiten(step);
  const double path_length = sigma_path.norm();
  const double settled = std::sqrt(1 - std::pow(1 - c.c_sigma, 2 * static_cast<double>(generation_)));
  const bool stall = path_length / settled >= (1.4 + 2 / (n + 1)) * c.chi;

  auto covariance_path = vector(covariance_path_);
  covariance_path *= 1 - c.c_c;
  if (!stall) covariance_path += std::sqrt(c.c_c * (2 - c.c_c) * c.mu_eff) * step;

  Vector weights = c.weights;
  for (Eigen::Index i = 0; i < columns; ++i)
    if (weights[i] < 0) weights[i] *= n / std::max(lengths[i] * lengths[i], 1e-12);
  const double stall_correction = stall ? c.c_1 * c.c_c * (2 - c.c_c) : 0;
  auto covariance = matrix(covariance_, dims_);
  covariance *= 1 + stall_correction - c.c_1 - c.c_mu * c.weights.sum();
  covariance += c.c_1 * covariance_path * covariance_path.transpose();
  covariance += c.c_mu * steps * weights.asDiagonal() * steps.transpose();

  sigma_ *= std::exp(std::min(1.0, c.c_sigma / c.d_sigma * (path_length / c.chi - 1)));
  // Most of the generation on one plateau says nothing of the direction: look further (the tutorial's sample code).
  const std::size_t most = (generation.size() * 7 + 9) / 10 - 1;
  if (generation.front().loss == generation[most].loss) sigma_ *= std::exp(0.2 + c.c_sigma / c.d_sigma);
  decompose();
  sigma_ *= std::min(1.0, kMostDeviation / greatest_deviation());

  best_losses_.push_back(generation.front().loss);
  if (best_losses_.size() > window()) best_losses_.pop_front();
  for (const Member& member : generation)
    if (std::isfinite(member.loss)) worst_loss_ = member.loss;
}

void CmaEs::widen(std::span<const double> least) {
  Vector factors = Vector::Ones(static_cast<Eigen::Index>(dims_));
  for (std::size_t i = 0; i < dims_; ++i)
    factors[static_cast<Eigen::Index>(i)] = std::max(1.0, least[i] / standard_deviation(i));
  if (factors.maxCoeff() <= 1) return;
  auto covariance = matrix(covariance_, dims_);
  covariance = (factors.asDiagonal() * covariance * factors.asDiagonal()).eval();
  vector(covariance_path_).array() *= factors.array();
  decompose();
}

bool CmaEs::stagnates() const {
  if (best_losses_.size() >= window()) {
    const auto [low, high] = std::ranges::minmax(best_losses_);
    const double top = std::max(high, worst_loss_);
    if (top - low <= kRounding * std::max(std::abs(top), std::abs(low))) return true;
  }
  const double ratio = axes_.back() / axes_.front();
  return greatest_deviation() < kLeastDeviation || ratio * ratio > kMostCondition;
}

std::size_t CmaEs::window() const { return 10 + (30 * dims_ + population_ - 1) / population_; }

double CmaEs::greatest_deviation() const {
  double greatest = 0;
  for (std::size_t i = 0; i < dims_; ++i) greatest = std::max(greatest, standard_deviation(i));
  return greatest;
}

void CmaEs::decompose() {
  auto covariance = matrix(covariance_, dims_);
  covariance = (0.5 * (covariance + covariance.transpose())).eval();
  const Eigen::SelfAdjointEigenSolver<Matrix> solver(covariance);
  const Vector& values = solver.eigenvalues();
  const Matrix& vectors = solver.eigenvectors();
  matrix(basis_, dims_) = vectors;
  // Rounding may make the least ones negative; stagnates() then says that the distribution has come to its end.
  const double least = values[values.size() - 1] / (10 * kMostCondition);
  vector(axes_) = values.cwiseMax(least).cwiseSqrt();
  if (values[0] < least) covariance = vectors * values.cwiseMax(least).asDiagonal() * vectors.transpose();
}

}  // namespace krige::tuner
