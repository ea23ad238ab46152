// Values for the storage tests. The golden stores hold some of them: they never change.
#pragma once

#include <cstdint>

#include "tuner/storage/storage.h"

namespace krige::tuner {

[[nodiscard]] WallTime at(std::int64_t ms);
[[nodiscard]] StudyRow study_row(const StudyId& id);
// Every field set, all of them from `id`.
[[nodiscard]] Trial full_trial(TrialId id);
// The same of a study with several objectives and constraints.
[[nodiscard]] Trial full_trial_of_several(TrialId id);
[[nodiscard]] Record record(TrialId trial, AttemptId attempt, std::int64_t step, double loss);
// A change that holds one trial, one record of it and one event.
[[nodiscard]] Change change_of(const StudyId& study, std::uint64_t epoch, TrialId trial);

}  // namespace krige::tuner
