// Makes a study's suggestions again from its events alone, to show that they follow from what was recorded.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "tuner/samplers/sampler.h"
#include "tuner/storage/storage.h"

namespace krige::tuner {

struct Replay {
  std::int64_t made = 0;           // suggestions that were made again
  std::int64_t skipped = 0;        // trials that do not say which history they were made from
  std::vector<TrialId> differing;  // made again, their points are not the recorded ones bit for bit
};

// `sampler`: a new one of the study's spec. Each suggestion is made from the history and the fit that the events have
// up to the suggestion's `through`; no fit is made. `events`: all of the study's, by seq. corrupt: an event cannot be
// read, or a suggestion names a history or a fit that the events before it do not have.
[[nodiscard]] Result<Replay> replay(Sampler& sampler, std::span<const Event> events);

}  // namespace krige::tuner
