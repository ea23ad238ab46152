// A page of trials that only a look at each can find: of a filter, or in another order than the index keeps.
#pragma once

#include <optional>
#include <vector>

#include "tuner/study/engine.h"

namespace krige::tuner {

struct TrialSelection {
  std::vector<TrialId> ids;        // of the page
  std::optional<TrialPlace> next;  // of the next page, when there is one
  std::size_t total = 0;           // that pass, on all pages
};

// invalid_argument: `filter` or `order_by` names what the study does not have.
[[nodiscard]] Result<TrialSelection> select_trials(const std::vector<Trial>& trials, const StudySpec& spec,
                                                   const TrialQuery& query);

}  // namespace krige::tuner
