#include <algorithm>

#include "tuner/study/codec.h"
#include "tuner/study/events.h"
#include "tuner/study/explain.h"
#include "tuner/study/history.h"
#include "tuner/study/next_fit.h"

namespace krige::tuner {

namespace {

std::int64_t finished_in(const std::vector<Trial>& trials) {
  return std::ranges::count_if(trials, [](const Trial& trial) { return counts_towards_budget(trial.state); });
}

}  // namespace

Result<NextSuggestion> next_suggestion(const StudySnapshot& study) {
  const std::unique_ptr<Sampler> sampler = make_sampler(study.spec);
  History history;
  for (const Trial& trial : study.trials) history.put(trial);
  std::optional<SurrogateFit> fit = study.fit;
  NextSuggestion out;
  out.id = history.next();
  // As StudyRunner::refit_if_due: a long history is fitted while the last fit serves.
  const SurrogateFit* last = fit ? &*fit : nullptr;
  const bool waits = last == nullptr || finished_in(study.trials) < kFitInLineBelow;
  if (waits && sampler->refit_due(history.trials(), last)) {
    KRIGE_TRY(SurrogateFit made, sampler->refit(history.trials(), last));
    made.id = last == nullptr ? 1 : last->id + 1;
    // Read as the runner reads it back from its event.
    KRIGE_TRY(fit, surrogate_fit_from_text(surrogate_fitted(made).data));
    out.new_fit = true;
  }
  KRIGE_TRY(out.suggestion, sampler->propose(history.trials(), out.id, fit ? &*fit : nullptr));
  return out;
}

}  // namespace krige::tuner
