// What every store refuses, and the JSON text columns of the SQL stores.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tuner/storage/storage.h"

namespace krige::tuner {

// Refuses what no store could give back as it is: names and parameters that are not UTF-8, a parameter that is not
// finite, a name given twice, attempts that are not by id. invalid_argument, with the path of the first such field.
[[nodiscard]] Status check(const Change& change);

// Of the data of an event kTrialReported; 0: of no trial.
[[nodiscard]] TrialId reported_trial(std::string_view data);

// The errors of storage.h, in the same words from every store.
[[nodiscard]] Error no_study(const StudyId& study);
[[nodiscard]] Error no_trial(const StudyId& study, TrialId trial);
[[nodiscard]] Error study_exists(const StudyId& study);
[[nodiscard]] Error stale_epoch(const Change& change, std::uint64_t epoch);

// Of values that passed check(). The shortest text of a double reads back as that double.
[[nodiscard]] std::string params_text(const Params& params);
[[nodiscard]] std::string outcome_text(const Trial& trial);  // its values and constraints
[[nodiscard]] std::string suggestion_text(const SuggestionInfo& info);
[[nodiscard]] std::string metrics_text(const std::vector<std::pair<std::string, double>>& metrics);

[[nodiscard]] Result<Params> params_from_text(const std::string& text);
[[nodiscard]] Status outcome_from_text(const std::string& text, Trial& trial);
[[nodiscard]] Result<SuggestionInfo> suggestion_from_text(const std::string& text);
[[nodiscard]] Result<std::vector<std::pair<std::string, double>>> metrics_from_text(const std::string& text);

}  // namespace krige::tuner
