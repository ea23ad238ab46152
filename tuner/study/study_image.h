// A study in memory: what its store holds, and what follows from it. Changes are planned as values, committed, then
// applied here, so that memory never shows what the store does not have.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "tuner/spec/study_spec.h"
#include "tuner/storage/storage.h"
#include "tuner/study/best_so_far.h"
#include "tuner/study/engine.h"
#include "tuner/study/reports.h"
#include "tuner/study/trial_index.h"

namespace krige::tuner {

// Not thread-safe; the runner that owns it locks.
class StudyImage {
 public:
  StudyImage(StudySpec spec, StudyRow row, std::vector<Trial> trials);

  [[nodiscard]] const StudySpec& spec() const { return spec_; }
  [[nodiscard]] const StudyRow& row() const { return row_; }
  [[nodiscard]] const std::vector<Trial>& trials() const { return trials_; }  // by id: 1, 2, …
  [[nodiscard]] const Trial* trial(TrialId id) const;
  [[nodiscard]] StudyView view() const;

  // internal: the change has a step between states that is not legal, which would be our bug.
  [[nodiscard]] Status check(const Change& change) const;
  // The trials that end with it take the next numbers.
  void number_ends(Change& change) const;
  void apply(const Change& change, std::uint64_t seq);

  // What apply() of a changed row does not read out of its text.
  void set_budget(const Budget& budget) { spec_.budget = budget; }

  [[nodiscard]] TrialId next_trial() const { return static_cast<TrialId>(trials_.size()) + 1; }
  [[nodiscard]] std::int64_t count(TrialState state) const;
  [[nodiscard]] std::int64_t finished() const;
  [[nodiscard]] std::int64_t failures_in_row() const { return failures_in_row_; }
  // Trials that will use up budget: all but the finished.
  [[nodiscard]] std::int64_t in_flight() const;
  // Whether so many further trials fit into max_trials.
  [[nodiscard]] bool budget_allows(std::int64_t more) const;
  [[nodiscard]] const TrialIndex& index() const { return index_; }
  [[nodiscard]] const std::set<TrialId>& in_state(TrialState state) const { return index_.in_state(state); }

  // Why the study must end now, if it must (max_trials, target_reached, max_failures, no_improvement); time is the
  // runner's to watch.
  [[nodiscard]] std::optional<std::string> end_reason() const;
  // The trials that nothing found so far beats, by id: those of a Pareto set that meet all constraints; of one
  // objective the best trial, and others of the same value.
  [[nodiscard]] std::vector<Trial> optimal() const;
  // What the store has of a trial that is not finished, in its order.
  void recall(const std::vector<Record>& reported) {
    for (const Record& record : reported) reports_.take(record);
  }
  // What a trial's current attempt has reported of the metrics that its study requires.
  [[nodiscard]] Metrics reduced(TrialId id) const { return reports_.reduced(id); }
  // The last step at which a trial's current attempt reported one of them; 0 when it did not.
  [[nodiscard]] std::int64_t reported_steps(TrialId id) const { return reports_.last_step(id); }

 private:
  void take(const Trial& trial);
  void take_optimal(const Trial& completed);
  void take_best(const Trial& completed);
  [[nodiscard]] bool better(double a, double b) const;

  StudySpec spec_;
  StudyRow row_;
  std::vector<Trial> trials_;
  TrialIndex index_;
  Reports reports_;  // of trials that are not finished
  // Where points are measured again: what was found at each, by point.
  struct Measured {
    TrialId first = 0;
    std::int64_t count = 0;
    double mean = 0;
  };
  std::map<std::string, Measured> measured_;
  BestSoFar best_so_far_;        // of the only objective, or the first
  std::optional<Best> best_;     // of one objective
  std::vector<TrialId> pareto_;  // of several, by id
  std::int64_t failures_in_row_ = 0;
  std::int64_t since_best_ = 0;  // trials that ended and counted, since the best was found
};

}  // namespace krige::tuner
