// Trials of older studies that a study learns from: `warm_start` of the study file.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/json.h"
#include "tuner/space/space.h"

namespace krige::tuner {

// A study of the same or an overlapping space: points of the new space, and the values found there, of a metric with
// the same goal.
struct OlderStudy {
  std::string name;
  std::vector<std::pair<Params, double>> trials;  // at least two
};

// A list of {name, trials: [{params, value, state?}, …]} or {name, path}: a file that `krige sweep --json` wrote. Only
// COMPLETED trials with a finite value count. Relative paths are taken from `data_root`; `confined`: a path is a fault.
// What does not fit the space is left out, and told in `notes`; an entry of which fewer than two trials fit is a fault.
[[nodiscard]] std::vector<OlderStudy> read_warm_start(const OrderedJson& json, const Space& space,
                                                      const std::string& data_root, bool confined, Faults& faults,
                                                      std::vector<std::string>& notes);
[[nodiscard]] OrderedJson to_json(const std::vector<OlderStudy>& studies);

}  // namespace krige::tuner
