#include "tuner/study/history.h"

namespace krige::tuner {

void History::put(const Trial& trial) {
  if (trial.id == next()) trials_.emplace_back();
  Trial& held = trials_[static_cast<std::size_t>(trial.id - 1)];
  held.id = trial.id;
  held.state = trial.state;
  held.params = trial.params;
  held.value = trial.value;
  held.values = trial.values;
  held.constraints = trial.constraints;
  held.suggestion = trial.suggestion;
}

void History::truncate(TrialId first) {
  if (first < next()) trials_.resize(static_cast<std::size_t>(first - 1));
}

}  // namespace krige::tuner
