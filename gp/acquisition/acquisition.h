// What the search for the next point maximizes. Internal to krige::gp.
#pragma once

#include <Eigen/Core>
#include <span>

#include "gp/points.h"

namespace krige::gp {

// Const methods may be called from several threads at once.
class Acquisition {
 public:
  virtual ~Acquisition() = default;

  // One value a point.
  [[nodiscard]] virtual Eigen::VectorXd evaluate(const Points& points) const = 0;

  struct Value {
    double value = 0;
    Eigen::VectorXd gradient;  // one a dimension; 0 for categorical and inactive ones
  };
  [[nodiscard]] virtual Value evaluate_with_gradient(std::span<const double> point) const = 0;
};

}  // namespace krige::gp
