// The events of a study (docs/rest.md).
#pragma once

#include "tuner/storage/storage.h"
#include "tuner/study/engine.h"

namespace krige::tuner {

[[nodiscard]] NewEvent study_created(const StudyView& study);
[[nodiscard]] NewEvent study_state_changed(const StudyRow& row);
[[nodiscard]] NewEvent trial_created(const Trial& trial);
[[nodiscard]] NewEvent trial_state_changed(const Trial& trial);
[[nodiscard]] NewEvent trial_reported(const Record& record);

}  // namespace krige::tuner
