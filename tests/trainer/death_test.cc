// What happens when a process of a training dies, is stopped, or is told to stop.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/trainer/trainer_process.h"

namespace krige::trainer {
namespace {

using krige::testing::kPatience;
using krige::testing::wait_until_gone;
using Outcome = TrainerProcess::Outcome;

constexpr const char* kEndless = R"("epochs": 1000000, "workers": 2, "shards": 2, "hidden": 64)";

void expect_nothing_left(const Outcome& outcome) {
  EXPECT_EQ(outcome.left, std::vector<pid_t>{});
  EXPECT_EQ(outcome.files, std::vector<std::string>{});
}

using RoleAndMode = std::tuple<std::string, std::string>;

class DeathTest : public ::testing::TestWithParam<RoleAndMode> {
 protected:
  static std::string role() { return std::get<0>(GetParam()); }
  static std::string job() { return digits_job(fmt::format(R"({}, "mode": "{}")", kEndless, std::get<1>(GetParam()))); }
};

TEST_P(DeathTest, AKilledMemberEndsTheTrainingByName) {
  TrainerProcess trainer(job());
  ASSERT_TRUE(trainer.next_record());
  const std::vector<pid_t> members = trainer.members(role());
  ASSERT_EQ(members.size(), 2U);
  ASSERT_EQ(::kill(members[1], SIGKILL), 0);
  const Outcome outcome = trainer.finish();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_TRUE(outcome.log == fmt::format("error: {} 1 (pid {}) was killed by signal 9\n", role(), members[1]) ||
              outcome.log == fmt::format("error: {} 0 (pid {}) was killed by signal 9\n", role(), members[1]))
      << outcome.log;
  expect_nothing_left(outcome);
}

TEST_P(DeathTest, AStoppedMemberEndsTheTrainingByTheTimeout) {
  TrainerProcess trainer(job(), {"--timeout", "1"});
  ASSERT_TRUE(trainer.next_record());
  const std::vector<pid_t> members = trainer.members(role());
  ASSERT_EQ(members.size(), 2U);
  ASSERT_EQ(::kill(members[0], SIGSTOP), 0);
  const Outcome outcome = trainer.finish();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_NE(outcome.log.find(fmt::format("(pid {}) has shown no life for 1 s\n", members[0])), std::string::npos)
      << outcome.log;
  expect_nothing_left(outcome);
}

INSTANTIATE_TEST_SUITE_P(Members, DeathTest,
                         ::testing::Combine(::testing::Values("worker", "shard"), ::testing::Values("bsp", "asp")),
                         [](const auto& test) { return std::get<0>(test.param) + "_" + std::get<1>(test.param); });

class StopTest : public ::testing::TestWithParam<int> {};

TEST_P(StopTest, ASignalEndsAllProcesses) {
  TrainerProcess trainer(digits_job(kEndless));
  ASSERT_TRUE(trainer.next_record());
  ASSERT_EQ(trainer.running().size(), 5U);
  ASSERT_EQ(::kill(trainer.pid(), GetParam()), 0);
  const Outcome outcome = trainer.finish();
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_EQ(outcome.log, fmt::format("error: stopped by signal {}\n", GetParam()));
  expect_nothing_left(outcome);
}

INSTANTIATE_TEST_SUITE_P(Signals, StopTest, ::testing::Values(SIGTERM, SIGINT),
                         [](const auto& test) { return test.param == SIGTERM ? "term" : "int"; });

TEST(Stop, EvenWhenNobodyReadsTheRecords) {
  TrainerProcess trainer(diabetes_job(R"("epochs": 1000000, "batch_size": 0)"), {"--trace"});
  ASSERT_TRUE(trainer.next_record());
  // The log of reads tells how far the training is: far beyond what a pipe holds of records.
  for (int i = 0; i < 2000; ++i) ASSERT_TRUE(trainer.next_log());
  ASSERT_EQ(::kill(trainer.pid(), SIGTERM), 0);
  const Outcome outcome = trainer.finish();
  EXPECT_EQ(outcome.exit_code, 130);
  expect_nothing_left(outcome);
}

TEST(Stop, WhenTheReaderOfTheRecordsGoes) {
  TrainerProcess trainer(digits_job(kEndless));
  ASSERT_TRUE(trainer.next_record());
  trainer.stop_reading_records();
  const Outcome outcome = trainer.finish();
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_EQ(outcome.log, "error: cannot write the records: Broken pipe\n");
  expect_nothing_left(outcome);
}

TEST(Stop, MembersDieWithAKilledCoordinatorEvenStoppedOnes) {
  TrainerProcess trainer(digits_job(kEndless));
  ASSERT_TRUE(trainer.next_record());
  const std::vector<pid_t> all = trainer.running();
  ASSERT_EQ(all.size(), 5U);
  ASSERT_EQ(::kill(trainer.members("worker")[0], SIGSTOP), 0);
  ASSERT_EQ(::kill(trainer.pid(), SIGKILL), 0);
  const Outcome outcome = trainer.finish();
  EXPECT_EQ(outcome.exit_code, -SIGKILL);
  expect_nothing_left(outcome);
  for (const pid_t pid : all) EXPECT_TRUE(pid == trainer.pid() || wait_until_gone(pid)) << pid;
}

TEST(Stop, ACoordinatorThatWasStoppedItselfGoesOn) {
  TrainerProcess trainer(digits_job(R"("epochs": 300, "workers": 2, "hidden": 16)"), {"--timeout", "1"});
  ASSERT_TRUE(trainer.next_record());
  std::vector<pid_t> all = trainer.running();
  for (const pid_t pid : all) ASSERT_EQ(::kill(pid, SIGSTOP), 0);
  // Longer than the timeout: a process that ends by itself is the clock.
  const pid_t clock = ::fork();
  if (clock == 0) ::execl("/bin/sleep", "sleep", "1.3", nullptr);
  ASSERT_EQ(::waitpid(clock, nullptr, 0), clock);
  for (const pid_t pid : all) ASSERT_EQ(::kill(pid, SIGCONT), 0);
  const Outcome outcome = trainer.finish();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.log;
}

}  // namespace
}  // namespace krige::trainer
