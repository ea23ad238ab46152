#include "tuner/trial/states.h"

#include <gtest/gtest.h>

namespace krige::tuner {
namespace {

template <typename State>
void expect_consistent(int states, auto by_name) {
  for (int i = 0; i < states; ++i) {
    const auto from = static_cast<State>(i);
    EXPECT_EQ(by_name(name(from)), from);
    EXPECT_FALSE(may_change(from, from)) << name(from);
  }
  EXPECT_EQ(by_name("NONSENSE"), std::nullopt);
}

TEST(States, NamesReadBack) {
  expect_consistent<StudyState>(6, study_state);
  expect_consistent<TrialState>(9, trial_state);
  expect_consistent<AttemptState>(8, attempt_state);
}

template <typename State>
void expect_no_way_out(int states) {
  for (int from = 0; from < states; ++from)
    for (int to = 0; to < states; ++to)
      EXPECT_FALSE(is_final(static_cast<State>(from)) && may_change(static_cast<State>(from), static_cast<State>(to)))
          << name(static_cast<State>(from)) << " to " << name(static_cast<State>(to));
}

TEST(States, FinalStatesHaveNoWayOut) {
  expect_no_way_out<TrialState>(9);
  expect_no_way_out<StudyState>(6);
}

TEST(States, ALostAttemptMayComeBackButAFinishedOneMayNot) {
  EXPECT_TRUE(may_change(AttemptState::lost, AttemptState::running));
  EXPECT_TRUE(may_change(AttemptState::lost, AttemptState::succeeded));
  EXPECT_FALSE(may_change(AttemptState::succeeded, AttemptState::failed));
  EXPECT_FALSE(may_change(AttemptState::cancelled, AttemptState::running));
}

TEST(States, CancelledTrialsUseNoBudget) {
  EXPECT_FALSE(counts_towards_budget(TrialState::cancelled));
  EXPECT_FALSE(counts_towards_budget(TrialState::running));
  for (const TrialState state : {TrialState::completed, TrialState::pruned, TrialState::infeasible, TrialState::failed})
    EXPECT_TRUE(counts_towards_budget(state));
}

}  // namespace
}  // namespace krige::tuner
