// What a Gaussian-process sampler learned, and its form in a SurrogateFit.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "gp/fit/fit.h"

namespace krige::tuner {

struct GpModel {
  std::vector<gp::Hyperparameters> objective;
  gp::OutputWarp warp = gp::OutputWarp::none;
  std::vector<gp::Hyperparameters> feasibility;  // once a trial had no value
};

// JSON text; every number is kept exactly.
[[nodiscard]] std::string encode_model(const GpModel& model);
// Error: corrupt, with the field's path.
[[nodiscard]] Result<GpModel> decode_model(const std::string& text);

}  // namespace krige::tuner
