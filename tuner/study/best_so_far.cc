#include "tuner/study/best_so_far.h"

#include <iterator>

namespace krige::tuner {

void BestSoFar::put(TrialId trial, double value) {
  auto after = steps_.upper_bound(trial);
  if (after != steps_.begin() && !better(value, std::prev(after)->second)) return;
  while (after != steps_.end() && !better(after->second, value)) after = steps_.erase(after);
  steps_.emplace_hint(after, trial, value);
}

std::vector<std::pair<TrialId, double>> BestSoFar::steps(std::size_t most) const {
  std::vector<std::pair<TrialId, double>> out;
  const std::size_t count = steps_.size();
  std::size_t index = 0;
  for (const auto& step : steps_) {
    // As evenly as whole numbers allow: the index where out.size() of `most` are due.
    const std::size_t due = count <= most ? index : out.size() * (count - 1) / (most - 1);
    if (index == due) out.emplace_back(step);
    ++index;
  }
  return out;
}

}  // namespace krige::tuner
