#include "gp/kernels/mixed_kernel.h"

#include <cmath>
#include <utility>

#include "gp/kernels/matern52.h"

namespace krige::gp {

using Eigen::ArrayXd;
using Eigen::Index;
using Eigen::MatrixXd;
using Eigen::VectorXd;

// Whole vector registers, beyond the rows in use zeros: the exponentials of a remainder would cost as much as all
// others.
struct MixedKernel::Scratch {
  ArrayXd squared, penalty, value, slope, t, exponential, weights;

  void resize(Index rows) {
    constexpr Index kLanes = 8;
    const Index padded = (rows + kLanes - 1) / kLanes * kLanes;
    for (ArrayXd* array : {&squared, &penalty, &value, &slope, &t, &exponential, &weights}) array->setZero(padded);
  }
};

MixedKernel::MixedKernel(const InputSpace& space)
    : embedding_(space),
      places_(space.size()),
      inverse_feature_scale_(VectorXd::Ones(static_cast<Index>(embedding_.feature_dimensions().size()))),
      inverse_category_scale_(VectorXd::Ones(static_cast<Index>(embedding_.category_dimensions().size()))),
      main_scale_(VectorXd::Ones(static_cast<Index>(space.size()))) {
  for (std::size_t f = 0; f < embedding_.feature_dimensions().size(); ++f) {
    Place& place = places_[embedding_.feature_dimensions()[f]];
    if (place.features++ == 0) place.feature = static_cast<Index>(f);
  }
  for (std::size_t c = 0; c < embedding_.category_dimensions().size(); ++c) {
    places_[embedding_.category_dimensions()[c]].category = static_cast<Index>(c);
  }
}

void MixedKernel::set(const Hyperparameters& hyperparameters) {
  signal_ = std::exp(hyperparameters.log_signal);
  const bool main_effects = !hyperparameters.log_main_lengthscales.empty();
  main_signal_ = main_effects ? std::exp(hyperparameters.log_main_signal) : 0;
  for (std::size_t d = 0; d < places_.size(); ++d) {
    const double log_lengthscale = hyperparameters.log_lengthscales[d];
    const double log_main = main_effects ? hyperparameters.log_main_lengthscales[d] : 0;
    const Place& place = places_[d];
    if (place.category >= 0) {
      inverse_category_scale_(place.category) = std::exp(-log_lengthscale);
      main_scale_(static_cast<Index>(d)) = std::exp(-log_main);
    } else {
      inverse_feature_scale_.segment(place.feature, place.features).setConstant(std::exp(-log_lengthscale));
      main_scale_(static_cast<Index>(d)) = std::sqrt(5.0) * std::exp(log_lengthscale - log_main);
    }
  }
}

Inputs MixedKernel::scale(Inputs inputs) const {
  inputs.features *= inverse_feature_scale_.asDiagonal();
  return inputs;
}

void MixedKernel::distances(const Inputs& data, Index from, const Inputs& other, Index row, Scratch& scratch) const {
  const Index n = data.size() - from;
  scratch.resize(n);
  for (Index f = 0; f < data.features.cols(); ++f) {
    scratch.squared.head(n) += (data.features.col(f).tail(n).array() - other.features(row, f)).square();
  }
  for (Index c = 0; c < data.categories.cols(); ++c) {
    const int category = other.categories(row, c);
    scratch.penalty.head(n) +=
        (data.categories.col(c).tail(n).array() != category).cast<double>() * inverse_category_scale_(c);
  }
}

void MixedKernel::main_distance(std::size_t dimension, const Inputs& data, Index from, const Inputs& other, Index row,
                                ArrayXd& t) const {
  const Index n = data.size() - from;
  const Place& place = places_[dimension];
  const double scale = main_scale_(static_cast<Index>(dimension));
  if (place.category >= 0) {
    const int category = other.categories(row, place.category);
    t.head(n) = (data.categories.col(place.category).tail(n).array() != category).cast<double>() * scale;
  } else if (place.features == 1) {
    t.head(n) = (data.features.col(place.feature).tail(n).array() - other.features(row, place.feature)).abs() * scale;
  } else {
    t.setZero();
    for (Index f = place.feature; f < place.feature + place.features; ++f) {
      t.head(n) += (data.features.col(f).tail(n).array() - other.features(row, f)).square();
    }
    t = t.sqrt() * scale;
  }
}

void MixedKernel::fill_column(const Inputs& data, Index from, const Inputs& other, Index row, Scratch& scratch,
                              Eigen::Ref<VectorXd> out) const {
  distances(data, from, other, row, scratch);
  matern52(scratch.squared, scratch.penalty, scratch.value, scratch.slope);
  if (main_signal_ == 0) {
    out = signal_ * scratch.value.head(out.size()).matrix();
    return;
  }
  scratch.slope.setZero();
  for (std::size_t d = 0; d < places_.size(); ++d) {
    main_distance(d, data, from, other, row, scratch.t);
    if (places_[d].category >= 0) {
      scratch.slope += (-scratch.t).exp();
    } else {
      scratch.slope += (1.0 + scratch.t * (1.0 + scratch.t * (1.0 / 3.0))) * (-scratch.t).exp();
    }
  }
  const double share = main_signal_ / static_cast<double>(places_.size());
  out = (signal_ * scratch.value + share * scratch.slope).head(out.size()).matrix();
}

MatrixXd MixedKernel::gram(const Inputs& scaled) const {
  const Index n = scaled.size();
  MatrixXd out(n, n);
  Scratch scratch;
  for (Index j = 0; j < n; ++j) fill_column(scaled, j, scaled, j, scratch, out.col(j).tail(n - j));
  out.triangularView<Eigen::StrictlyUpper>() = out.transpose();
  return out;
}

MatrixXd MixedKernel::cross(const Inputs& a, const Inputs& b) const {
  MatrixXd out(a.size(), b.size());
  Scratch scratch;
  for (Index j = 0; j < b.size(); ++j) fill_column(a, 0, b, j, scratch, out.col(j));
  return out;
}

MixedKernel::Gradient MixedKernel::gradient(const Inputs& scaled, const MatrixXd& weight) const {
  const Index n = scaled.size();
  const auto dims = static_cast<Index>(places_.size());
  Gradient out{VectorXd::Zero(dims), VectorXd::Zero(dims), 0, 0};
  const double share = main_signal_ / static_cast<double>(dims);
  MatrixXd slopes = MatrixXd::Zero(n, n);  // weight·∂k/∂squared distance, lower triangle
  Scratch scratch;
  for (Index j = 0; j < n; ++j) {
    const Index below = n - j - 1;
    const double diagonal = weight(j, j);
    out.signal += diagonal;
    out.main_signal += diagonal * static_cast<double>(dims);
    if (below == 0) continue;
    distances(scaled, j + 1, scaled, j, scratch);
    scratch.weights.head(below) = weight.col(j).tail(below).array();
    matern52(scratch.squared, scratch.penalty, scratch.value, scratch.slope);
    slopes.col(j).tail(below) = (scratch.weights * scratch.slope).head(below).matrix();
    scratch.value *= 2 * scratch.weights;
    out.signal += scratch.value.sum();
    for (std::size_t d = 0; d < places_.size(); ++d) {
      const Place& place = places_[d];
      if (place.category >= 0) {
        const int category = scaled.categories(j, place.category);
        const auto differs = (scaled.categories.col(place.category).tail(below).array() != category).cast<double>();
        // ∂k/∂log ℓ = k·δ/ℓ.
        out.lengthscales(static_cast<Index>(d)) +=
            (differs * scratch.value.head(below)).sum() * inverse_category_scale_(place.category);
      }
      if (main_signal_ == 0) continue;
      main_distance(d, scaled, j + 1, scaled, j, scratch.t);
      scratch.exponential = 2 * scratch.weights * (-scratch.t).exp();
      if (place.category >= 0) {
        out.main_signal += scratch.exponential.sum();
        out.main_lengthscales(static_cast<Index>(d)) += (scratch.t * scratch.exponential).sum();
      } else {
        // ∂k/∂log ℓ = t²/3·(1 + t)·e⁻ᵗ.
        const auto third = scratch.t.square() * (1.0 / 3.0);
        out.main_signal += ((1.0 + scratch.t + third) * scratch.exponential).sum();
        out.main_lengthscales(static_cast<Index>(d)) += (third * (1.0 + scratch.t) * scratch.exponential).sum();
      }
    }
  }
  // ∂k/∂log ℓ = −2·slope·(zᵢ − zⱼ)², and Σᵢⱼ vᵢⱼ(zᵢ − zⱼ)² = 2(Σᵢ zᵢ²·Σⱼ vᵢⱼ − z′Vz) for symmetric V: one matrix
  // product for all dimensions.
  if (scaled.features.cols() > 0) {
    const auto symmetric = slopes.selfadjointView<Eigen::Lower>();
    const VectorXd row_sums = symmetric * VectorXd::Ones(n);
    const MatrixXd product = symmetric * scaled.features;
    for (Index f = 0; f < scaled.features.cols(); ++f) {
      const auto z = scaled.features.col(f);
      const double sum = 2 * (z.array().square() * row_sums.array() - z.array() * product.col(f).array()).sum();
      out.lengthscales(static_cast<Index>(embedding_.feature_dimensions()[static_cast<std::size_t>(f)])) -= 2 * sum;
    }
  }
  out.lengthscales *= signal_;
  out.signal *= signal_;
  out.main_lengthscales *= share;
  out.main_signal *= share;
  return out;
}

MixedKernel::Column MixedKernel::column(const Inputs& data, const Inputs& point) const {
  const Index n = data.size();
  Column out{VectorXd(n), MatrixXd(n, data.features.cols())};
  Scratch scratch;
  distances(data, 0, point, 0, scratch);
  matern52(scratch.squared, scratch.penalty, scratch.value, scratch.slope);
  scratch.value *= signal_;
  scratch.slope *= 2 * signal_;
  for (Index f = 0; f < data.features.cols(); ++f) {
    out.by_feature.col(f) = (scratch.slope.head(n) * (point.features(0, f) - data.features.col(f).array())).matrix();
  }
  const double share = main_signal_ / static_cast<double>(places_.size());
  for (std::size_t d = 0; d < places_.size() && main_signal_ > 0; ++d) {
    const Place& place = places_[d];
    main_distance(d, data, 0, point, 0, scratch.t);
    scratch.exponential = share * (-scratch.t).exp();
    if (place.category >= 0) {
      scratch.value += scratch.exponential;
      continue;
    }
    scratch.value += (1.0 + scratch.t * (1.0 + scratch.t * (1.0 / 3.0))) * scratch.exponential;
    // ∂k/∂z = −(1 + t)·e⁻ᵗ/3·c²·(z − z′), with t = c·|z − z′|: as −⁵⁄₆(1 + t)e⁻ᵗ by the squared distance.
    const double scale = main_scale_(static_cast<Index>(d));
    scratch.exponential *= (-scale * scale / 3.0) * (1.0 + scratch.t);
    for (Index f = place.feature; f < place.feature + place.features; ++f) {
      out.by_feature.col(f).array() +=
          scratch.exponential.head(n) * (point.features(0, f) - data.features.col(f).array());
    }
  }
  out.value = scratch.value.head(n).matrix();
  return out;
}

VectorXd MixedKernel::to_dimensions(std::span<const double> point, const VectorXd& by_feature) const {
  VectorXd chain(by_feature.size());
  embedding_.derivatives(point, chain);
  VectorXd out = VectorXd::Zero(static_cast<Index>(places_.size()));
  for (Index f = 0; f < by_feature.size(); ++f) {
    out(static_cast<Index>(embedding_.feature_dimensions()[static_cast<std::size_t>(f)])) +=
        by_feature(f) * inverse_feature_scale_(f) * chain(f);
  }
  return out;
}

}  // namespace krige::gp
