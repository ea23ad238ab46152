#include "tuner/study/best_so_far.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace krige::tuner {
namespace {

using Steps = std::vector<std::pair<TrialId, double>>;

// Against a look at all trials in order, for every order in which they may end.
TEST(BestSoFar, IsTheSameInWhateverOrderTrialsEnd) {
  Rng rng(3);
  for (const Goal goal : {Goal::minimize, Goal::maximize})
    for (int round = 0; round < 200; ++round) {
      Steps all;
      for (TrialId id = 1; id <= 30; ++id) all.emplace_back(id, static_cast<double>(rng.below(12)));
      Steps shuffled = all;
      for (std::size_t i = shuffled.size() - 1; i > 0; --i) std::swap(shuffled[i], shuffled[rng.below(i + 1)]);
      BestSoFar best(goal);
      for (const auto& [id, value] : shuffled) best.put(id, value);
      Steps expected;
      for (const auto& one : all) {
        const bool better = expected.empty() || (goal == Goal::minimize ? one.second < expected.back().second
                                                                        : one.second > expected.back().second);
        if (better) expected.push_back(one);
      }
      ASSERT_EQ(Steps(best.steps().begin(), best.steps().end()), expected);
    }
}

TEST(BestSoFar, ThinnedOutItKeepsItsEnds) {
  BestSoFar best(Goal::minimize);
  EXPECT_TRUE(best.steps(4).empty());
  for (TrialId id = 1; id <= 100; ++id) best.put(id, static_cast<double>(-id));
  const Steps few = best.steps(7);
  ASSERT_EQ(few.size(), 7U);
  EXPECT_EQ(few.front().first, 1);
  EXPECT_EQ(few.back().first, 100);
  EXPECT_EQ(best.steps(100).size(), 100U);
}

}  // namespace
}  // namespace krige::tuner
