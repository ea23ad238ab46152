#include "trainer/models/loss.h"

#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <limits>

namespace krige::trainer {
namespace {

template <typename T>
using Scores = Eigen::Array<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

Eigen::Index index(std::size_t n) { return static_cast<Eigen::Index>(n); }

// log(1 + e^−z) without overflow.
double softplus_of_minus(double z) { return std::max(-z, 0.0) + std::log1p(std::exp(-std::abs(z))); }

// σ(z) = 1/(1 + e^−z); Eigen's exponential saturates where the type would overflow.
template <typename T>
void logistic_gradient(std::span<T> z, std::span<const float> targets) {
  Eigen::Map<Eigen::Array<T, Eigen::Dynamic, 1>> scores(z.data(), index(z.size()));
  const Eigen::Map<const Eigen::ArrayXf> y(targets.data(), index(targets.size()));
  scores = T(1) / (T(1) + (-scores).exp()) - y.template cast<T>();
}

template <typename T>
void cross_entropy_gradient(std::span<T> z, std::span<const float> targets) {
  const std::size_t outputs = z.size() / targets.size();
  Eigen::Map<Scores<T>> scores(z.data(), index(targets.size()), index(outputs));
  for (Eigen::Index i = 0; i < scores.rows(); ++i) {
    auto row = scores.row(i);
    row = (row - row.maxCoeff()).exp();
    row *= T(1) / row.sum();
    row[static_cast<Eigen::Index>(targets[static_cast<std::size_t>(i)])] -= T(1);
  }
}

template <typename T>
void huber_gradient(T delta, std::span<T> z, std::span<const float> targets) {
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const T off = z[i] - static_cast<T>(targets[i]);
    z[i] = off > delta ? delta : off < -delta ? -delta : off;  // not a number stays so
  }
}

template <typename T>
BlockSum regression_sum(Loss loss, std::span<const T> z, std::span<const float> targets) {
  BlockSum sum;
  const auto delta = static_cast<double>(loss.delta);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const double off = static_cast<double>(z[i]) - static_cast<double>(targets[i]);
    const bool far = loss.kind == LossKind::huber && std::abs(off) > delta;
    sum.loss += far ? delta * (std::abs(off) - delta / 2) : off * off / 2;
    sum.score += off * off;
  }
  return sum;
}

template <typename T>
BlockSum logistic_sum(std::span<const T> z, std::span<const float> targets) {
  BlockSum sum;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const double score = targets[i] > 0.5F ? static_cast<double>(z[i]) : -static_cast<double>(z[i]);
    sum.loss += softplus_of_minus(score);
    // An undecided row counts as the first class.
    sum.score += score > 0 || (score == 0 && targets[i] < 0.5F) ? 1 : 0;
  }
  return sum;
}

template <typename T>
BlockSum cross_entropy_sum(std::span<const T> z, std::span<const float> targets) {
  BlockSum sum;
  const std::size_t outputs = z.size() / targets.size();
  const Eigen::Map<const Scores<T>> scores(z.data(), index(targets.size()), index(outputs));
  Eigen::ArrayXd row(index(outputs));
  for (std::size_t i = 0; i < targets.size(); ++i) {
    row = scores.row(index(i)).template cast<double>().transpose();
    if (!row.allFinite()) {
      sum.loss = std::numeric_limits<double>::quiet_NaN();
      continue;
    }
    const auto target = static_cast<Eigen::Index>(targets[i]);
    Eigen::Index best = 0;
    row -= row.maxCoeff(&best);
    sum.loss += std::log(row.exp().sum()) - row[target];
    sum.score += best == target ? 1 : 0;
  }
  return sum;
}

}  // namespace

template <typename T>
void loss_gradient(Loss loss, std::span<T> z, std::span<const float> targets) {
  if (targets.empty()) return;
  switch (loss.kind) {
    case LossKind::squared:
      for (std::size_t i = 0; i < targets.size(); ++i) z[i] -= static_cast<T>(targets[i]);
      return;
    case LossKind::huber:
      return huber_gradient(static_cast<T>(loss.delta), z, targets);
    case LossKind::logistic:
      return logistic_gradient(z, targets);
    case LossKind::cross_entropy:
      return cross_entropy_gradient(z, targets);
  }
}

template <typename T>
BlockSum loss_sum(Loss loss, std::span<const T> z, std::span<const float> targets) {
  if (targets.empty()) return {};
  switch (loss.kind) {
    case LossKind::squared:
    case LossKind::huber:
      return regression_sum(loss, z, targets);
    case LossKind::logistic:
      return logistic_sum(z, targets);
    case LossKind::cross_entropy:
      return cross_entropy_sum(z, targets);
  }
  return {};
}

template void loss_gradient(Loss, std::span<float>, std::span<const float>);
template void loss_gradient(Loss, std::span<double>, std::span<const float>);
template BlockSum loss_sum(Loss, std::span<const float>, std::span<const float>);
template BlockSum loss_sum(Loss, std::span<const double>, std::span<const float>);

}  // namespace krige::trainer
