// The correlation of two points of a mixed, conditional space: Matérn-5/2 with a length-scale a dimension (ARD) over
// the features of the embedding, times exp(−δ/ℓ) for each categorical dimension (δ: 0 same category, 1 different).
// Positive semi-definite: each factor is, and so is a product (Schur).
#pragma once

#include <Eigen/Core>
#include <span>
#include <vector>

#include "gp/kernels/embedding.h"

namespace krige::gp {

// n × n, both symmetric, whole.
struct Gram {
  Eigen::MatrixXd value;
  Eigen::MatrixXd slope;  // derivative with respect to the squared scaled distance
};

// A value. "Scaled" inputs are those that scale() returned: a feature divided by its length-scale.
class MixedKernel {
 public:
  explicit MixedKernel(const InputSpace& space);

  [[nodiscard]] const Embedding& embedding() const { return embedding_; }
  // One a dimension.
  void set_log_lengthscales(std::span<const double> log_lengthscales);

  [[nodiscard]] Inputs scale(Inputs inputs) const;
  [[nodiscard]] Gram gram(const Inputs& scaled) const;
  // a.size() × b.size().
  [[nodiscard]] Eigen::MatrixXd cross(const Inputs& a, const Inputs& b) const;

  // Σᵢⱼ weightᵢⱼ·∂gramᵢⱼ/∂log ℓ for each dimension; `weight` is symmetric.
  [[nodiscard]] Eigen::VectorXd lengthscale_gradient(const Inputs& scaled, const Gram& gram,
                                                     const Eigen::MatrixXd& weight) const;

  // The correlations of one point with `data`, and their derivatives by the point's scaled features (data.size() ×
  // features).
  struct Column {
    Eigen::VectorXd value;
    Eigen::MatrixXd by_feature;
  };
  [[nodiscard]] Column column(const Inputs& data, const Inputs& point) const;
  // From derivatives by scaled features to derivatives by dimension; 0 for categorical and inactive ones.
  [[nodiscard]] Eigen::VectorXd to_dimensions(std::span<const double> point, const Eigen::VectorXd& by_feature) const;

 private:
  // Squared scaled distances and summed penalties of different categories, of rows [from, n) of `data` to one row.
  void distances(const Inputs& data, Eigen::Index from, const Inputs& other, Eigen::Index row, Eigen::ArrayXd& squared,
                 Eigen::ArrayXd& penalty) const;

  Embedding embedding_;
  std::size_t dims_;
  Eigen::VectorXd inverse_feature_scale_;   // by feature
  Eigen::VectorXd inverse_category_scale_;  // by column of categories
};

}  // namespace krige::gp
