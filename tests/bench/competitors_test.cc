#include "bench/competitors/competitor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "bench/run.h"

namespace krige::bench {
namespace {

using ::testing::HasSubstr;

TEST(Competitors, ANameThatIsNoneIsAnErrorThatNamesAll) {
  const Status status = check_available("bayes");
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::invalid_argument);
  for (const std::string& name : method_names()) EXPECT_THAT(status.error().message, HasSubstr(name));
  const Problem problem = make_problem("branin2", 0).value();
  EXPECT_EQ(check_suitable("bayes", problem).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(make_competitor("bayes", problem, 1).error().code, ErrorCode::invalid_argument);
}

TEST(Competitors, OnlyCmaesRefusesASpace) {
  const Problem problem = make_problem("categorical6", 0).value();
  for (const std::string& name : method_names()) EXPECT_EQ(check_suitable(name, problem).has_value(), name != "cmaes");
}

// Every method that is installed here.
class Competitors : public testing::TestWithParam<std::string> {};

TEST_P(Competitors, StayInTheSpaceAndAreTheSameForTheSameSeed) {
  if (const Status available = check_available(GetParam()); !available) GTEST_SKIP() << available.error().describe();
  for (const char* name : {"branin2", "mixed7", "branches8"}) {
    const Problem problem = make_problem(name, 1).value();
    if (!check_suitable(GetParam(), problem)) continue;
    // Asked two trials ahead, with failures.
    const auto competitor = make_competitor(GetParam(), problem, 7).value();
    std::vector<tuner::Trial> history;
    for (TrialId id = 1; id <= 20; ++id) {
      auto proposal = competitor->ask(history, id);
      ASSERT_TRUE(proposal) << name << ": " << proposal.error().describe();
      const auto checked = problem.space.check(proposal->suggestion.params);
      ASSERT_TRUE(checked) << name << ": " << checked.error().describe();
      EXPECT_GE(proposal->cpu_seconds, 0);
      history.emplace_back();
      history.back().id = id;
      history.back().state = tuner::TrialState::running;
      history.back().params = *checked;
      if (id < 3) continue;
      tuner::Trial& ended = history[static_cast<std::size_t>(id) - 3];
      ended.state = id % 5 == 0 ? tuner::TrialState::failed : tuner::TrialState::completed;
      if (id % 5 != 0) ended.value = problem.evaluate(ended.params);
      ASSERT_TRUE(competitor->tell(ended)) << name;
    }
    RunOptions options;
    options.trials = 15;
    const auto first = run(problem, GetParam(), 3, options), second = run(problem, GetParam(), 3, options);
    ASSERT_TRUE(first && second) << name;
    EXPECT_EQ(first->best, second->best) << name;
    EXPECT_NE(first->best, run(problem, GetParam(), 4, options)->best) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Methods, Competitors, testing::ValuesIn(method_names()), [](const auto& one) {
  std::string name = one.param;
  std::ranges::replace(name, '-', '_');
  return name;
});

// The program itself: exit code and output.
std::pair<int, std::string> call(const std::string& environment, const std::string& arguments) {
  const std::string log = testing::TempDir() + "/competitors_test.log";
  const int status =
      std::system((environment + " " KRIGE_BIN_DIR "/optimizers_bench " + arguments + " >" + log + " 2>&1").c_str());
  std::ifstream file(log);
  return {WEXITSTATUS(status), {std::istreambuf_iterator<char>(file), {}}};
}

TEST(OptimizersBench, LeavesOutAPeerThatIsMissingAndSaysSo) {
  // An optuna that cannot be loaded, before any that is installed.
  const std::string folder = testing::TempDir() + "/competitors_test_python";
  std::filesystem::create_directories(folder);
  std::ofstream(folder + "/optuna.py") << "raise ImportError('no optuna on this machine')\n";
  const std::string run = "--problems branin2 --seeds 1 --trials 20 --method ";
  const auto [code, text] = call("PYTHONPATH=" + folder, run + "random,optuna-tpe");
  EXPECT_EQ(code, 2);
  EXPECT_THAT(text, HasSubstr("without optuna-tpe: "));
  EXPECT_THAT(text, HasSubstr("python3-optuna"));
  EXPECT_THAT(text, HasSubstr("branin2"));
  EXPECT_EQ(call("PYTHONPATH=" + folder, run + "all").first, 0) << "all: of those that are there";
  EXPECT_EQ(call("", run + "random").first, 0);
}

TEST(OptimizersBench, RefusesWhatItDoesNotKnow) {
  EXPECT_EQ(call("", "--method bayes").first, 2);
  EXPECT_NE(call("", "--noise -1").first, 0);
}

}  // namespace
}  // namespace krige::bench
