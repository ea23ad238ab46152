#include "gp/kernels/mixed_kernel.h"

#include <cmath>
#include <utility>

#include "gp/kernels/matern52.h"

namespace krige::gp {

using Eigen::Index;

MixedKernel::MixedKernel(const InputSpace& space)
    : embedding_(space),
      dims_(space.size()),
      inverse_feature_scale_(Eigen::VectorXd::Ones(static_cast<Index>(embedding_.feature_dimensions().size()))),
      inverse_category_scale_(Eigen::VectorXd::Ones(static_cast<Index>(embedding_.category_dimensions().size()))) {}

void MixedKernel::set_log_lengthscales(std::span<const double> log_lengthscales) {
  for (Index f = 0; f < inverse_feature_scale_.size(); ++f) {
    inverse_feature_scale_(f) =
        std::exp(-log_lengthscales[embedding_.feature_dimensions()[static_cast<std::size_t>(f)]]);
  }
  for (Index c = 0; c < inverse_category_scale_.size(); ++c) {
    inverse_category_scale_(c) =
        std::exp(-log_lengthscales[embedding_.category_dimensions()[static_cast<std::size_t>(c)]]);
  }
}

Inputs MixedKernel::scale(Inputs inputs) const {
  inputs.features *= inverse_feature_scale_.asDiagonal();
  return inputs;
}

void MixedKernel::distances(const Inputs& data, Index from, const Inputs& other, Index row, Eigen::ArrayXd& squared,
                            Eigen::ArrayXd& penalty) const {
  const Index n = data.size() - from;
  squared.setZero(n);
  penalty.setZero(n);
  for (Index f = 0; f < data.features.cols(); ++f) {
    squared += (data.features.col(f).tail(n).array() - other.features(row, f)).square();
  }
  for (Index c = 0; c < data.categories.cols(); ++c) {
    const int category = other.categories(row, c);
    penalty += (data.categories.col(c).tail(n).array() != category).cast<double>() * inverse_category_scale_(c);
  }
}

Gram MixedKernel::gram(const Inputs& scaled) const {
  const Index n = scaled.size();
  Gram out{Eigen::MatrixXd(n, n), Eigen::MatrixXd(n, n)};
  Eigen::ArrayXd squared, penalty;
  for (Index j = 0; j < n; ++j) {
    distances(scaled, j, scaled, j, squared, penalty);
    auto value = out.value.col(j).tail(n - j).array();
    auto slope = out.slope.col(j).tail(n - j).array();
    matern52(squared, penalty, value, slope);
  }
  out.value.triangularView<Eigen::StrictlyUpper>() = out.value.transpose();
  out.slope.triangularView<Eigen::StrictlyUpper>() = out.slope.transpose();
  return out;
}

Eigen::MatrixXd MixedKernel::cross(const Inputs& a, const Inputs& b) const {
  Eigen::MatrixXd out(a.size(), b.size());
  Eigen::ArrayXd squared, penalty, slope(a.size());
  for (Index j = 0; j < b.size(); ++j) {
    distances(a, 0, b, j, squared, penalty);
    auto value = out.col(j).array();
    matern52(squared, penalty, value, slope);
  }
  return out;
}

Eigen::VectorXd MixedKernel::lengthscale_gradient(const Inputs& scaled, const Gram& gram,
                                                  const Eigen::MatrixXd& weight) const {
  Eigen::VectorXd out = Eigen::VectorXd::Zero(static_cast<Index>(dims_));
  // ∂k/∂log ℓ = −2·slope·(zᵢ − zⱼ)², and Σᵢⱼ vᵢⱼ(zᵢ − zⱼ)² = 2(Σᵢ zᵢ²·Σⱼ vᵢⱼ − z′Vz) for symmetric V: one matrix
  // product for all dimensions.
  if (scaled.features.cols() > 0) {
    const Eigen::MatrixXd v = weight.cwiseProduct(gram.slope);
    const Eigen::VectorXd row_sums = v.rowwise().sum();
    const Eigen::MatrixXd product = v * scaled.features;
    for (Index f = 0; f < scaled.features.cols(); ++f) {
      const auto z = scaled.features.col(f);
      const double sum = 2 * (z.array().square() * row_sums.array() - z.array() * product.col(f).array()).sum();
      out(static_cast<Index>(embedding_.feature_dimensions()[static_cast<std::size_t>(f)])) -= 2 * sum;
    }
  }
  // ∂k/∂log ℓ = k·δ/ℓ.
  for (Index c = 0; c < scaled.categories.cols(); ++c) {
    double sum = 0;
    for (Index j = 0; j < scaled.size(); ++j) {
      const auto differs = (scaled.categories.col(c).array() != scaled.categories(j, c)).cast<double>();
      sum += (differs * weight.col(j).array() * gram.value.col(j).array()).sum();
    }
    out(static_cast<Index>(embedding_.category_dimensions()[static_cast<std::size_t>(c)])) +=
        sum * inverse_category_scale_(c);
  }
  return out;
}

MixedKernel::Column MixedKernel::column(const Inputs& data, const Inputs& point) const {
  const Index n = data.size();
  Column out{Eigen::VectorXd(n), Eigen::MatrixXd(n, data.features.cols())};
  Eigen::ArrayXd squared, penalty, slope(n);
  distances(data, 0, point, 0, squared, penalty);
  auto value = out.value.array();
  matern52(squared, penalty, value, slope);
  for (Index f = 0; f < data.features.cols(); ++f) {
    out.by_feature.col(f) = (2.0 * slope * (point.features(0, f) - data.features.col(f).array())).matrix();
  }
  return out;
}

Eigen::VectorXd MixedKernel::to_dimensions(std::span<const double> point, const Eigen::VectorXd& by_feature) const {
  Eigen::VectorXd chain(by_feature.size());
  embedding_.derivatives(point, chain);
  Eigen::VectorXd out = Eigen::VectorXd::Zero(static_cast<Index>(dims_));
  for (Index f = 0; f < by_feature.size(); ++f) {
    out(static_cast<Index>(embedding_.feature_dimensions()[static_cast<std::size_t>(f)])) +=
        by_feature(f) * inverse_feature_scale_(f) * chain(f);
  }
  return out;
}

}  // namespace krige::gp
