#include "base/supervisor.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>

#include "tests/support/processes.h"

namespace krige {
namespace {

using testing::is_running;
using testing::kPatience;
using testing::pid_of;
using testing::program;
using testing::read_line;
using testing::wait_until_gone;
using End = SupervisorReport::End;

// A supervisor started as an executor would start it, without an executor.
class Supervised {
 public:
  explicit Supervised(std::vector<std::string> argv, Millis grace = Millis(0), std::string directory = {},
                      const Limits& limits = {}) {
    Pipe lifeline = make_pipe().value();
    Pipe status = make_pipe().value();
    Pipe output = make_pipe().value();
    SupervisorOptions options{.lifeline = lifeline.read.get(),
                              .status = status.write.get(),
                              .grace = grace,
                              .limits = limits,
                              .working_directory = std::move(directory),
                              .argv = std::move(argv)};
    std::vector<std::string> command = supervisor_arguments(options);
    command.insert(command.begin(), program("supervise"));
    std::vector<char*> pointers;
    for (std::string& word : command) pointers.push_back(word.data());
    pointers.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::fcntl(options.lifeline, F_SETFD, 0);
      ::fcntl(options.status, F_SETFD, 0);
      ::dup2(output.write.get(), STDOUT_FILENO);
      ::execv(pointers[0], pointers.data());
      ::_exit(126);
    }
    lifeline_ = std::move(lifeline.write);
    status_ = std::move(status.read);
    output_ = std::move(output.read);
  }
  Supervised(const Supervised&) = delete;
  Supervised& operator=(const Supervised&) = delete;
  ~Supervised() {
    lifeline_.reset();
    if (pid_ > 0) static_cast<void>(report());
  }

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] std::optional<std::string> line() { return read_line(output_.get()); }
  [[nodiscard]] pid_t next_pid() { return pid_of(line().value_or("")); }
  void drop_lifeline() { lifeline_.reset(); }
  void ask_to_stop(std::uint32_t grace_ms) {
    const StopRequest request{grace_ms};
    ASSERT_EQ(::write(lifeline_.get(), &request, sizeof request), static_cast<ssize_t>(sizeof request));
  }

  // Waits for the supervisor's end; nullopt when there is none, or when it ended without a report.
  [[nodiscard]] std::optional<SupervisorReport> report() {
    if (!wait_until_gone(pid_)) {
      ::kill(pid_, SIGKILL);
      ADD_FAILURE() << "the supervisor does not end";
    }
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    SupervisorReport report;
    if (::read(status_.get(), &report, sizeof report) != sizeof report) return std::nullopt;
    EXPECT_EQ(report.magic, SupervisorReport::kMagic);
    EXPECT_EQ(report.left, 0u);
    return report;
  }
  [[nodiscard]] int exit_code() const { return exit_code_; }

 private:
  pid_t pid_ = -1;
  int exit_code_ = -1;
  UniqueFd lifeline_;
  UniqueFd status_;
  UniqueFd output_;
};

std::vector<std::string> unruly(std::vector<std::string> words) {
  words.insert(words.begin(), program("unruly"));
  return words;
}

void expect_end(const std::optional<SupervisorReport>& report, End end, int value, bool was_stopped) {
  ASSERT_TRUE(report);
  EXPECT_EQ(report->end, end);
  EXPECT_EQ(report->value, value);
  EXPECT_EQ(report->was_stopped, was_stopped ? 1u : 0u);
}

TEST(SupervisorArguments, AreReadAsTheyAreWritten) {
  const SupervisorOptions options{
      7, 9, Millis(250), {Millis(1), Millis(2), 3, Millis(4)}, "/tmp", {"program", "--lifeline", "--"}};
  const Result<SupervisorOptions> read = parse_supervisor_arguments(supervisor_arguments(options));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->lifeline, 7);
  EXPECT_EQ(read->status, 9);
  EXPECT_EQ(read->grace, Millis(250));
  EXPECT_EQ(read->limits, options.limits);
  EXPECT_EQ(read->working_directory, "/tmp");
  EXPECT_EQ(read->argv, options.argv);
}

TEST(SupervisorArguments, FaultsNameTheOption) {
  const auto field = [](const std::vector<std::string>& arguments) {
    const Result<SupervisorOptions> read = parse_supervisor_arguments(arguments);
    return read ? std::string("no fault") : read.error().field;
  };
  EXPECT_EQ(field({"supervise"}), "--lifeline");
  EXPECT_EQ(field({"supervise", "--lifeline", "x", "--", "true"}), "--lifeline");
  EXPECT_EQ(field({"supervise", "--lifeline", "3", "--status", "-1", "--", "true"}), "--status");
  EXPECT_EQ(field({"supervise", "--lifeline", "3", "--colour", "red", "--", "true"}), "--colour");
  EXPECT_EQ(field({"supervise", "--lifeline", "3", "--"}), "--");
  EXPECT_EQ(field({"supervise", "--lifeline", "3", "true"}), "--");
}

std::vector<std::string> shell(const std::string& script) { return {"sh", "-c", script}; }

TEST(SupervisorLimits, TimeIsUpForAllOfTheGroupAfterItsGrace) {
  Supervised run(unruly({"branch", "deaf", "pid"}), Millis(0), {}, {Millis(150), {}, {}, Millis(100)});
  const pid_t child = run.next_pid();
  const auto report = run.report();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->limit, Limit::time);
  EXPECT_FALSE(is_running(child));
}

TEST(SupervisorLimits, WhoEndsInTimeIsNotToldOfALimit) {
  Supervised run(shell("exit 3"), Millis(0), {}, {Millis(60'000), Millis(60'000), std::uint64_t{1} << 40, Millis(0)});
  const auto report = run.report();
  expect_end(report, End::exited, 3, false);
  EXPECT_EQ(report->limit, Limit::none);
}

// The processes that use it have ended, or go on as children of children: all of them count.
TEST(SupervisorLimits, ProcessorTimeIsSummedOverProcesses) {
  Supervised run(shell("while :; do (i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done); done"), Millis(0), {},
                 {{}, Millis(300), {}, Millis(100)});
  const auto report = run.report();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->limit, Limit::cpu_time);
}

TEST(SupervisorLimits, MemoryIsSummedOverProcessesAndSharedPagesCountOnce) {
  // 60 MB that four processes share, below a limit of 100 MB; then 60 MB of two each.
  const std::string hold = "x = bytearray(b'x') * 60_000_000\n";
  const std::string shared = hold +
                             "import os, time\n"
                             "for i in range(3):\n"
                             "    if os.fork() == 0: time.sleep(0.5); os._exit(0)\n"
                             "for i in range(3): os.wait()\n";
  const Limits limits{{}, {}, 100'000'000, Millis(0)};
  Supervised within({"python3", "-S", "-c", shared}, Millis(0), {}, limits);
  expect_end(within.report(), End::exited, 0, false);
  Supervised beyond({"python3", "-S", "-c", "import os, time\nos.fork()\n" + hold + "time.sleep(60)\n"}, Millis(0), {},
                    limits);
  const auto report = beyond.report();
  ASSERT_TRUE(report);
  EXPECT_EQ(report->limit, Limit::memory);
}

TEST(Supervisor, ReportsTheExitCode) {
  Supervised run({"sh", "-c", "exit 37"});
  expect_end(run.report(), End::exited, 37, false);
  EXPECT_EQ(run.exit_code(), 37);
}

TEST(Supervisor, ReportsTheSignal) {
  Supervised run({"sh", "-c", "kill -USR1 $$"});
  expect_end(run.report(), End::signalled, SIGUSR1, false);
  EXPECT_EQ(run.exit_code(), 128 + SIGUSR1);
}

TEST(Supervisor, TellsWhyAProgramDidNotStart) {
  Supervised missing({"/nonexistent/program"});
  expect_end(missing.report(), End::no_program, ENOENT, false);
  EXPECT_EQ(missing.exit_code(), 127);
  Supervised folder({"/tmp"});
  expect_end(folder.report(), End::no_program, EACCES, false);
  Supervised directory({"true"}, Millis(0), "/nonexistent");
  expect_end(directory.report(), End::no_directory, ENOENT, false);
}

TEST(Supervisor, RunsTheProgramInItsDirectory) {
  Supervised run({"pwd"}, Millis(0), "/usr");
  EXPECT_EQ(run.line(), "/usr");
  expect_end(run.report(), End::exited, 0, false);
}

TEST(Supervisor, LeavesOnlyStandardDescriptorsAndDefaultSignalsToTheProgram) {
  Supervised run(unruly({"fds", "signals", "exit", "0"}));
  std::vector<std::string> lines;
  while (std::optional<std::string> line = run.line()) lines.push_back(*line);
  EXPECT_THAT(lines,
              ::testing::ElementsAre("fd 0", "fd 1", "fd 2", "SigBlk:\t0000000000000000", "SigIgn:\t0000000000000000"));
  expect_end(run.report(), End::exited, 0, false);
}

TEST(Supervisor, KillsWhatTheProgramLeftBehindBeforeItReports) {
  Supervised run(unruly({"leave", "setsid", "leave", "deaf", "pid"}));
  const pid_t daemon = run.next_pid();
  ASSERT_GT(daemon, 0);
  expect_end(run.report(), End::exited, 0, false);
  EXPECT_FALSE(is_running(daemon));
}

TEST(Supervisor, EndOfTheLifelineKillsSetsidAndDoubleFork) {
  Supervised run(unruly({"pid", "branch", "setsid", "pid", "branch", "leave", "setsid", "pid"}));
  const std::vector<pid_t> pids{run.next_pid(), run.next_pid(), run.next_pid()};
  ASSERT_THAT(pids, ::testing::Each(::testing::Gt(0)));
  run.drop_lifeline();
  expect_end(run.report(), End::signalled, SIGKILL, true);
  for (const pid_t pid : pids) EXPECT_FALSE(is_running(pid));
}

TEST(Supervisor, KillsAChildInItsOwnGroupAndSurvives) {
  Supervised run(unruly({"join", "branch", "pid"}));
  const pid_t child = run.next_pid();
  ASSERT_GT(child, 0);
  ASSERT_EQ(read_process(child)->group, run.pid());
  run.ask_to_stop(0);
  expect_end(run.report(), End::signalled, SIGKILL, true);
  EXPECT_FALSE(is_running(child));
}

TEST(Supervisor, GraceEndsWithTheProgram) {
  Supervised run({"sh", "-c", "trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done"});
  ASSERT_EQ(run.line(), "ready");
  run.ask_to_stop(600'000);
  expect_end(run.report(), End::exited, 5, true);
}

TEST(Supervisor, GraceIsForTheWholeGroupNotOnlyItsShell) {
  Supervised run({"sh", "-c",
                  "sh -c 'trap \"sleep 0.1; echo saved; exit\" TERM; echo ready; while :; do sleep 0.01; done'"
                  " & wait"});
  ASSERT_EQ(run.line(), "ready");
  run.ask_to_stop(600'000);
  EXPECT_EQ(run.line(), "saved");
  expect_end(run.report(), End::signalled, SIGTERM, true);
}

TEST(Supervisor, DeafProgramIsKilledAfterTheGrace) {
  Supervised run(unruly({"deaf", "branch", "pid"}));
  const pid_t child = run.next_pid();
  ASSERT_GT(child, 0);
  run.ask_to_stop(50);
  expect_end(run.report(), End::signalled, SIGKILL, true);
  EXPECT_FALSE(is_running(child));
}

TEST(Supervisor, TheEarliestEndOfAllRequestsCounts) {
  Supervised run(unruly({"deaf", "pid"}));
  ASSERT_GT(run.next_pid(), 0);
  run.ask_to_stop(600'000);
  run.ask_to_stop(0);
  run.ask_to_stop(600'000);
  expect_end(run.report(), End::signalled, SIGKILL, true);
}

TEST(Supervisor, SigtermIsPassedOn) {
  Supervised run(unruly({"pid"}), kPatience);
  ASSERT_GT(run.next_pid(), 0);
  ::kill(run.pid(), SIGTERM);
  expect_end(run.report(), End::signalled, SIGTERM, true);
}

TEST(Supervisor, AStoppedProgramEndsToo) {
  Supervised run(unruly({"pid"}));
  const pid_t pid = run.next_pid();
  ASSERT_GT(pid, 0);
  ::kill(pid, SIGSTOP);
  run.ask_to_stop(600'000);
  expect_end(run.report(), End::signalled, SIGTERM, true);
}

TEST(Supervisor, TheProgramDiesWithASupervisorThatIsKilled) {
  Supervised run(unruly({"pid"}));
  const pid_t pid = run.next_pid();
  ASSERT_GT(pid, 0);
  ::kill(run.pid(), SIGKILL);
  EXPECT_EQ(run.report(), std::nullopt);
  EXPECT_TRUE(wait_until_gone(pid));
}

TEST(Supervisor, AForkBombIsContained) {
  ::setenv("KRIGE_TEST_BOMB", std::to_string(::getpid()).c_str(), 1);
  const std::string mark = "KRIGE_TEST_BOMB=" + std::to_string(::getpid());
  Supervised run(unruly({"bomb", "1000"}));
  ::unsetenv("KRIGE_TEST_BOMB");
  ASSERT_GT(run.next_pid(), 0);
  EXPECT_FALSE(testing::running_with(mark).empty());
  run.ask_to_stop(0);
  expect_end(run.report(), End::signalled, SIGKILL, true);
  EXPECT_THAT(testing::running_with(mark), ::testing::IsEmpty());
}

}  // namespace
}  // namespace krige
