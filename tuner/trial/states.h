// The states of study, trial and attempt, and which changes between them are legal.
#pragma once

#include <optional>
#include <string_view>

namespace krige::tuner {

enum class StudyState { active, paused, stopping, completed, stopped, failed };
enum class TrialState { waiting, running, paused, stopping, completed, pruned, failed, infeasible, cancelled };
enum class AttemptState { launching, running, succeeded, failed, lost, preempted, timed_out, cancelled };

// The names of CONTRACT: ACTIVE, RUNNING, …
[[nodiscard]] std::string_view name(StudyState state);
[[nodiscard]] std::string_view name(TrialState state);
[[nodiscard]] std::string_view name(AttemptState state);
[[nodiscard]] std::optional<StudyState> study_state(std::string_view name);
[[nodiscard]] std::optional<TrialState> trial_state(std::string_view name);
[[nodiscard]] std::optional<AttemptState> attempt_state(std::string_view name);

[[nodiscard]] bool is_final(StudyState state);
[[nodiscard]] bool is_final(TrialState state);
[[nodiscard]] bool is_final(AttemptState state);

// A final state has no way out; staying is no change.
[[nodiscard]] bool may_change(StudyState from, StudyState to);
[[nodiscard]] bool may_change(TrialState from, TrialState to);
[[nodiscard]] bool may_change(AttemptState from, AttemptState to);

// COMPLETED, PRUNED, INFEASIBLE and FAILED trials use up max_trials; CANCELLED ones do not.
[[nodiscard]] bool counts_towards_budget(TrialState state);

}  // namespace krige::tuner
