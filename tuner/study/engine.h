// Runs studies: proposes points, starts attempts, observes them, tells the sampler, and keeps every step in the store.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "tuner/executors/executor.h"
#include "tuner/samplers/sampler.h"
#include "tuner/spec/study_spec.h"
#include "tuner/storage/storage.h"
#include "tuner/study/early_stop.h"
#include "tuner/study/quarantine.h"
#include "tuner/study/trial_filter.h"

namespace krige::tuner {

struct Best {
  TrialId trial = 0;
  double value = 0;
  Params params;
};

// A study as it is now: a copy, consistent with `row.seq`.
struct StudyView {
  StudyRow row;
  std::optional<Best> best;                         // of one objective
  std::map<TrialState, std::int64_t> trial_counts;  // without the states that no trial is in
  // Of several objectives: the Pareto set of the trials that meet all constraints, by id.
  std::vector<TrialId> optimal{};
  // Each trial that was the best up to its number, of several objectives in the first; thinned out.
  std::vector<std::pair<TrialId, double>> improvements{};
};

enum class TrialOrder { id, id_descending, value, value_descending };  // without a value: last, by id

// What trials are ordered by: a number, the beginning of a text or, last of all, nothing.
using TrialKey = std::variant<double, std::string, std::monostate>;

// Where a page begins: at this trial or, when it is not in the list (any more), at what comes behind its place.
struct TrialPlace {
  TrialId id = 0;
  TrialKey key = std::monostate();  // of the trial when the place was told
  friend bool operator==(const TrialPlace&, const TrialPlace&) = default;
};

// By a parameter, or another field of trial_filter.h. Trials without one are last, equal ones by id.
struct TrialSort {
  std::string by;
  bool descending = false;
};

struct TrialQuery {
  TrialOrder order = TrialOrder::id;
  std::optional<TrialPlace> from;  // else from the first
  std::size_t limit = 100;
  std::vector<TrialState> states{};  // empty: all
  // With any of these a page costs a look at every trial.
  TrialFilter filter{};
  std::optional<TrialSort> sort{};  // goes before `order`
  std::size_t offset = 0;           // trials that are left out behind `from`
  [[nodiscard]] bool is_scan() const { return !filter.empty() || sort || offset > 0; }
};

struct TrialPage {
  std::vector<Trial> trials;
  std::optional<TrialPlace> next;  // of the next page, when there is one
  std::uint64_t seq = 0;           // of the study when the page was read
  std::size_t total = 0;           // on all pages
};

struct TrialDetail {
  Trial trial;
  std::vector<Record> records;  // that count (reports.h), by step
};

// A trial handed to a worker outside.
struct Assignment {
  TrialId trial = 0;
  Params params;
  AttemptId attempt = 0;
  std::string token;
  WallTime lease_expires_at;
};

struct SuggestAnswer {
  enum class Kind { trials, nothing_now, computing };
  Kind kind = Kind::trials;
  std::vector<Assignment> trials;  // at least one when kind is `trials`, else empty
  std::string reason;              // why there is nothing, where that is the worker's own matter
  Millis retry_after{1000};        // before which it makes no sense to ask again
};

struct Lease {
  WallTime expires_at;
  bool should_stop = false;  // the study or the trial is being stopped: finish now
};

// What a worker says at the end: a value, or metrics that hold all that the study requires, or that the trial failed.
// What a value leaves open, as the metrics of constraints, must have been reported before.
struct Completion {
  std::optional<double> value{};
  std::vector<std::pair<std::string, double>> metrics{};
  std::optional<TrialState> state{};  // failed or infeasible
  std::string reason{};
};

// A trial that does not come from the sampler: a point to be tried next or, with a state, one that was tried elsewhere
// or, CANCELLED, one that is vetoed: no method suggests it, and one that learns nothing near it.
struct NewTrial {
  Params params;
  std::optional<TrialState> state;  // completed, failed, infeasible or cancelled
  std::optional<double> value;      // when completed: finite; or `metrics`
  std::string reason;
  Metrics metrics{};  // all that the study requires
};

// How attempts of this machine end when the engine does: killed, or by SIGTERM and after their grace.
enum class Drain { at_once, with_grace };

struct EngineOptions {
  const Clock* clock = &system_clock();
  Millis lease = std::chrono::seconds(60);           // without a sign of life for longer, an attempt outside is LOST
  Millis stop_grace = std::chrono::milliseconds(0);  // between SIGTERM and SIGKILL for the built-in trainer
  Millis command_grace = std::chrono::seconds(10);   // the same for a study's own program
  std::string trainer;                               // path of krige-trainer; empty: studies with `train` are refused
  // What trainings leave (tuner/study/training_files.h); empty: studies with `promote` or `keep_models` are refused.
  std::string training_folder;
  bool forget_trainings = false;  // the folder goes with the engine, as a store in memory does; refuses `keep_models`
  int max_lost_attempts = 3;      // since it had a checkpoint; then the trial is FAILED
  Millis retry_pause = std::chrono::seconds(1);  // before a FAILED attempt is run again, doubled each further time
  Millis longest_retry_pause = std::chrono::minutes(1);
  QuarantineRule quarantine;  // of workers outside, in each study for itself
  std::function<std::unique_ptr<Sampler>(const StudySpec&)> sampler_for = make_sampler;  // the spec outlives it
  // Why the trials of a study may not be run here; empty: those of all may. A study of the store that may not is PAUSED
  // when it is opened (`program_not_allowed`), and is not resumed. Who creates studies asks himself.
  std::function<Status(const StudySpec&)> may_run{};
};

// What the processes of a trial's last attempt do, or did: a JSON object in a file that may not be there yet.
struct ClusterFile {
  std::string path;
  AttemptId attempt = 0;
  bool live = false;  // the attempt runs, and the file is written anew every second
};

// What is removed of trials that have ended: their records with the events of them, their files, or both.
struct Forgetting {
  bool records = false;
  bool files = false;
  std::string reason;  // for people
};

// What is kept of an answer, in the transaction of what it tells of. Empty: nothing is kept.
template <typename T>
using AnswerOf = std::function<KeptAnswer(const T&)>;

class StudyRunner;

// Thread-safe. Errors carry the codes of base/error.h; nothing is changed by a call that fails.
class Engine {
 public:
  // Goes on with every unfinished study of the store: attempts that were running are LOST and run again.
  // `executor` may be null: then only workers outside run trials.
  static Result<std::unique_ptr<Engine>> open(std::unique_ptr<Storage> storage, std::unique_ptr<Executor> executor,
                                              EngineOptions options);
  // Stops local attempts without ending their trials: the next open() runs them again.
  ~Engine();

  Result<StudyView> create_study(const StudySpec& spec, const AnswerOf<StudyView>& answer = {});
  [[nodiscard]] std::vector<StudyView> studies() const;  // newest first
  [[nodiscard]] Result<StudyView> study(const StudyId& id) const;
  Status delete_study(const StudyId& id);
  // Another name or budget for a study that has not ended; the rest of it is for good. `read_spec`: the study file that
  // the change was made from; precondition_failed when it is another now.
  Result<StudyView> update(const StudyId& id, const StudySpec& changed, const std::string& read_spec);
  Result<StudyView> pause(const StudyId& id);
  // The error of may_run where that has one.
  Result<StudyView> resume(const StudyId& id);
  Result<StudyView> stop(const StudyId& id);

  // What a page costs does not grow with the study, unless the query has a filter, a field to sort by or an offset.
  [[nodiscard]] Result<TrialPage> trials(const StudyId& id, const TrialQuery& query) const;
  [[nodiscard]] Result<TrialDetail> trial(const StudyId& id, TrialId trial) const;
  // Calls `look` with all trials, consistent with the view, while nothing of the study can change: it must be quick,
  // and must not call the engine.
  using Look = std::function<void(const StudyView&, const StudySpec&, const std::vector<Trial>&)>;
  [[nodiscard]] Status look_at(const StudyId& id, const Look& look) const;
  // What trials that report now are held against by the study's rule of early stopping; empty without one.
  [[nodiscard]] Result<std::vector<StopLimit>> stop_limits(const StudyId& id) const;

  // The last that the study's method made; nullopt: none, or none that this version reads.
  [[nodiscard]] Result<std::optional<SurrogateFit>> latest_fit(const StudyId& id) const;

  // The point is WAITING and goes before the sampler's, or the trial is there with its end; either counts in the
  // budget, unless it is vetoed. invalid_argument: the point is none of the space, with its path below params;
  // study_finished; conflict: the budget is used up.
  Result<Trial> add_trial(const StudyId& id, NewTrial trial, const AnswerOf<Trial>& answer = {});
  // A new trial of the same point, WAITING. conflict: the trial has not ended. Else as add_trial.
  Result<Trial> retry(const StudyId& id, TrialId trial, const AnswerOf<Trial>& answer = {});
  // Of one trial. What of it runs is asked to end: it is STOPPING, as one that the study's rule stops, and its lease is
  // not renewed any more. What it reported is kept: it ends PRUNED, or CANCELLED when it reported nothing; so does at
  // once a trial that waits or is PAUSED. A trial that is STOPPING stays as it is; trial_finished when it has ended.
  Result<Trial> stop_trial(const StudyId& id, TrialId trial, const AnswerOf<Trial>& answer = {});
  // The trials that nothing found so far beats, by id: the Pareto set of several objectives, or the best trial (and
  // others of the same value); only COMPLETED ones that meet all constraints.
  [[nodiscard]] Result<TrialPage> optimal(const StudyId& id) const;
  // At most `limit` of its COMPLETED trials, the best first: what another study may learn from.
  [[nodiscard]] Result<OlderStudy> as_older_study(const StudyId& id, std::size_t limit) const;

  // Up to `count` trials for `client_id`: its pending ones first, then new ones. Waits at most `timeout`; what is still
  // being computed then is held for the same client's next call. study_finished when the study has ended.
  Result<SuggestAnswer> suggest(const StudyId& id, int count, const std::string& client_id, Millis timeout);
  // An absent token is accepted while the trial has had one attempt only.
  Result<Lease> report(const StudyId& id, TrialId trial, const std::optional<std::string>& token, std::int64_t step,
                       const std::vector<std::pair<std::string, double>>& metrics);
  Result<Lease> heartbeat(const StudyId& id, TrialId trial, const std::optional<std::string>& token);
  Result<Trial> complete(const StudyId& id, TrialId trial, const std::optional<std::string>& token,
                         const Completion& completion, const AnswerOf<Trial>& answer = {});

  // The file of the trial's model, kept as the study file's keep_models says. not_found: there is none (any more), and
  // why.
  [[nodiscard]] Result<std::string> model_path(const StudyId& id, TrialId trial) const;
  // not_found: it was not trained here.
  [[nodiscard]] Result<ClusterFile> cluster_file(const StudyId& id, TrialId trial) const;
  // Trials that have not ended are left out, and those of which nothing is left to remove; the others' ids. Files are
  // those of training_folder; what an executor keeps is its owner's to remove.
  Result<std::vector<TrialId>> forget(const StudyId& id, const std::vector<TrialId>& trials, const Forgetting& what);

  // As EngineOptions has it.
  [[nodiscard]] const std::string& training_folder() const;

  // Of requests that may come again, as Storage has them.
  Status keep_answer(const KeptAnswer& answer);
  [[nodiscard]] Result<std::optional<KeptAnswer>> kept_answer(const std::string& key) const;

  // Blocks until the study has events after `after`, the deadline or the stop; the events, none on deadline or stop.
  // not_found when the study is (or gets) deleted.
  Result<std::vector<Event>> wait_events(const StudyId& id, std::uint64_t after, std::size_t limit,
                                         MonotonicTime deadline, const std::stop_token& stop) const;
  // Studies that changed after `cursor` (0: from now on, returns at once), the same way.
  struct Changes {
    std::uint64_t cursor = 0;
    std::vector<StudyView> changed;
    std::vector<StudyId> deleted;
  };
  Changes wait_changes(std::uint64_t cursor, MonotonicTime deadline, const std::stop_token& stop) const;

  // Refuses new work and returns when every local attempt has been stopped, or 15 s have passed; called by the
  // destructor too.
  void shut_down(Drain how = Drain::at_once);

 private:
  struct Impl;
  explicit Engine(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace krige::tuner
