// Whether a trial should end before its time, judged by what all trials of its study have reported: pure functions.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "tuner/spec/study_spec.h"
#include "tuner/study/learning_curve.h"

namespace krige::tuner {

// What the trials of a study reported, of each its last attempt. Not thread-safe.
class Curves {
 public:
  // `attempts_go_on`: a later attempt may go on where the one before it was, from a checkpoint.
  explicit Curves(bool attempts_go_on = false) : attempts_go_on_(attempts_go_on) {}
  // A report of a later attempt forgets the earlier ones' of its step and later, and the others too where attempts
  // begin anew. What comes of a step again takes the place of what was there; NaN is nothing.
  void add(TrialId trial, AttemptId attempt, std::int64_t step, double value);
  void forget(TrialId trial);
  [[nodiscard]] const Curve& of(TrialId trial) const;
  // The best that the trial had reported by the step, or first where that was later; as a loss, of which small is good:
  // `sign` times the value. nullopt: it did not get so far. Where steps are evenly spaced, at the cost of one look.
  [[nodiscard]] std::optional<double> best_by(TrialId trial, std::int64_t step, double sign) const;
  // No trial from here on has reported.
  [[nodiscard]] TrialId end() const { return static_cast<TrialId>(trials_.size()) + 1; }

 private:
  struct Reported {
    AttemptId attempt = 0;
    Curve curve;
    std::vector<std::pair<double, double>> lowest_highest;  // up to each of its steps
  };
  bool attempts_go_on_;
  std::vector<Reported> trials_;  // by id, from 1
};

// The steps of successive halving at which trials are compared, ascending: min_iter·ηᵏ, or max_iter/ηᵏ for k = s … 1.
[[nodiscard]] std::vector<std::int64_t> rungs(const EarlyTerminate& rule);

// Halving with `promote` (Li et al. 2020, algorithm 2). The first rung of the trial's bracket above `step`, to which it
// trains next; nothing: to its end.
[[nodiscard]] std::optional<std::int64_t> next_rung(const EarlyTerminate& rule, TrialId trial, std::int64_t step);
// Which paused trial goes on before a new one begins: one that is among the best 1/η of those that got to its last
// rung, at least η; of several the one at the highest rung, and there the best.
[[nodiscard]] std::optional<TrialId> to_promote(const EarlyTerminate& rule, Goal goal, const Curves& curves,
                                                const std::set<TrialId>& paused);
// The best of those at the highest rung, which may not be good enough.
[[nodiscard]] std::optional<TrialId> furthest(Goal goal, const Curves& curves, const std::set<TrialId>& paused);

// Why the trial, which has just reported, should stop; nothing: it should go on. At a step each trial counts with the
// best it had reported by then, if it got so far.
//   median, percentile  it is not among the best half (percentile %) of at least min_trials others at this step, which
//                       is min_iter or later (Golovin et al., "Google Vizier", 2017, §3.2.1)
//   asha, hyperband     at a rung that this report reached, it is not among the best 1/η of those that got there, at
//                       least η (Li et al., "A system for massively parallel hyperparameter tuning", 2020, algorithm 2,
//                       in its stopping form); with brackets, trial i is in bracket (i − 1) mod brackets, which leaves
//                       out as many of the first rungs, and is compared with its own
//   curve               after min_iter reports the probability that its curve leads to something better at max_iter
//                       than the best of at least min_trials others has shown is below the rule's (learning_curve.h)
[[nodiscard]] std::optional<std::string> reason_to_stop(const EarlyTerminate& rule, Goal goal, const Curves& curves,
                                                        TrialId trial);

// What a trial that has not reported yet would be held against, as things are: the worst value by each step with which
// it would go on, in the metric's own unit and direction. Of a rule `curve` the value that it must seem able to reach
// by the end.
struct StopLimit {
  std::int64_t bracket = 0;  // of halving with brackets
  std::vector<std::pair<std::int64_t, double>>
      points;  // ascending by step; steps where too few have come to are left out
};
// One a bracket; of rules without brackets one, or none while too few have reported.
[[nodiscard]] std::vector<StopLimit> stop_limits(const EarlyTerminate& rule, Goal goal, const Curves& curves);

}  // namespace krige::tuner
