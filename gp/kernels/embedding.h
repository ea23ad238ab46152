// Points as the kernel sees them: numeric features in a Euclidean space, and categories.
//
// A numeric dimension that is always active is one feature, its value. A conditional one is two (the arc of Swersky et
// al., "Raiders of the Lost Architecture", 2013): active values lie on a quarter of a circle whose arc has length 1,
// inactive is the centre. Every active value is equally far from inactive, and any kernel of Euclidean distance stays
// positive semi-definite. Of a categorical dimension, inactive is one more category.
#pragma once

#include <Eigen/Core>
#include <cstddef>
#include <span>
#include <vector>

#include "gp/space.h"

namespace krige::gp {

// n rows, one a point.
struct Inputs {
  Eigen::MatrixXd features;    // n × number of features
  Eigen::MatrixXi categories;  // n × number of categorical dimensions; −1: inactive
  [[nodiscard]] Eigen::Index size() const { return features.rows(); }
};

class Embedding {
 public:
  explicit Embedding(const InputSpace& space);

  // The dimension of each feature (a conditional one has two adjacent) and of each column of categories.
  [[nodiscard]] const std::vector<std::size_t>& feature_dimensions() const { return feature_dimensions_; }
  [[nodiscard]] const std::vector<std::size_t>& category_dimensions() const { return category_dimensions_; }

  // `points` are canonical; a numeric value may lie between the levels of a grid.
  [[nodiscard]] Inputs embed(const Points& points) const;
  // The derivative of each feature with respect to its dimension's value; 0 where that is inactive.
  void derivatives(std::span<const double> point, Eigen::Ref<Eigen::VectorXd> out) const;

 private:
  std::vector<std::size_t> feature_dimensions_;
  std::vector<std::size_t> category_dimensions_;
  std::vector<bool> conditional_;  // by dimension
};

}  // namespace krige::gp
