// Runs one study: a thread of its own proposes points, starts attempts and takes in what they report. Requests from
// outside enter through the public functions and are committed by the thread that calls.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <thread>
#include <variant>
#include <vector>

#include "tuner/executors/executor.h"
#include "tuner/samplers/sampler.h"
#include "tuner/study/early_stop.h"
#include "tuner/study/event_feed.h"
#include "tuner/study/history.h"
#include "tuner/study/launch.h"
#include "tuner/study/quarantine.h"
#include "tuner/study/study_image.h"
#include "tuner/study/training_files.h"

namespace krige::tuner {

// Thread-safe.
class StudyRunner {
 public:
  struct Services {
    Storage* storage = nullptr;                     // outlives the runner
    Executor* executor = nullptr;                   // may be null; outlives the runner
    const EngineOptions* options = nullptr;         // outlives the runner
    std::function<void(const StudyId&)> on_change;  // after every commit; must not call the runner
  };

  // The study must be in the store at `row.epoch`. Attempts of this machine that were running are LOST. `fit`: the
  // latest in the store.
  StudyRunner(Services services, StudySpec spec, StudyRow row, std::vector<Trial> trials,
              std::optional<SurrogateFit> fit = {});
  // Ends the thread; drain() and wait_drained() come before.
  ~StudyRunner();
  StudyRunner(const StudyRunner&) = delete;
  StudyRunner& operator=(const StudyRunner&) = delete;

  // See Engine, which these serve.
  [[nodiscard]] StudyView view() const;
  [[nodiscard]] Result<TrialPage> trials(const TrialQuery& query) const;
  void look_at(const Engine::Look& look) const;
  [[nodiscard]] std::vector<StopLimit> stop_limits() const;
  [[nodiscard]] Result<Trial> trial(TrialId id) const;
  [[nodiscard]] TrialPage optimal() const;
  Result<StudyView> update(const StudySpec& changed, const std::string& read_spec);
  Result<StudyView> pause();
  Result<StudyView> resume();
  Result<StudyView> stop();
  Result<Trial> add_trial(NewTrial trial, const AnswerOf<Trial>& answer = {});
  Result<Trial> retry(TrialId id, const AnswerOf<Trial>& answer = {});
  Result<Trial> stop_trial(TrialId id, const AnswerOf<Trial>& answer = {});
  [[nodiscard]] OlderStudy as_older_study(std::size_t limit) const;
  Result<SuggestAnswer> suggest(int count, const std::string& client_id, Millis timeout);
  Result<Lease> report(TrialId id, const std::optional<std::string>& token, std::int64_t step,
                       const std::vector<std::pair<std::string, double>>& metrics);
  Result<Lease> heartbeat(TrialId id, const std::optional<std::string>& token);
  Result<Trial> complete(TrialId id, const std::optional<std::string>& token, const Completion& completion,
                         const AnswerOf<Trial>& answer = {});
  // What was committed; closed by retire().
  [[nodiscard]] const EventFeed& feed() const { return feed_; }

  // Whether trials pause at rungs and go on from there.
  [[nodiscard]] bool promotes() const;
  // Of all trials.
  void forget_files() const { files_.forget_all(); }
  [[nodiscard]] Result<std::string> model_path(TrialId id) const;
  [[nodiscard]] Result<ClusterFile> cluster_file(TrialId id) const;
  Result<std::vector<TrialId>> forget(const std::vector<TrialId>& ids, const Forgetting& what);

  // From the executor's thread: queued, taken in by the runner's.
  void on_line(const AttemptKey& key, std::string_view line);
  void on_exit(const AttemptKey& key, const Outcome& outcome);

  // Asks local attempts to end and starts no more; their trials wait for the next runner.
  void drain(Drain how);
  // Returns when they have ended, at the latest at the deadline.
  void wait_drained(MonotonicTime deadline);
  // Closes the feed: the study is being deleted or the engine ends.
  void retire();

 private:
  struct Line {
    AttemptKey key;
    std::string text;
  };
  struct Exit {
    AttemptKey key;
    Outcome outcome;
  };
  struct Refit {
    std::int64_t finished = 0;  // trials, when it began
    Result<SurrogateFit> fit;
  };
  using Message = std::variant<Line, Exit, Refit>;
  using Lock = std::unique_lock<std::mutex>;
  using ImageLock = std::lock_guard<std::mutex>;

  // The change that a request asks for. Both functions run under mutex_, perhaps on the thread of another request,
  // plan() perhaps again.
  struct Write {
    std::function<Result<Change>()> plan;  // from the study as it is and group_; without events there is nothing to do
    std::function<Status()> then;          // once it was committed and shown
    Status outcome;
    bool done = false;               // guarded by writes_mutex_
    std::condition_variable turned;  // done, or first in the queue
  };
  // A request that waits for trials.
  struct Waiter {
    std::string client;
    std::size_t wanted = 0;
    std::mutex mutex;
    std::condition_variable told;
    bool ready = false;  // guarded by its mutex
  };

  void run(const std::stop_token& stop);
  void post(Message message);
  void wake();

  // Each does what can be done now. An error is the store's: the same is tried again after a pause.
  Status step(Lock& lock);
  Status recover();
  Status take_in_messages();
  Status take_in_lines(std::size_t lines);
  Status take_in_exit(const Exit& exit);
  Status take_in_refit(const Refit& refit);
  Status expire_leases();
  Status keep_active_time();
  Status end_if_due();
  Status start_local(Lock& lock);
  // What runs next here: what waits, what is promoted, or a new point.
  Result<std::optional<Trial>> next_local(Lock& lock);
  Status serve_clients(Lock& lock);

  // Plans, commits and shows what was planned, in one change with the writes that other threads bring meanwhile, so
  // that all of them wait for the disk once. mutex_ must not be held.
  Status write(std::function<Result<Change>()> plan, std::function<Status()> then);
  void write_together(std::vector<Write*> group);
  Status catch_up();
  // What could not be planned yet: it changes a trial that another one of the group changes.
  [[nodiscard]] std::vector<Write*> write_some(const std::vector<Write*>& group);
  void write_alone(Write& write);
  // Trials that group_ adds.
  [[nodiscard]] std::int64_t planned_trials() const;
  void wake_if_due();

  Status commit(Change change);
  Status begin_stopping(const std::string& reason);
  Status set_state(StudyState to, std::string reason);
  Result<StudyView> change_state(StudyState from, StudyState to);
  [[nodiscard]] Status may_run() const;
  void update_history();
  // Makes a fit that is due, and keeps it; of a long history in a thread of its own, while the last fit serves. Unlocks
  // while it computes.
  Status refit_if_due(Lock& lock);
  // The next trial with a point from the sampler, not yet in the store; nullopt: the space is exhausted, or meanwhile
  // no trial may start. Unlocks while it computes.
  Result<std::optional<Trial>> propose(Lock& lock);
  // Why there is no suggestion: whether it should be tried again.
  Result<bool> take_in_failure(const Error& error);
  // WAITING or new, to RUNNING with a fresh attempt.
  void plan_attempt(Trial trial, const std::string& worker, AttemptState state, Change& change) const;
  Result<Trial> begin_attempt(Trial trial, const std::string& worker, AttemptState state);
  Status launch(Trial trial);
  // Trials for a client that can be had at once: those that are WAITING, and new ones where a point costs next to
  // nothing.
  Change plan_assignments(const std::string& client, std::size_t wanted);
  void plan_waiting(const std::string& client, std::size_t lacking, Change& change) const;
  void plan_proposals(const std::string& client, std::size_t lacking, Change& change);
  [[nodiscard]] bool proposes_at_once() const;
  [[nodiscard]] bool quarantined(const std::string& client) const;
  // Nothing to give to anyone now.
  [[nodiscard]] bool blocked() const;
  SuggestAnswer answer_to(const std::string& client, std::size_t wanted);
  // Waits until the client has its trials or none are to be had.
  void wait_for_trials(Waiter& waiter, MonotonicTime deadline);
  void tell_waiters();
  [[nodiscard]] Change ending(Trial trial, AttemptState how, TrialState state, std::string reason,
                              Measurement measured = {}) const;
  // FAILED, or WAITING again as long as the study allows retries, or when it was the worker rather than the trial.
  [[nodiscard]] Change failing(Trial trial, std::string reason, AttemptState how = AttemptState::failed) const;
  // Commits it; its trial's attempt has ended.
  Status end(Change change);
  // Asks the trials that have just reported to stop, where the study's rule says so.
  Status stop_early(const std::vector<Record>& reported);
  Status recall_records();
  void note_curve(const Record& record);
  // STOPPING by itself, by the study's rule or by hand, which says why, and not because the study ends.
  [[nodiscard]] static bool stops_alone(const Trial& trial);
  // Of a trial that stops alone, with what it has reached: PRUNED, or CANCELLED when that is nothing at all.
  [[nodiscard]] TrialState end_of_stopped(TrialId id) const;
  [[nodiscard]] Measurement reached(TrialId id) const;
  [[nodiscard]] Change stopping_by_hand(Trial trial) const;
  Status end_stopped(Trial trial);
  void stop_attempt(const Trial& trial);
  // With `promote` (study_promotion.cc).
  [[nodiscard]] std::optional<CheckpointRun> checkpoint_of(const Trial& trial) const;
  [[nodiscard]] std::optional<TrialId> promoted() const;
  [[nodiscard]] bool is_at_rung(const Trial& trial) const;
  [[nodiscard]] Change pausing(Trial trial) const;
  // Nothing runs and nothing new may begin: the best goes on if none got to its end, else all that are paused have
  // ended.
  Result<std::optional<Trial>> settle_paused();
  void plan_end_of_paused(Change& change) const;
  Status lose_attempt(Trial trial, std::string reason);
  // With `train` (study_files.cc).
  [[nodiscard]] TrainingRun files_of(const Trial& trial) const;
  [[nodiscard]] std::set<TrialId> models_to_keep() const;
  // After a commit: files that nobody can ask for any more.
  void drop_files(const Change& change);

  [[nodiscard]] bool runs_locally() const { return services_.executor != nullptr && image_.spec().runs_locally(); }
  [[nodiscard]] bool can_give() const;
  // Between SIGTERM and SIGKILL.
  [[nodiscard]] Millis stop_grace() const {
    return image_.spec().train ? services_.options->stop_grace : services_.options->command_grace;
  }
  // With `max_time`: a restart forgets at most so much of it.
  static constexpr Millis kActiveTimeIsKept = std::chrono::minutes(1);
  // Before then a WAITING trial whose attempt has failed is not run again.
  [[nodiscard]] WallTime retry_at(const Trial& trial) const;
  [[nodiscard]] bool is_ready(TrialId waiting) const;
  [[nodiscard]] std::optional<TrialId> first_ready() const;
  void note_attempts(const Change& change);
  void recall_failures();
  [[nodiscard]] StudyRow current_row() const;
  [[nodiscard]] Millis active_time() const;
  [[nodiscard]] MonotonicTime now() const { return services_.options->clock->now(); }
  [[nodiscard]] Millis until_next_deadline() const;
  [[nodiscard]] std::vector<Assignment> assignments_of(const std::string& client_id, std::size_t limit) const;
  // The trial, when `token` may speak for it now. A lost attempt whose trial nobody took since may.
  [[nodiscard]] Result<Trial> held_trial(TrialId id, const std::optional<std::string>& token) const;
  [[nodiscard]] Result<Change> plan_completion(TrialId id, const std::optional<std::string>& token,
                                               const Completion& completion) const;
  // But not of a trial that is STOPPING: who was told so has the rest of it for its end.
  Lease renew(const Trial& trial);

  const Services services_;
  const TrainingFiles files_;

  // Used by the runner's thread only, also without the lock; the fit's thread calls refit() besides. Where
  // proposes_at_once(): guarded by mutex_ instead.
  std::unique_ptr<Sampler> sampler_;
  History history_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;  // a commit

  // Changed under both mutexes, read under either: mutex_ is held while a change is being committed, and who only looks
  // does not wait for the disk.
  StudyImage image_;
  mutable std::mutex image_mutex_;
  EventFeed feed_;

  // Below: guarded by mutex_.
  const MetricPatterns patterns_{image_.spec().metric_patterns};
  std::set<TrialId> changed_trials_;         // since history_ was brought up to date
  std::deque<Message> taken_;                // messages being taken in, oldest first
  std::map<TrialId, MonotonicTime> leases_;  // of attempts outside
  // Trials that clients asked for and that are being computed for them, the first come first.
  struct Wanted {
    std::string client;
    std::size_t count;
  };
  std::vector<Wanted> wanted_;
  std::list<Waiter*> waiters_;
  Quarantine quarantine_;
  std::set<TrialId> models_;    // that are kept, with keep_models
  std::set<TrialId> pausing_;   // WAITING for their retry
  Change group_;                // of the writes that are being planned together
  std::set<TrialId> planned_;   // the trials that group_ changes
  MonotonicTime next_look_;     // when the runner's thread wakes by itself
  MonotonicTime active_since_;  // while ACTIVE; guarded as image_ is
  // The latest that the store has; null before the first, or when the method cannot use it: another version made it.
  // Changed by the runner's thread only, which may read it without the lock.
  std::shared_ptr<const SurrogateFit> fit_;
  std::int64_t last_fit_ = 0;          // the id of the latest; 0 before the first
  bool refitting_ = false;             // until the fit was taken in
  std::int64_t refit_failed_at_ = -1;  // so many finished trials; with more it may work
  Curves curves_{image_.spec().early_terminate && image_.spec().early_terminate->promote};  // with early_terminate only
  bool recovered_ = false;
  bool exhausted_ = false;  // the space has no other point
  bool draining_ = false;
  bool retired_ = false;

  std::mutex writes_mutex_;
  std::deque<Write*> writes_;  // guarded by writes_mutex_

  std::mutex inbox_mutex_;
  std::condition_variable_any inbox_filled_;
  std::deque<Message> inbox_;  // guarded by inbox_mutex_
  bool wake_ = false;          // guarded by inbox_mutex_

  // They use all of the above. A fit cannot be interrupted: the end of the runner waits for it, a second or two.
  std::jthread refit_thread_;  // runs for one fit; started and joined by thread_
  std::jthread thread_;
};

}  // namespace krige::tuner
