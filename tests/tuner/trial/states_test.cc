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

TEST(States, FinalStatesHaveNoWayOut) {
  for (int from = 0; from < 9; ++from)
    for (int to = 0; to < 9; ++to)
      if (is_final(static_cast<TrialState>(from)))
        EXPECT_FALSE(may_change(static_cast<TrialState>(from), static_cast<TrialState>(to)));
  for (int from = 0; from < 6; ++from)
    for (int to = 0; to < 6; ++to)
      if (is_final(static_cast<StudyState>(from)))
        EXPECT_FALSE(may_change(static_cast<StudyState>(from), static_cast<StudyState>(to)));
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
