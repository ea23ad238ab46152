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

History history_of(const StudySnapshot& study) {
  History history;
  for (const Trial& trial : study.trials) history.put(trial);
  return history;
}

}  // namespace

Result<bool> bring_up_to_date(StudySnapshot& study) {
  const std::unique_ptr<Sampler> sampler = make_sampler(study.spec);
  const History history = history_of(study);
  // As StudyRunner::refit_if_due: a long history is fitted while the last fit serves.
  const SurrogateFit* last = study.fit ? &*study.fit : nullptr;
  const bool waits = last == nullptr || finished_in(study.trials) < kFitInLineBelow;
  if (!waits || !sampler->refit_due(history.trials(), last)) return false;
  KRIGE_TRY(SurrogateFit made, sampler->refit(history.trials(), last));
  made.id = last == nullptr ? 1 : last->id + 1;
  // Read as the runner reads it back from its event.
  KRIGE_TRY(study.fit, surrogate_fit_from_text(surrogate_fitted(made).data));
  return true;
}

Result<NextSuggestion> next_suggestion(StudySnapshot study) {
  NextSuggestion out;
  KRIGE_TRY(out.new_fit, bring_up_to_date(study));
  const History history = history_of(study);
  out.id = history.next();
  KRIGE_TRY(out.suggestion,
            make_sampler(study.spec)->propose(history.trials(), out.id, study.fit ? &*study.fit : nullptr));
  return out;
}

}  // namespace krige::tuner
