// dlib's global_function_search: LIPO with a trust region (find_min_global), asked and told.
//
// It knows a box and integers only. Numbers are searched on their own scale (log where the parameter's is), grids and
// categories as integers; parameters that are not active at a point are coordinates it does not use.
#pragma once

#include <memory>

#include "bench/competitors/competitor.h"

namespace krige::bench {

// Whether this program was built with dlib.
[[nodiscard]] bool has_dlib();
// `space` must outlive it. Error: unavailable without dlib.
[[nodiscard]] Result<std::unique_ptr<Competitor>> make_dlib_search(const tuner::Space& space, std::uint64_t seed);

}  // namespace krige::bench
