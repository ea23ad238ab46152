// What a Gaussian process is made of: data and hyperparameters. Plain values.
#pragma once

#include <span>
#include <vector>

#include "base/error.h"
#include "gp/output_transform.h"
#include "gp/space.h"

namespace krige::gp {

// Of the process over transformed observations (OutputTransform), which have mean about 0 and variance about 1.
struct Hyperparameters {
  std::vector<double> log_lengthscales;       // one a dimension, of the interaction
  std::vector<double> log_main_lengthscales;  // of its main effect; empty: there are none
  double log_signal = 0;                      // log of the variance of the interaction
  double log_main_signal = -9;                // log of the variance of all main effects
  double log_noise = -9;                      // log of the variance of the noise
  double mean = 0;
  friend bool operator==(const Hyperparameters&, const Hyperparameters&) = default;
};

// All from which a GaussianProcess is rebuilt, bit for bit on the same build. Plain data, for a codec elsewhere.
struct State {
  static constexpr int kVersion = 1;
  int version = kVersion;
  InputSpace space;
  Points points;                     // canonical
  std::vector<double> observations;  // one a point
  OutputWarp warp = OutputWarp::none;
  std::vector<Hyperparameters> hyperparameters;  // one, or draws over which predictions are averaged
};

// Checks `state` and canonicalizes its points. Errors: unsupported (another version); invalid_argument with the field:
// an invalid space, sizes that do not agree, no observation, one that is not finite, a point with a coordinate that is
// no value of its active dimension, no hyperparameters, or some that are not finite.
[[nodiscard]] Status canonicalize(State& state);

// As above, for points alone; the field is points[i].
[[nodiscard]] Status canonicalize(const InputSpace& space, Points& points);

}  // namespace krige::gp
