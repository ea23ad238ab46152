// What a study file means, for people.
#pragma once

#include <string>

#include "tuner/spec/study_spec.h"

namespace krige::cli {

// Parameters as a table, then what ends the study and what a trial is; lines without an end.
[[nodiscard]] std::string explain(const tuner::StudySpec& spec);

}  // namespace krige::cli
