// What a study would begin with.
#pragma once

#include "tuner/spec/study_spec.h"

namespace krige::cli {

// Prints the first points, as many as may run at once and at least five, and what the first would run; starts nothing.
// The exit code.
int show_first_points(const tuner::StudySpec& spec, bool json);

}  // namespace krige::cli
