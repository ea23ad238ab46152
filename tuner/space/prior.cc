#include "tuner/space/prior.h"

#include <cmath>

namespace krige::tuner {

double log_prior(const Space& space, std::span<const double> coordinates) {
  double sum = 0;
  for (std::size_t k = 0; k < coordinates.size(); ++k)
    if (!std::isnan(coordinates[k])) sum += space.parameters()[space.dimensions()[k]].log_prior(coordinates[k]);
  return sum;
}

}  // namespace krige::tuner
