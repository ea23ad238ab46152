// The covariance of two points of a mixed, conditional space: an interaction of all dimensions plus their main effects,
//
//   k(x, x′) = s·M(‖x − x′‖_ℓ)·Π_c e^(−δ_c/ℓ_c)  +  s_m/d·Σ_i k_i(x_i, x′_i),
//
// with M Matérn-5/2 over the features of the embedding, a length-scale a dimension (ARD), δ_c 0 for the same category
// and 1 for different ones, and k_i the same over one dimension alone, with length-scales of its own. The sum over
// dimensions is learned from few points where an objective is nearly additive (Duvenaud et al., "Additive Gaussian
// Processes", 2011), as those of hyperparameters often are; the signals s and s_m say how far it is.
// Positive semi-definite: each factor is, and so are products (Schur) and sums.
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "gp/kernels/embedding.h"
#include "gp/state.h"

namespace krige::gp {

// A value. "Scaled" inputs are those that scale() returned: a feature divided by its length-scale.
class MixedKernel {
 public:
  explicit MixedKernel(const InputSpace& space);

  [[nodiscard]] const Embedding& embedding() const { return embedding_; }
  // Length-scales and signals; the rest of `hyperparameters` is not the kernel's.
  void set(const Hyperparameters& hyperparameters);
  // k(x, x), the same everywhere.
  [[nodiscard]] double variance() const { return signal_ + main_signal_; }

  [[nodiscard]] Inputs scale(Inputs inputs) const;
  // n × n, symmetric, whole.
  [[nodiscard]] Eigen::MatrixXd gram(const Inputs& scaled) const;
  // a.size() × b.size().
  [[nodiscard]] Eigen::MatrixXd cross(const Inputs& a, const Inputs& b) const;

  // Σᵢⱼ weightᵢⱼ·∂gramᵢⱼ/∂θ for the logarithm θ of each length-scale and signal; `weight` is symmetric.
  struct Gradient {
    Eigen::VectorXd lengthscales;       // by dimension
    Eigen::VectorXd main_lengthscales;  // by dimension
    double signal = 0;
    double main_signal = 0;
  };
  [[nodiscard]] Gradient gradient(const Inputs& scaled, const Eigen::MatrixXd& weight) const;

  // The covariances of one point with `data`, and their derivatives by the point's scaled features (data.size() ×
  // features).
  struct Column {
    Eigen::VectorXd value;
    Eigen::MatrixXd by_feature;
  };
  [[nodiscard]] Column column(const Inputs& data, const Inputs& point) const;
  // From derivatives by scaled features to derivatives by dimension; 0 for categorical and inactive ones.
  [[nodiscard]] Eigen::VectorXd to_dimensions(std::span<const double> point, const Eigen::VectorXd& by_feature) const;

 private:
  // Where a dimension is found among the inputs.
  struct Place {
    Eigen::Index feature = -1;  // the first of `features`; −1: categorical
    Eigen::Index features = 0;
    Eigen::Index category = -1;
  };
  // Reused between rows.
  struct Scratch;

  void fill_column(const Inputs& data, Eigen::Index from, const Inputs& other, Eigen::Index row, Scratch& scratch,
                   Eigen::Ref<Eigen::VectorXd> out) const;
  // Of rows [from, n) of `data` to one row: squared scaled distances and summed penalties of different categories.
  void distances(const Inputs& data, Eigen::Index from, const Inputs& other, Eigen::Index row, Scratch& scratch) const;
  // The same for one dimension: the distance in units of t = √5·r/ℓ_i, or the penalty.
  void main_distance(std::size_t dimension, const Inputs& data, Eigen::Index from, const Inputs& other,
                     Eigen::Index row, Eigen::ArrayXd& t) const;

  Embedding embedding_;
  std::vector<Place> places_;               // by dimension
  Eigen::VectorXd inverse_feature_scale_;   // by feature
  Eigen::VectorXd inverse_category_scale_;  // by column of categories
  Eigen::VectorXd main_scale_;              // by dimension: √5·ℓ/ℓ_m; categorical: 1/ℓ_m
  double signal_ = 1;
  double main_signal_ = 0;
};

}  // namespace krige::gp
