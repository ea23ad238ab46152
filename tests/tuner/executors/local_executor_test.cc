#include "tuner/executors/local_executor.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>

#include "base/ids.h"
#include "tests/tuner/executors/recorder.h"
#include "tuner/executors/attempt_log.h"

namespace krige::tuner {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::is_running;
using ::testing::IsEmpty;
using Kind = Outcome::Kind;

class LocalExecutorTest : public ::testing::Test {
 protected:
  void TearDown() override {
    executor_.reset();
    EXPECT_FALSE(recorder_.was_told_too_much());
    EXPECT_THAT(testing::running_with("KRIGE_STORE_ID=" + store_id_), IsEmpty());
  }
  // Starts it and waits for its end.
  Outcome run(const RunSpec& spec) {
    const Status started = executor_->start(spec);
    EXPECT_TRUE(started) << started.error().message;
    const std::optional<Outcome> outcome = recorder_.outcome(spec.key);
    EXPECT_TRUE(outcome) << "no end of " << spec.argv.front();
    return outcome.value_or(Outcome{});
  }
  Outcome shell(const std::string& script) { return run(make_run(1, {"sh", "-c", script})); }
  std::vector<std::string> lines() { return recorder_.lines({"study", 1, 1}); }

  const std::string store_id_ = random_id(16);
  Recorder recorder_;
  std::unique_ptr<Executor> executor_ = make_executor(store_id_, recorder_);
};

TEST_F(LocalExecutorTest, ReportsTheExitCode) {
  const Outcome outcome = shell("exit 41");
  EXPECT_EQ(outcome.kind, Kind::exited);
  EXPECT_EQ(outcome.exit_code, 41);
  EXPECT_EQ(outcome.reason, "exit code 41");
}

TEST_F(LocalExecutorTest, ReportsTheSignal) {
  const Outcome outcome = shell("echo why >&2; kill -SEGV $$");
  EXPECT_EQ(outcome.kind, Kind::signalled);
  EXPECT_EQ(outcome.signal, SIGSEGV);
  EXPECT_EQ(outcome.reason, "killed by SIGSEGV");
  EXPECT_EQ(outcome.error_tail, "why\n");
}

TEST_F(LocalExecutorTest, KeepsWhatAnAttemptPrints) {
  const std::string folder = (std::filesystem::temp_directory_path() / ("krige-logs-" + store_id_)).string();
  executor_ =
      make_local_executor({.supervisor = testing::program("supervise"), .store_id = store_id_, .log_folder = folder})
          .value();
  executor_->set_callbacks(recorder_.callbacks());
  EXPECT_EQ(shell("echo out; echo error >&2").kind, Kind::exited);
  const auto log = read_log(attempt_log_path(folder, {"study", 1, 1}), 0, 1000);
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(log) << log.error().message;
  EXPECT_THAT(log->text, HasSubstr("out\n"));
  EXPECT_THAT(log->text, HasSubstr("error\n"));
}

TEST_F(LocalExecutorTest, GivesEveryLineAlsoTheLastWithoutEnd) {
  EXPECT_EQ(shell("echo one; echo; printf 'two\\nthree'").kind, Kind::exited);
  EXPECT_THAT(lines(), ElementsAre("one", "", "two", "three"));
}

TEST_F(LocalExecutorTest, LargeOutputArrivesWholeAndTheEndOfTheErrors) {
  const Outcome outcome = shell("seq 1 300000; seq 1 300000 >&2");
  EXPECT_EQ(outcome.exit_code, 0);
  const std::vector<std::string> all = lines();
  ASSERT_EQ(all.size(), 300000u);
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], std::to_string(i + 1));
  EXPECT_EQ(outcome.error_tail.size(), 4096u);
  EXPECT_TRUE(outcome.error_tail.ends_with("\n299999\n300000\n"));
}

TEST_F(LocalExecutorTest, TheErrorTailBeginsWithAWholeCharacter) {
  // 4 KiB from the end is the middle of an é.
  const Outcome outcome = shell("i=0; while [ $i -lt 3000 ]; do printf é; i=$((i+1)); done >&2; printf x >&2");
  EXPECT_EQ(outcome.error_tail.size(), 4095u);
  EXPECT_TRUE(outcome.error_tail.starts_with("é"));
}

TEST_F(LocalExecutorTest, AnEndlessLineIsCut) {
  shell("head -c 3000000 /dev/zero | tr '\\0' x; echo; echo next");
  const std::vector<std::string> all = lines();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_TRUE(all[0].starts_with(std::string(1 << 20, 'x') + " [cut"));
  EXPECT_EQ(all[1], "next");
}

TEST_F(LocalExecutorTest, EnvironmentDirectoryAndInputAreTheRuns) {
  ASSERT_EQ(::setenv("KRIGE_TEST_INHERITED", "from the parent", 1), 0);
  RunSpec spec = make_run(
      1, {"sh", "-c", "echo $KRIGE_TEST_INHERITED; echo $ADDED; echo $KRIGE_STORE_ID; echo $KRIGE_ATTEMPT; pwd; cat"});
  spec.environment = {{"ADDED", "a b=c"}, {"KRIGE_STORE_ID", "forged"}};
  spec.working_directory = "/usr";
  spec.input = "first\nlast";
  EXPECT_EQ(run(spec).exit_code, 0);
  ::unsetenv("KRIGE_TEST_INHERITED");
  EXPECT_THAT(lines(), ElementsAre("from the parent", "a b=c", store_id_, "study/1/1", "/usr", "first", "last"));
}

TEST_F(LocalExecutorTest, TheLinesOfStandardErrorAreToldWhereTheRunWantsThem) {
  RunSpec spec = make_run(1, {"sh", "-c", "echo quiet >&2"});
  EXPECT_EQ(run(spec).exit_code, 0);
  EXPECT_THAT(lines(), IsEmpty());
  spec = make_run(2, {"sh", "-c", "echo one >&2; printf two >&2"});
  spec.reports_on_error = true;
  EXPECT_EQ(run(spec).error_tail, "one\ntwo");
  EXPECT_THAT(recorder_.lines(spec.key), ElementsAre("one", "two"));
}

TEST_F(LocalExecutorTest, AFileOfTheRunIsThereAsLongAsTheRun) {
  const std::string path = (std::filesystem::temp_directory_path() / ("krige-test-" + store_id_)).string();
  RunSpec spec = make_run(1, {"sh", "-c", "cat \"$1\"; stat -c %a \"$1\"", "sh", path});
  spec.file = {path, "content\n"};
  EXPECT_EQ(run(spec).exit_code, 0);
  EXPECT_THAT(lines(), ElementsAre("content", "600"));
  EXPECT_FALSE(std::filesystem::exists(path));
  // What somebody else has put there is not touched.
  std::filesystem::create_symlink("/tmp/nowhere-" + store_id_, path);
  spec.key.trial = 2;
  EXPECT_FALSE(executor_->start(spec));
  EXPECT_TRUE(std::filesystem::is_symlink(path));
  std::filesystem::remove(path);
  // The key is free again.
  spec.file = {};
  EXPECT_EQ(run(spec).kind, Kind::exited);
}

TEST_F(LocalExecutorTest, AnAttemptOverItsLimitIsEndedWithAllOfItsProcesses) {
  RunSpec spec = make_run(1, {"sh", "-c", "trap '' TERM; sleep 60 & sleep 60"});
  spec.limits.time = Millis(200);
  spec.limits.grace = Millis(100);
  const Outcome outcome = run(spec);
  EXPECT_EQ(outcome.kind, Kind::over_limit);
  EXPECT_EQ(outcome.limit, Limit::time);
}

TEST_F(LocalExecutorTest, LargeInputIsGivenAsItIsTaken) {
  RunSpec spec = make_run(1, {"wc", "-c"});
  spec.input.assign(5'000'000, 'x');
  EXPECT_EQ(run(spec).exit_code, 0);
  EXPECT_THAT(lines(), ElementsAre("5000000"));
}

TEST_F(LocalExecutorTest, AProgramNeedNotReadItsInput) {
  RunSpec spec = make_run(1, {"sh", "-c", "exec <&-; echo closed; exit 3"});
  spec.input.assign(5'000'000, 'x');
  EXPECT_EQ(run(spec).exit_code, 3);
}

TEST_F(LocalExecutorTest, WhatCannotRunIsNotStartedAndTheReasonSaysWhy) {
  Outcome outcome = run(make_run(1, {"/nonexistent/program"}));
  EXPECT_EQ(outcome.kind, Kind::not_started);
  EXPECT_EQ(outcome.reason, "cannot run /nonexistent/program: No such file or directory");
  RunSpec spec = make_run(2, {"no-such-program-in-path"});
  spec.environment = {{"PATH", "/usr/bin:/bin"}};
  EXPECT_EQ(run(spec).reason, "cannot run no-such-program-in-path: No such file or directory");
  spec = make_run(3, {"true"});
  spec.working_directory = "/nonexistent";
  outcome = run(spec);
  EXPECT_EQ(outcome.kind, Kind::not_started);
  EXPECT_EQ(outcome.reason, "cannot enter /nonexistent: No such file or directory");
}

TEST_F(LocalExecutorTest, ImpossibleRunsAreRefused) {
  const auto field = [&](const RunSpec& spec) {
    const Status started = executor_->start(spec);
    return started ? std::string("no fault") : started.error().field;
  };
  EXPECT_EQ(field(make_run(1, {})), "argv");
  EXPECT_EQ(field(make_run(1, {""})), "argv");
  EXPECT_EQ(field(make_run(1, {"echo", std::string("a\0b", 3)})), "argv");
  RunSpec spec = make_run(1, {"true"});
  spec.environment = {{"A=B", "c"}};
  EXPECT_EQ(field(spec), "environment");
  spec.environment.clear();
  EXPECT_EQ(run(spec).kind, Kind::exited);  // the refused ones do not occupy the key
}

TEST_F(LocalExecutorTest, AKeyRunsOnce) {
  const RunSpec spec = unruly_run(1, {"pid"});
  ASSERT_TRUE(executor_->start(spec));
  const Status again = executor_->start(spec);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, ErrorCode::already_exists);
}

TEST_F(LocalExecutorTest, NoDescriptorAndNoSignalSettingLeaksIntoAProgram) {
  const UniqueFd leaky(::open("/dev/null", O_RDONLY));  // as a library would open it
  ASSERT_EQ(::fcntl(leaky.get(), F_GETFD) & FD_CLOEXEC, 0);
  ASSERT_TRUE(executor_->start(unruly_run(2, {"pid"})));  // pipes of another attempt
  ASSERT_GT(recorder_.pid({"study", 2, 1}, 0), 0);
  const auto before = ::signal(SIGPIPE, SIG_IGN);
  run(unruly_run(1, {"fds", "signals", "exit", "0"}));
  ::signal(SIGPIPE, before);
  EXPECT_THAT(lines(), ElementsAre("fd 0", "fd 1", "fd 2", "SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"));
}

TEST_F(LocalExecutorTest, StopWithoutGraceLeavesNothing) {
  const RunSpec spec = unruly_run(1, {"pid", "branch", "deaf", "setsid", "pid", "branch", "leave", "setsid", "pid"});
  ASSERT_TRUE(executor_->start(spec));
  const std::vector<pid_t> pids{recorder_.pid(spec.key, 0), recorder_.pid(spec.key, 1), recorder_.pid(spec.key, 2)};
  ASSERT_THAT(pids, Each(::testing::Gt(0)));
  executor_->stop(spec.key, Millis(0));
  const std::optional<Outcome> outcome = recorder_.outcome(spec.key);
  for (const pid_t pid : pids) EXPECT_FALSE(is_running(pid));
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->kind, Kind::stopped);
  EXPECT_EQ(outcome->signal, SIGKILL);
}

TEST_F(LocalExecutorTest, StopGivesTheGraceToAProgramThatTakesIt) {
  const RunSpec spec =
      make_run(1, {"sh", "-c", "trap 'echo saved; exit 9' TERM; echo on; while :; do sleep 0.01; done"});
  ASSERT_TRUE(executor_->start(spec));
  ASSERT_EQ(recorder_.line(spec.key, 0), "on");
  executor_->stop(spec.key, Millis(600'000));
  const std::optional<Outcome> outcome = recorder_.outcome(spec.key);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->kind, Kind::stopped);
  EXPECT_EQ(outcome->exit_code, 9);
  EXPECT_THAT(lines(), ElementsAre("on", "saved"));
}

TEST_F(LocalExecutorTest, ADeafProgramIsKilledAfterTheGrace) {
  const RunSpec spec = unruly_run(1, {"deaf", "branch", "pid"});
  ASSERT_TRUE(executor_->start(spec));
  const pid_t child = recorder_.pid(spec.key, 0);
  ASSERT_GT(child, 0);
  executor_->stop(spec.key, Millis(50));
  ASSERT_EQ(recorder_.outcome(spec.key).value_or(Outcome{}).kind, Kind::stopped);
  EXPECT_FALSE(is_running(child));
}

TEST_F(LocalExecutorTest, StopOfWhatDoesNotRunHasNoEffect) {
  executor_->stop({"study", 1, 1}, Millis(0));
  EXPECT_EQ(shell("exit 4").exit_code, 4);
  executor_->stop({"study", 1, 1}, Millis(0));
}

TEST_F(LocalExecutorTest, CallbacksMayStopAndStart) {
  const RunSpec second = make_run(2, {"sh", "-c", "exit 8"});
  ExecutorCallbacks callbacks = recorder_.callbacks();
  callbacks.on_line = [&](const AttemptKey& key, std::string_view) { executor_->stop(key, Millis(0)); };
  callbacks.on_exit = [&, record = callbacks.on_exit](const AttemptKey& key, const Outcome& outcome) {
    if (key.trial == 1) {
      EXPECT_TRUE(executor_->start(second));
    }
    record(key, outcome);
  };
  executor_->set_callbacks(callbacks);
  EXPECT_EQ(run(unruly_run(1, {"pid"})).kind, Kind::stopped);
  EXPECT_EQ(recorder_.outcome(second.key).value_or(Outcome{}).exit_code, 8);
}

TEST_F(LocalExecutorTest, WhatAProgramLeavesIsGoneWhenItsEndIsTold) {
  const Outcome outcome = run(unruly_run(1, {"leave", "setsid", "leave", "setsid", "deaf", "pid"}));
  EXPECT_EQ(outcome.kind, Kind::exited);
  const pid_t daemon = recorder_.pid({"study", 1, 1}, 0);
  ASSERT_GT(daemon, 0);
  EXPECT_FALSE(is_running(daemon));
}

TEST_F(LocalExecutorTest, AForkBombIsContained) {
  const RunSpec spec = unruly_run(1, {"bomb", "1000"});
  ASSERT_TRUE(executor_->start(spec));
  ASSERT_GT(recorder_.pid(spec.key, 0), 0);
  executor_->stop(spec.key, Millis(0));
  ASSERT_EQ(recorder_.outcome(spec.key).value_or(Outcome{}).kind, Kind::stopped);
  EXPECT_THAT(testing::running_with("KRIGE_STORE_ID=" + store_id_), IsEmpty());
}

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), std::filesystem::directory_iterator());
}

TEST_F(LocalExecutorTest, FiftyAtOnceAndOneAfterTheOtherKeepNothing) {
  EXPECT_EQ(shell("true").exit_code, 0);
  const std::ptrdiff_t before = open_descriptors();
  const auto echo = [](TrialId trial) {
    RunSpec spec = make_run(trial, {"sh", "-c", "read x; echo $x; exit $x"});
    spec.input = std::to_string(trial);
    return spec;
  };
  for (TrialId trial = 100; trial < 150; ++trial) ASSERT_TRUE(executor_->start(echo(trial)));
  for (TrialId trial = 100; trial < 200; ++trial) {
    const std::optional<Outcome> outcome = trial < 150 ? recorder_.outcome({"study", trial, 1}) : run(echo(trial));
    ASSERT_TRUE(outcome);
    EXPECT_EQ(outcome->exit_code, trial);
    EXPECT_THAT(recorder_.lines({"study", trial, 1}), ElementsAre(std::to_string(trial)));
  }
  executor_.reset();
  EXPECT_LE(open_descriptors(), before);
}

TEST_F(LocalExecutorTest, TheDestructorStopsWhatRunsAndTellsIt) {
  for (TrialId trial = 1; trial <= 5; ++trial)
    ASSERT_TRUE(executor_->start(unruly_run(trial, {"deaf", "branch", "setsid", "pid"})));
  for (TrialId trial = 1; trial <= 5; ++trial) ASSERT_GT(recorder_.pid({"study", trial, 1}, 0), 0);
  executor_.reset();
  EXPECT_THAT(testing::running_with("KRIGE_STORE_ID=" + store_id_), IsEmpty());
  for (TrialId trial = 1; trial <= 5; ++trial)
    EXPECT_EQ(recorder_.outcome({"study", trial, 1}).value_or(Outcome{}).kind, Kind::stopped);
}

TEST(MakeLocalExecutor, NamesASupervisorThatCannotBeRun) {
  const auto missing = make_local_executor({.supervisor = "/nonexistent/krige-trainer", .store_id = "store"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::not_found);
  EXPECT_THAT(missing.error().message, HasSubstr("/nonexistent/krige-trainer"));
  EXPECT_FALSE(make_local_executor({.supervisor = "no-such-program-in-path", .store_id = "store"}));
  EXPECT_FALSE(make_local_executor({.supervisor = "true", .store_id = ""}));
}

TEST(MakeLocalExecutor, AProgramThatIsNoSupervisorLosesItsAttempts) {
  Recorder recorder;
  const auto executor = make_local_executor({.supervisor = "true", .store_id = random_id(16)}).value();
  executor->set_callbacks(recorder.callbacks());
  const RunSpec spec = make_run(1, {"true"});
  ASSERT_TRUE(executor->start(spec));
  const std::optional<Outcome> outcome = recorder.outcome(spec.key);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->kind, Kind::lost);
  EXPECT_EQ(outcome->reason, "its supervisor ended with exit code 0");
}

}  // namespace
}  // namespace krige::tuner
