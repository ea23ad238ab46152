// How a study's next trial comes about: the sampler's fit, when a new one is due, and the proposal made with it.
#include <fmt/format.h>

#include <system_error>

#include "base/log.h"
#include "base/low_priority.h"
#include "tuner/study/codec.h"
#include "tuner/study/events.h"
#include "tuner/study/next_fit.h"
#include "tuner/study/study_runner.h"

namespace krige::tuner {
namespace {

// As a restart would read it, so that no suggestion is made from more than what is kept.
Result<SurrogateFit> as_kept(const SurrogateFit& fit) { return surrogate_fit_from_text(surrogate_fitted(fit).data); }

}  // namespace

void StudyRunner::update_history() {
  history_.truncate(image_.next_trial());  // planned trials that were not kept
  for (const TrialId id : changed_trials_) history_.put(*image_.trial(id));
  changed_trials_.clear();
}

Status StudyRunner::refit_if_due(Lock& lock) {
  update_history();
  const std::int64_t finished = image_.finished();
  if (refitting_ || refit_failed_at_ == finished || !sampler_->refit_due(history_.trials(), fit_.get())) return {};
  refitting_ = true;
  const auto make = [this, finished, last = fit_, id = last_fit_ + 1,
                     through = image_.row().seq](std::span<const Trial> history) {
    Result<SurrogateFit> fit = sampler_->refit(history, last.get());
    if (fit) {
      fit->id = id;
      fit->through = through;
      fit = as_kept(*fit);
    }
    return Refit{finished, std::move(fit)};
  };
  lock.unlock();
  if (!fit_ || finished < kFitInLineBelow) {
    post(at_low_priority([&] { return make(history_.trials()); }));
  } else {
    try {
      refit_thread_ = std::jthread([this, make, history = history_](const std::stop_token& stop) {
        if (!stop.stop_requested()) post(at_low_priority([&] { return make(history.trials()); }));
      });
    } catch (const std::system_error& e) {
      post(Refit{finished, fail(ErrorCode::unavailable, e.what())});
    }
  }
  lock.lock();
  return take_in_messages();
}

Status StudyRunner::take_in_refit(const Refit& refit) {
  if (refit_thread_.joinable()) refit_thread_.join();  // the message was the last that it did
  if (!refit.fit) {
    log::warning(
        fmt::format("study {}: no new fit, the last one stays: {}", image_.row().id, refit.fit.error().describe()));
    refit_failed_at_ = refit.finished;
  } else if (!is_final(image_.row().state)) {
    Change change;
    change.events.push_back(surrogate_fitted(*refit.fit));
    KRIGE_CHECK(commit(std::move(change)));
    fit_ = std::make_shared<const SurrogateFit>(*refit.fit);
    last_fit_ = fit_->id;
  }
  refitting_ = false;
  return {};
}

Result<std::optional<Trial>> StudyRunner::propose(Lock& lock) {
  constexpr int kTriesUnlocked = 3;
  const auto may_start = [&] { return image_.row().state == StudyState::active && !draining_ && can_give(); };
  for (int tries = 1;; ++tries) {
    KRIGE_CHECK(refit_if_due(lock));
    if (!may_start()) return std::optional<Trial>();
    update_history();
    const TrialId next = history_.next();
    const std::uint64_t through = image_.row().seq;
    // A trial that was added meanwhile has taken the number, and perhaps the point: again, in the end without letting
    // others in.
    const bool unlocked = tries <= kTriesUnlocked && !proposes_at_once();
    const auto make = [&] { return sampler_->propose(history_.trials(), next, fit_.get()); };
    if (unlocked) lock.unlock();
    Result<Suggestion> suggestion = unlocked ? at_low_priority(make) : make();
    if (unlocked) lock.lock();
    if (!may_start()) return std::optional<Trial>();
    if (image_.next_trial() != next) continue;
    if (!suggestion) {
      KRIGE_TRY(const bool again, take_in_failure(suggestion.error()));
      if (again) continue;
      return std::optional<Trial>();
    }
    Trial trial;
    trial.id = next;
    trial.params = std::move(suggestion->params);
    trial.suggestion = std::move(suggestion->info);
    trial.suggestion.through = through;
    trial.created_at = services_.options->clock->wall_now();
    return std::optional<Trial>(std::move(trial));
  }
}

Result<bool> StudyRunner::take_in_failure(const Error& error) {
  if (error.code == ErrorCode::space_exhausted) {
    exhausted_ = true;
    return false;
  }
  if (error.code == ErrorCode::corrupt && fit_) {
    log::warning(fmt::format("study {}: fit {} cannot be used and is made again: {}", image_.row().id, fit_->id,
                             error.describe()));
    fit_.reset();
    refit_failed_at_ = -1;
    return true;
  }
  log::error(fmt::format("study {}: no suggestion: {}", image_.row().id, error.describe()));
  KRIGE_CHECK(begin_stopping("internal"));
  return false;
}

}  // namespace krige::tuner
