// The events of a study (docs/rest.md).
#pragma once

#include "tuner/samplers/sampler.h"
#include "tuner/storage/storage.h"
#include "tuner/study/engine.h"

namespace krige::tuner {

inline constexpr char kTrialCreated[] = "TRIAL_CREATED";
inline constexpr char kTrialStateChanged[] = "TRIAL_STATE_CHANGED";
inline constexpr char kSurrogateFitted[] = "SURROGATE_FITTED";

[[nodiscard]] NewEvent study_created(const StudyView& study);
[[nodiscard]] NewEvent study_updated(const StudyView& study);
[[nodiscard]] NewEvent study_state_changed(const StudyRow& row);
[[nodiscard]] NewEvent trial_created(const Trial& trial);
[[nodiscard]] NewEvent trial_state_changed(const Trial& trial);
[[nodiscard]] NewEvent trials_forgotten(const std::vector<Trial>& trials, bool records, bool files,
                                        const std::string& reason);
[[nodiscard]] NewEvent trial_reported(const Record& record);
[[nodiscard]] NewEvent worker_quarantined(const std::string& worker, WallTime until);
[[nodiscard]] NewEvent surrogate_fitted(const SurrogateFit& fit);

}  // namespace krige::tuner
