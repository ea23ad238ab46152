// kill -9 on the supervisor, on the executor's process, and on both.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <csignal>

#include "base/ids.h"
#include "tests/tuner/executors/recorder.h"

namespace krige::tuner {
namespace {

using ::testing::Each;
using ::testing::Gt;
using testing::is_running;
using ::testing::IsEmpty;
using testing::wait_until_gone;
using Kind = Outcome::Kind;

pid_t parent_of(pid_t pid) { return read_process(pid).value_or(ProcessInfo{}).parent; }

// A child of ours that no executor knows of.
class Bystander {
 public:
  Bystander() {
    pid_ = ::fork();
    if (pid_ == 0) {
      ::setsid();
      ::execl("/bin/sleep", "sleep", "60", nullptr);
      ::_exit(126);
    }
  }
  Bystander(const Bystander&) = delete;
  Bystander& operator=(const Bystander&) = delete;
  ~Bystander() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] bool is_alive() const { return is_running(pid_); }

 private:
  pid_t pid_ = -1;
};

TEST(SupervisorDeath, TheAttemptIsLostAndAllOfItGoneAndNothingElse) {
  const Bystander bystander;
  Recorder recorder;
  const auto executor = make_executor(random_id(16), recorder);
  const RunSpec other = unruly_run(2, {"pid"});
  ASSERT_TRUE(executor->start(other));
  const pid_t other_pid = recorder.pid(other.key, 0);
  ASSERT_GT(other_pid, 0);

  const RunSpec spec =
      unruly_run(1, {"pid", "branch", "deaf", "setsid", "pid", "branch", "leave", "setsid", "leave", "pid"});
  ASSERT_TRUE(executor->start(spec));
  const std::vector<pid_t> pids{recorder.pid(spec.key, 0), recorder.pid(spec.key, 1), recorder.pid(spec.key, 2)};
  ASSERT_THAT(pids, Each(Gt(0)));
  ::kill(parent_of(pids[0]), SIGKILL);

  const std::optional<Outcome> outcome = recorder.outcome(spec.key);
  for (const pid_t pid : pids) EXPECT_FALSE(read_process(pid)) << "neither runs nor waits to be reaped";
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->kind, Kind::lost);
  EXPECT_EQ(outcome->reason, "its supervisor was killed by SIGKILL");
  EXPECT_TRUE(bystander.is_alive());
  EXPECT_TRUE(is_running(other_pid));
}

TEST(SupervisorDeath, AProcessThatClearedItsEnvironmentIsFoundByItsSession) {
  Recorder recorder;
  const auto executor = make_executor(random_id(16), recorder);
  const RunSpec spec = unruly_run(1, {"pid", "bare", "branch", "pid"});
  ASSERT_TRUE(executor->start(spec));
  const pid_t program = recorder.pid(spec.key, 0);
  const pid_t child = recorder.pid(spec.key, 1);
  ASSERT_GT(child, 0);
  ASSERT_FALSE(has_environment(child, "KRIGE_ATTEMPT=study/1/1"));
  ::kill(parent_of(program), SIGKILL);
  ASSERT_EQ(recorder.outcome(spec.key).value_or(Outcome{}).kind, Kind::lost);
  EXPECT_FALSE(is_running(child));
}

TEST(SupervisorDeath, AStoppedSupervisorDoesNotHoldTheDestructor) {
  const std::string store_id = random_id(16);
  Recorder recorder;
  auto executor = make_executor(store_id, recorder);
  const RunSpec spec = unruly_run(1, {"pid", "branch", "setsid", "pid"});
  ASSERT_TRUE(executor->start(spec));
  const pid_t program = recorder.pid(spec.key, 0);
  ASSERT_GT(recorder.pid(spec.key, 1), 0);
  ::kill(parent_of(program), SIGSTOP);
  executor.reset();
  EXPECT_EQ(recorder.outcome(spec.key).value_or(Outcome{}).kind, Kind::stopped);
  EXPECT_THAT(testing::running_with("KRIGE_STORE_ID=" + store_id), IsEmpty());
}

// A process of its own that owns an executor with one attempt.
class Host {
 public:
  Host(const std::string& store_id, std::vector<std::string> words) {
    Pipe output = make_pipe().value();
    words.insert(words.begin(), {testing::program("executor_host"), store_id, testing::program("unruly")});
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(output.write.get(), STDOUT_FILENO);
      ::execv(argv[0], argv.data());
      ::_exit(126);
    }
    output_ = std::move(output.read);
  }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;
  ~Host() { kill(); }

  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] pid_t next_pid() { return testing::pid_of(testing::read_line(output_.get()).value_or("")); }
  void kill() {
    if (pid_ < 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }

 private:
  pid_t pid_ = -1;
  UniqueFd output_;
};

TEST(HostDeath, TheSupervisorEndsAllOfTheAttempt) {
  Host host(random_id(16), {"pid", "branch", "setsid", "deaf", "pid", "branch", "leave", "setsid", "pid"});
  const std::vector<pid_t> pids{host.next_pid(), host.next_pid(), host.next_pid()};
  ASSERT_THAT(pids, Each(Gt(0)));
  host.kill();
  for (const pid_t pid : pids) EXPECT_TRUE(wait_until_gone(pid));
}

TEST(HostDeath, KillLeftoversEndsWhatOutlivedHostAndSupervisor) {
  const std::string store_id = random_id(16);
  Host host(store_id, {"pid", "branch", "setsid", "deaf", "pid", "branch", "leave", "setsid", "pid"});
  Host of_other_store(random_id(16), {"pid"});
  const pid_t program = host.next_pid();
  const std::vector<pid_t> escaped{host.next_pid(), host.next_pid()};
  const pid_t unrelated = of_other_store.next_pid();
  ASSERT_THAT(escaped, Each(Gt(0)));
  ASSERT_GT(unrelated, 0);
  const pid_t supervisor = parent_of(program);
  ::kill(supervisor, SIGSTOP);  // so that it does nothing between the two deaths
  host.kill();
  ::kill(supervisor, SIGKILL);
  EXPECT_TRUE(wait_until_gone(supervisor));
  EXPECT_TRUE(wait_until_gone(program));
  for (const pid_t pid : escaped) ASSERT_TRUE(is_running(pid));

  const Bystander bystander;
  Recorder recorder;
  const auto executor = make_executor(store_id, recorder);
  const RunSpec own = unruly_run(7, {"pid"});
  ASSERT_TRUE(executor->start(own));
  const pid_t own_pid = recorder.pid(own.key, 0);
  ASSERT_GT(own_pid, 0);

  const Result<int> killed = executor->kill_leftovers();
  ASSERT_TRUE(killed) << killed.error().message;
  EXPECT_EQ(*killed, 2);
  for (const pid_t pid : escaped) EXPECT_FALSE(is_running(pid));
  EXPECT_TRUE(bystander.is_alive());
  EXPECT_TRUE(is_running(own_pid));
  EXPECT_TRUE(is_running(unrelated));
  EXPECT_EQ(executor->kill_leftovers(), 0);
}

}  // namespace
}  // namespace krige::tuner
