// The parameters of a study file: Krige's own form and W&B's.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "tuner/space/parameter.h"

namespace krige::tuner {

// Reads {name: {type, min, max, …}}; nested W&B parameters become "outer.inner". Faults go below `path`.
[[nodiscard]] std::vector<Parameter> read_parameters(const OrderedJson& json, const std::string& path, Faults& faults);
[[nodiscard]] OrderedJson to_json(const std::vector<Parameter>& parameters);

}  // namespace krige::tuner
