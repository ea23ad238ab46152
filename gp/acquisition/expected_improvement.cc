#include "gp/acquisition/expected_improvement.h"

#include <cmath>

#include "gp/acquisition/scalar_acquisition.h"

namespace krige::gp {

std::vector<double> log_expected_improvement(const GaussianProcess& process, const Points& points) {
  if (points.size() == 0) return {};
  Points nearest = points;
  for (std::size_t i = 0; i < nearest.size(); ++i) canonicalize(process.space(), nearest.row(i));
  const AcquisitionOptions expected_improvement;
  const ScalarAcquisition acquisition(process.posteriors(), expected_improvement);
  const Eigen::VectorXd values = acquisition.evaluate(nearest).array() + std::log(process.transform().scale());
  return {values.begin(), values.end()};
}

}  // namespace krige::gp
