#include "tuner/samplers/sampler.h"

#include <utility>

namespace krige::tuner {

Result<SurrogateFit> Sampler::refit(std::span<const Trial> /*history*/, const SurrogateFit* /*last*/) const {
  return fail(ErrorCode::internal, "a method that does not learn has no fit");
}

Result<Suggestion> FittingSampler::propose(std::span<const Trial> history, TrialId next) {
  if (sampler_->refit_due(history, fit())) {
    KRIGE_TRY(SurrogateFit made, sampler_->refit(history, fit()));
    made.id = fit_ ? fit_->id + 1 : 1;
    fit_ = std::move(made);
  }
  return sampler_->propose(history, next, fit());
}

}  // namespace krige::tuner
