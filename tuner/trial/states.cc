#include "tuner/trial/states.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

namespace krige::tuner {
namespace {

// Names in the order of the enumerators.
constexpr std::array<std::string_view, 6> kStudy{"ACTIVE", "PAUSED", "STOPPING", "COMPLETED", "STOPPED", "FAILED"};
constexpr std::array<std::string_view, 9> kTrial{"WAITING", "RUNNING", "PAUSED",     "STOPPING", "COMPLETED",
                                                 "PRUNED",  "FAILED",  "INFEASIBLE", "CANCELLED"};
constexpr std::array<std::string_view, 8> kAttempt{"LAUNCHING", "RUNNING",   "SUCCEEDED", "FAILED",
                                                   "LOST",      "PREEMPTED", "TIMED_OUT", "CANCELLED"};

template <typename State, std::size_t N>
std::optional<State> by_name(const std::array<std::string_view, N>& names, std::string_view name) {
  const auto found = std::ranges::find(names, name);
  if (found == names.end()) return std::nullopt;
  return static_cast<State>(found - names.begin());
}

template <typename State>
std::size_t index(State state) {
  return static_cast<std::size_t>(state);
}

template <typename... States>
constexpr std::uint32_t set(States... states) {
  return ((std::uint32_t{1} << static_cast<unsigned>(states)) | ... | std::uint32_t{0});
}

template <typename State>
bool has(std::uint32_t states, State state) {
  return ((states >> index(state)) & 1U) != 0;
}

}  // namespace

std::string_view name(StudyState state) { return kStudy[index(state)]; }
std::string_view name(TrialState state) { return kTrial[index(state)]; }
std::string_view name(AttemptState state) { return kAttempt[index(state)]; }
std::optional<StudyState> study_state(std::string_view name) { return by_name<StudyState>(kStudy, name); }
std::optional<TrialState> trial_state(std::string_view name) { return by_name<TrialState>(kTrial, name); }
std::optional<AttemptState> attempt_state(std::string_view name) { return by_name<AttemptState>(kAttempt, name); }

bool is_final(StudyState state) { return state >= StudyState::completed; }
bool is_final(TrialState state) { return state >= TrialState::completed; }
bool is_final(AttemptState state) { return state >= AttemptState::succeeded; }

bool may_change(StudyState from, StudyState to) {
  using enum StudyState;
  switch (from) {
    case active:
      return has(set(paused, stopping, completed, failed), to);
    case paused:
      return has(set(active, stopping, completed, failed), to);
    case stopping:
      return has(set(completed, stopped, failed), to);
    default:
      return false;
  }
}

bool may_change(TrialState from, TrialState to) {
  using enum TrialState;
  switch (from) {
    // Straight to a result: that of a lost attempt, come late, or what it had reached.
    case waiting:
      return has(set(running, completed, pruned, failed, infeasible, cancelled), to);
    // Back to WAITING: its attempt was lost and another will run.
    case running:
      return has(set(waiting, paused, stopping, completed, pruned, failed, infeasible, cancelled), to);
    case paused:
      return has(set(waiting, running, pruned, cancelled), to);
    case stopping:
      return has(set(completed, pruned, failed, infeasible, cancelled), to);
    default:
      return false;
  }
}

bool may_change(AttemptState from, AttemptState to) {
  using enum AttemptState;
  if (from == launching && to == running) return true;
  // LOST is a guess; the worker may show that it lives.
  if (from == lost) return has(set(running, succeeded, failed), to);
  return !is_final(from) && is_final(to);
}

bool counts_towards_budget(TrialState state) { return is_final(state) && state != TrialState::cancelled; }

}  // namespace krige::tuner
