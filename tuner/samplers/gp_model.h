// What a Gaussian-process sampler learned, and its form in a SurrogateFit.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "gp/fit/fit.h"

namespace krige::tuner {

// Of an older study.
struct SourceModel {
  std::vector<gp::Hyperparameters> objective;
  gp::OutputWarp warp = gp::OutputWarp::none;
  double weight = 0;  // its share of the acquisition
};

// Of an outcome besides the first objective.
struct OutcomeModel {
  std::vector<gp::Hyperparameters> hyperparameters;
  gp::OutputWarp warp = gp::OutputWarp::none;
};

struct GpModel {
  std::vector<gp::Hyperparameters> objective;  // the first; empty: only the sources are known yet
  gp::OutputWarp warp = gp::OutputWarp::none;
  std::vector<gp::Hyperparameters> feasibility;  // once a trial had no value
  std::vector<gp::Hyperparameters> log_seconds;  // where the time of a trial counts
  std::vector<SourceModel> sources;              // one for each older study
  std::vector<OutcomeModel> further{};           // the objectives after the first
  std::vector<OutcomeModel> constraints{};       // one for each
};

// JSON text; every number is kept exactly.
[[nodiscard]] std::string encode_model(const GpModel& model);
// Error: corrupt, with the field's path.
[[nodiscard]] Result<GpModel> decode_model(const std::string& text);

}  // namespace krige::tuner
