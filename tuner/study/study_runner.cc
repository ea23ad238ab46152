// The runner's own thread: start, observe, end. What it starts is in study_proposals.cc, what workers outside ask for
// in study_assignments.cc and study_requests.cc, how changes are kept in study_commits.cc.
#include "tuner/study/study_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <limits>
#include <ranges>

#include "base/log.h"
#include "tuner/spec/run_limits.h"
#include "tuner/study/events.h"
#include "tuner/study/launch.h"
#include "tuner/trial/outcome.h"
#include "tuner/trial/step.h"

namespace krige::tuner {
namespace {

constexpr Millis kFirstPause{100};  // after the store refused, doubled each time
constexpr Millis kLongestPause{5000};
constexpr Millis kIdle = std::chrono::hours(1);
constexpr char kLocalWorker[] = "local";
constexpr char kServerEnded[] = "the server ended while it ran";
constexpr char kNotAllowed[] = "program_not_allowed";

bool runs(const Trial& trial) { return trial.state == TrialState::running || trial.state == TrialState::stopping; }

// The last line of a program's standard error is what it died of.
std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  const auto newline = text.rfind('\n');
  return std::string(newline == std::string_view::npos ? text : text.substr(newline + 1));
}

// What an exit code or a signal means where it is not the program's own matter.
std::string_view meaning(const Outcome& outcome) {
  if (outcome.kind == Outcome::Kind::signalled) {
    if (outcome.signal == SIGKILL) return ", as the kernel does when memory runs out";
    if (outcome.signal == SIGSEGV || outcome.signal == SIGBUS) return ", a memory fault";
    return "";
  }
  if (outcome.exit_code == 126) return ", which is a shell's for a program that it may not run";
  if (outcome.exit_code == 127) return ", which is a shell's for a program that is not there";
  if (outcome.exit_code == 128 + SIGKILL)
    return ", which is a shell's for SIGKILL, as the kernel does when memory runs out";
  if (outcome.exit_code == 128 + SIGSEGV) return ", which is a shell's for SIGSEGV, a memory fault";
  return "";
}

std::string describe_end(const Outcome& outcome, const Limits& limits) {
  using enum Outcome::Kind;
  if (outcome.kind == over_limit) return describe(outcome.limit, limits);
  if (outcome.kind != exited && outcome.kind != signalled) return outcome.reason;
  const std::string how = fmt::format("{}{}", outcome.reason, meaning(outcome));
  const std::string said = last_line(outcome.error_tail);
  return said.empty() ? how : fmt::format("{} ({})", said, how);
}

StudyState final_state(const std::string& reason) {
  if (reason == "user") return StudyState::stopped;
  if (reason == "max_failures" || reason == "internal") return StudyState::failed;
  return StudyState::completed;
}

}  // namespace

StudyRunner::StudyRunner(Services services, StudySpec spec, StudyRow row, std::vector<Trial> trials,
                         std::optional<SurrogateFit> fit)
    : services_(std::move(services)),
      files_(services_.options->training_folder, row.id),
      image_(std::move(spec), std::move(row), std::move(trials)),
      feed_(image_.row().seq),
      quarantine_(services_.options->quarantine) {
  sampler_ = services_.options->sampler_for(image_.spec());
  if (fit) {
    fit_ = std::make_shared<const SurrogateFit>(*std::move(fit));
    last_fit_ = fit_->id;
  }
  for (const Trial& trial : image_.trials()) history_.put(trial);
  recall_failures();
  models_ = models_to_keep();
  active_since_ = now();
  // A worker outside that outlived the server gets a full lease to show itself.
  for (const Trial& trial : image_.trials())
    if (runs(trial)) leases_[trial.id] = now() + services_.options->lease;
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void StudyRunner::recall_failures() {
  std::vector<const Attempt*> ended;
  for (const Trial& trial : image_.trials()) {
    for (const Attempt& attempt : trial.attempts)
      if (attempt.ended_at) ended.push_back(&attempt);
    if (trial.state == TrialState::waiting && !trial.attempts.empty()) pausing_.insert(trial.id);
  }
  std::ranges::stable_sort(ended, {}, [](const Attempt* attempt) { return *attempt->ended_at; });
  for (const Attempt* attempt : ended) quarantine_.note(*attempt);
}

StudyRunner::~StudyRunner() {
  retire();
  thread_.join();
}

void StudyRunner::retire() {
  const Lock lock(mutex_);
  retired_ = true;
  thread_.request_stop();
  feed_.close();
  tell_waiters();
}

void StudyRunner::on_line(const AttemptKey& key, std::string_view line) { post(Line{key, std::string(line)}); }
void StudyRunner::on_exit(const AttemptKey& key, const Outcome& outcome) { post(Exit{key, outcome}); }

void StudyRunner::post(Message message) {
  const Lock lock(inbox_mutex_);
  inbox_.push_back(std::move(message));
  wake_ = true;
  inbox_filled_.notify_one();
}

void StudyRunner::wake() {
  const Lock lock(inbox_mutex_);
  wake_ = true;
  inbox_filled_.notify_one();
}

void StudyRunner::run(const std::stop_token& stop) {
  Millis pause = kFirstPause;
  while (!stop.stop_requested()) {
    Millis wait;
    {
      Lock lock(mutex_);
      if (const Status done = step(lock)) {
        pause = kFirstPause;
        wait = until_next_deadline();
        next_look_ = now() + wait;
      } else if (retired_) {
        return;
      } else {
        log::error(
            fmt::format("study {}: {}; trying again in {} ms", image_.row().id, done.error().message, pause.count()));
        wait = pause;
        next_look_ = now() + wait;
        pause = std::min(2 * pause, kLongestPause);
      }
    }
    Lock inbox(inbox_mutex_);
    inbox_filled_.wait_for(inbox, stop, wait, [&] { return wake_; });
    wake_ = false;
  }
}

Status StudyRunner::step(Lock& lock) {
  KRIGE_CHECK(recover());
  KRIGE_CHECK(take_in_messages());
  KRIGE_CHECK(catch_up());
  KRIGE_CHECK(keep_active_time());
  if (runs_locally()) return start_local(lock);
  return serve_clients(lock);
}

Status StudyRunner::recover() {
  if (recovered_) return {};
  KRIGE_CHECK(recall_records());
  if (image_.spec().runs_locally()) {
    const std::vector<Trial> trials = image_.trials();
    for (const Trial& trial : trials)
      if (runs(trial)) KRIGE_CHECK(lose_attempt(trial, kServerEnded));
  }
  if (const Status may = may_run(); !may && image_.row().state == StudyState::active) {
    log::warning(fmt::format("study {} is paused: {}", image_.row().id, may.error().message));
    KRIGE_CHECK(set_state(StudyState::paused, kNotAllowed));
  }
  recovered_ = true;
  return {};
}

// What the operator allowed an earlier server, this one may not be allowed any more.
Status StudyRunner::may_run() const {
  const auto& may = services_.options->may_run;
  return may && runs_locally() ? may(image_.spec()) : Status();
}

Status StudyRunner::take_in_messages() {
  while (true) {
    {
      const Lock lock(inbox_mutex_);
      std::ranges::move(inbox_, std::back_inserter(taken_));
      inbox_.clear();
    }
    if (taken_.empty()) return {};
    const auto other = std::ranges::find_if(taken_, [](const Message& m) { return !std::holds_alternative<Line>(m); });
    const auto lines = static_cast<std::size_t>(other - taken_.begin());
    if (lines > 0) {
      KRIGE_CHECK(take_in_lines(lines));
      taken_.erase(taken_.begin(), taken_.begin() + static_cast<std::ptrdiff_t>(lines));
    } else {
      const auto* exit = std::get_if<Exit>(&taken_.front());
      KRIGE_CHECK(exit != nullptr ? take_in_exit(*exit) : take_in_refit(std::get<Refit>(taken_.front())));
      taken_.pop_front();
    }
  }
}

// Every record that waits goes into one transaction.
Status StudyRunner::take_in_lines(std::size_t lines) {
  Change change;
  std::map<TrialId, std::int64_t> next_step;
  for (std::size_t i = 0; i < lines; ++i) {
    const auto& [key, text] = std::get<Line>(taken_[i]);
    const Trial* trial = image_.trial(key.trial);
    if (trial == nullptr || is_final(trial->state) || trial->attempts.empty() ||
        trial->attempts.back().id != key.attempt)
      continue;
    const auto step = next_step.try_emplace(key.trial, image_.reported_steps(key.trial) + 1).first;
    std::optional<Record> record = parse_record(text, key, step->second, patterns_);
    if (!record) continue;
    step->second = record->step + 1;
    if (trial->attempts.back().state == AttemptState::launching &&
        std::ranges::find(change.trials, trial->id, &Trial::id) == change.trials.end()) {
      Trial running = *trial;
      running.attempts.back().state = AttemptState::running;
      change.events.push_back(trial_state_changed(running));
      change.trials.push_back(std::move(running));
    }
    change.events.push_back(trial_reported(*record));
    change.records.push_back(std::move(*record));
  }
  if (change.events.empty()) return {};
  const std::vector<Record> reported = change.records;
  KRIGE_CHECK(commit(std::move(change)));
  return stop_early(reported);
}

Status StudyRunner::recall_records() {
  const bool compares = image_.spec().early_terminate.has_value();
  for (const Trial& trial : image_.trials()) {
    const bool unfinished = !is_final(trial.state) && !trial.attempts.empty();
    if (!compares && !unfinished) continue;
    KRIGE_TRY(const std::vector<Record> records, services_.storage->records(image_.row().id, trial.id));
    if (unfinished) image_.recall(records);
    for (const Record& record : records) note_curve(record);
  }
  return {};
}

void StudyRunner::note_curve(const Record& record) {
  if (!image_.spec().early_terminate) return;
  const auto named = [&](std::string_view metric) -> std::optional<double> {
    const auto found = std::ranges::find(record.metrics, metric, &std::pair<std::string, double>::first);
    return found == record.metrics.end() ? std::nullopt : std::optional(found->second);
  };
  // Without it, NaN: where the step was reported before, that report counts no more.
  const double value = named(early_metric(image_.spec()).name).value_or(std::numeric_limits<double>::quiet_NaN());
  // The trainer's steps are minibatches, of which trials with other batch sizes have other numbers.
  std::optional<double> epoch = image_.spec().train ? named("epoch") : std::nullopt;
  if (epoch && !(*epoch >= 0 && *epoch <= kMaxStep)) epoch.reset();
  curves_.add(record.trial, record.attempt, epoch ? std::llround(*epoch) : record.step, value);
}

Status StudyRunner::stop_early(const std::vector<Record>& reported) {
  const std::optional<EarlyTerminate>& rule = image_.spec().early_terminate;
  if (!rule) return {};
  for (const Record& record : reported) {
    note_curve(record);
    const Trial* held = image_.trial(record.trial);
    if (held == nullptr || held->state != TrialState::running) continue;
    std::optional<std::string> reason = reason_to_stop(*rule, early_metric(image_.spec()).goal, curves_, record.trial);
    if (!reason) continue;
    Trial trial = *held;
    trial.state = TrialState::stopping;
    trial.reason = std::move(*reason);
    Change change;
    change.events.push_back(trial_state_changed(trial));
    change.trials.push_back(trial);
    KRIGE_CHECK(commit(std::move(change)));
    stop_attempt(trial);
  }
  return {};
}

void StudyRunner::stop_attempt(const Trial& trial) {
  if (!runs_locally()) return;
  services_.executor->stop({image_.row().id, trial.id, trial.attempts.back().id}, stop_grace());
}

Status StudyRunner::take_in_exit(const Exit& exit) {
  const auto& [key, outcome] = exit;
  const Trial* held = image_.trial(key.trial);
  if (held == nullptr || is_final(held->state) || held->attempts.empty() || held->attempts.back().id != key.attempt)
    return {};
  const Trial trial = *held;
  const bool asked_to_stop = trial.state == TrialState::stopping;
  if (stops_alone(trial)) return end_stopped(trial);
  using enum Outcome::Kind;
  if (outcome.kind == exited && outcome.exit_code == kPausedExitCode && promotes() && !asked_to_stop)
    return end(is_at_rung(trial) ? pausing(trial) : failing(trial, "paused without a record of its last epoch"));
  if (outcome.kind == exited && outcome.exit_code == 0) {
    Result<Verdict> verdict = judge(image_.spec(), image_.reduced(trial.id));
    if (verdict)
      return end(ending(trial, AttemptState::succeeded, verdict->state, std::move(verdict->reason),
                        std::move(verdict->measured)));
    if (!asked_to_stop) return end(failing(trial, fmt::format("ended without reporting {}", verdict.error().field)));
  }
  if (asked_to_stop)
    return end(ending(trial, AttemptState::cancelled, TrialState::cancelled, image_.row().state_reason));
  if (outcome.kind == stopped) return end(ending(trial, AttemptState::preempted, TrialState::waiting, ""));
  if (outcome.kind == lost) return lose_attempt(trial, outcome.reason);
  const bool timed_out = outcome.kind == over_limit && outcome.limit == Limit::time;
  return end(failing(trial, describe_end(outcome, image_.spec().limits),
                     timed_out ? AttemptState::timed_out : AttemptState::failed));
}

Status StudyRunner::expire_leases() {
  if (image_.spec().runs_locally()) return {};
  std::vector<TrialId> expired;
  for (const auto& [id, end] : leases_)
    if (end <= now()) expired.push_back(id);
  for (const TrialId id : expired) {
    const Trial* trial = image_.trial(id);
    if (trial != nullptr && runs(*trial)) KRIGE_CHECK(lose_attempt(*trial, "no sign of life for a lease"));
    leases_.erase(id);
  }
  return {};
}

Status StudyRunner::end_if_due() {
  const StudyRow& row = image_.row();
  if (is_final(row.state)) return {};
  if (row.state != StudyState::stopping) {
    std::optional<std::string> reason = image_.end_reason();
    const std::optional<Millis>& max_time = image_.spec().budget.max_time;
    if (!reason && max_time && active_time() >= *max_time) reason = "max_time";
    if (!reason && exhausted_ && image_.in_flight() == 0) reason = "space_exhausted";
    if (!reason) return {};
    KRIGE_CHECK(begin_stopping(*reason));
  }
  if (image_.in_flight() > 0) return {};
  Change change;
  change.row = current_row();
  change.row->state = final_state(row.state_reason);
  change.row->ended_at = services_.options->clock->wall_now();
  change.events.push_back(study_state_changed(*change.row));
  return commit(std::move(change));
}

Status StudyRunner::begin_stopping(const std::string& reason) {
  Change change;
  change.row = current_row();
  change.row->state = StudyState::stopping;
  change.row->state_reason = reason;
  change.events.push_back(study_state_changed(*change.row));
  std::vector<Trial> to_stop;
  for (const Trial& held : image_.trials()) {
    if (held.state != TrialState::waiting && !(held.state == TrialState::running && runs_locally())) continue;
    Trial trial = held;
    if (held.state == TrialState::waiting) {
      trial.state = TrialState::cancelled;
      trial.reason = reason;
      trial.ended_at = services_.options->clock->wall_now();
    } else {
      trial.state = TrialState::stopping;
      to_stop.push_back(trial);
    }
    change.events.push_back(trial_state_changed(trial));
    change.trials.push_back(std::move(trial));
  }
  plan_end_of_paused(change);
  wanted_.clear();
  KRIGE_CHECK(commit(std::move(change)));
  for (const Trial& trial : to_stop) stop_attempt(trial);
  return {};
}

Status StudyRunner::start_local(Lock& lock) {
  while (image_.row().state == StudyState::active && !draining_) {
    const std::int64_t running = image_.count(TrialState::running) + image_.count(TrialState::stopping);
    if (running >= image_.spec().budget.parallel) return {};
    KRIGE_TRY(std::optional<Trial> trial, next_local(lock));
    if (!trial && running == 0 && image_.count(TrialState::waiting) == 0) {
      KRIGE_TRY(trial, settle_paused());
    }
    if (!trial) return end_if_due();
    KRIGE_CHECK(launch(std::move(*trial)));
    KRIGE_CHECK(end_if_due());  // a trial that cannot start at all counts too
  }
  return {};
}

Result<std::optional<Trial>> StudyRunner::next_local(Lock& lock) {
  std::optional<TrialId> next = first_ready();
  if (!next) next = promoted();
  if (next) return std::optional<Trial>(*image_.trial(*next));
  if (can_give()) return propose(lock);
  return std::optional<Trial>();
}

Status StudyRunner::launch(Trial planned) {
  KRIGE_TRY(Trial trial, begin_attempt(std::move(planned), kLocalWorker, AttemptState::launching));
  const AttemptKey key{image_.row().id, trial.id, trial.attempts.back().id};
  Result<RunSpec> run = make_run(image_.spec(), key, trial.params, services_.options->trainer, files_of(trial));
  if (run) run->limits.grace = stop_grace();
  const Status started = run ? services_.executor->start(*run) : fail(run.error());
  if (started) return {};
  return end(ending(std::move(trial), AttemptState::failed, TrialState::failed, started.error().describe()));
}

bool StudyRunner::stops_alone(const Trial& trial) {
  return trial.state == TrialState::stopping && !trial.reason.empty();
}

// What was reached is worse than the point deserves, and still better to know than nothing.
TrialState StudyRunner::end_of_stopped(TrialId id) const {
  return image_.reduced(id).empty() ? TrialState::cancelled : TrialState::pruned;
}

Measurement StudyRunner::reached(TrialId id) const {
  const Result<Verdict> verdict = judge(image_.spec(), image_.reduced(id));
  return verdict ? verdict->measured : Measurement{};
}

Status StudyRunner::end_stopped(Trial trial) {
  const TrialId id = trial.id;
  std::string reason = trial.reason;
  return end(ending(std::move(trial), AttemptState::cancelled, end_of_stopped(id), std::move(reason), reached(id)));
}

Status StudyRunner::lose_attempt(Trial trial, std::string reason) {
  if (stops_alone(trial)) return end_stopped(std::move(trial));
  if (image_.row().state == StudyState::stopping || trial.state == TrialState::stopping)
    return end(ending(std::move(trial), AttemptState::lost, TrialState::cancelled, std::move(reason)));
  // What came before a checkpoint has done the trial no harm.
  const auto since_checkpoint =
      trial.attempts | std::views::reverse |
      std::views::take_while([](const Attempt& attempt) { return attempt.state != AttemptState::succeeded; });
  const auto lost = 1 + std::ranges::count(since_checkpoint, AttemptState::lost, &Attempt::state);
  if (lost < services_.options->max_lost_attempts)
    return end(ending(std::move(trial), AttemptState::lost, TrialState::waiting, std::move(reason)));
  reason = fmt::format("lost {} times, the last time: {}", lost, reason);
  return end(ending(std::move(trial), AttemptState::lost, TrialState::failed, std::move(reason)));
}

StudyRow StudyRunner::current_row() const {
  StudyRow row = image_.row();
  row.active_time = active_time();
  return row;
}

Millis StudyRunner::active_time() const {
  Millis time = image_.row().active_time;
  if (image_.row().state == StudyState::active) time += std::chrono::floor<Millis>(now() - active_since_);
  return time;
}

Millis StudyRunner::until_next_deadline() const {
  Millis wait = kIdle;
  const auto at_most = [&](Millis limit) { wait = std::clamp(limit, Millis(0), wait); };
  // A millisecond more, so that the deadline is past when the wait ends.
  for (const auto& [id, end] : leases_)
    if (!image_.spec().runs_locally()) at_most(std::chrono::ceil<Millis>(end - now()) + Millis(1));
  for (const TrialId id : pausing_)
    at_most(retry_at(*image_.trial(id)) - services_.options->clock->wall_now() + Millis(1));
  const std::optional<Millis>& max_time = image_.spec().budget.max_time;
  if (max_time && image_.row().state == StudyState::active) {
    at_most(*max_time - active_time() + Millis(1));
    at_most(std::chrono::ceil<Millis>(active_since_ + kActiveTimeIsKept - now()) + Millis(1));
  }
  return wait;
}

void StudyRunner::drain(Drain how) {
  const Lock lock(mutex_);
  draining_ = true;
  tell_waiters();
  if (!runs_locally()) return;
  const Millis grace = how == Drain::at_once ? Millis(0) : stop_grace();
  for (const Trial& trial : image_.trials())
    if (runs(trial)) services_.executor->stop({image_.row().id, trial.id, trial.attempts.back().id}, grace);
}

void StudyRunner::wait_drained(MonotonicTime deadline) {
  Lock lock(mutex_);
  if (runs_locally()) changed_.wait_until(lock, deadline, [&] { return std::ranges::none_of(image_.trials(), runs); });
}

}  // namespace krige::tuner
