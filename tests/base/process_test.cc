#include "base/process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <csignal>

#include "base/ids.h"
#include "tests/support/processes.h"

namespace krige {
namespace {

using testing::is_running;
using testing::kPatience;

// unruly with its words and one more entry in its environment; its output is ours to read.
class Unruly {
 public:
  Unruly(std::vector<std::string> words, const std::string& mark) {
    Pipe output = make_pipe().value();
    words.insert(words.begin(), testing::program("unruly"));
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    std::string entry = mark;
    std::array<char*, 2> environment{entry.data(), nullptr};
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(output.write.get(), STDOUT_FILENO);
      ::execve(argv[0], argv.data(), environment.data());
      ::_exit(126);
    }
    output_ = std::move(output.read);
  }
  Unruly(const Unruly&) = delete;
  Unruly& operator=(const Unruly&) = delete;
  ~Unruly() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] pid_t next_pid() { return testing::pid_of(testing::read_line(output_.get()).value_or("")); }

 private:
  pid_t pid_ = -1;
  UniqueFd output_;
};

std::string make_mark() { return "KRIGE_TEST_MARK=" + random_id(16); }

TEST(Process, ReadsThisProcessWhateverItsName) {
  char before[16];
  ASSERT_EQ(::prctl(PR_GET_NAME, before), 0);
  ASSERT_EQ(::prctl(PR_SET_NAME, "a) Z 1 (b"), 0);
  const std::optional<ProcessInfo> self = read_process(::getpid());
  ::prctl(PR_SET_NAME, before);
  ASSERT_TRUE(self);
  EXPECT_EQ(self->parent, ::getppid());
  EXPECT_EQ(self->group, ::getpgrp());
  EXPECT_EQ(self->session, ::getsid(0));
  EXPECT_FALSE(self->gone);
}

TEST(Process, AZombieIsGone) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
  ASSERT_TRUE(read_process(child));
  EXPECT_TRUE(read_process(child)->gone);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(read_process(child));
}

TEST(Process, ALeaderThatEndedBeforeItsThreadsIsNotGone) {
  Unruly child({"headless"}, make_mark());
  const std::string path = "/proc/" + std::to_string(child.pid()) + "/stat";
  const MonotonicTime deadline = system_clock().now() + kPatience;
  bool is_zombie = false;
  while (!is_zombie && system_clock().now() < deadline) is_zombie = read_file(path)->find(") Z ") != std::string::npos;
  ASSERT_TRUE(is_zombie);
  EXPECT_TRUE(is_running(child.pid()));
}

TEST(Process, DescendantsAreFoundThroughTheirParents) {
  const std::vector<ProcessInfo> table{{.pid = 2, .parent = 1}, {.pid = 3, .parent = 2}, {.pid = 4, .parent = 3},
                                       {.pid = 5, .parent = 1}, {.pid = 7, .parent = 6}, {.pid = 6, .parent = 7}};
  const auto pids = [&](std::vector<pid_t> roots) {
    std::vector<pid_t> found;
    for (const ProcessInfo& info : descendants(table, roots)) found.push_back(info.pid);
    std::ranges::sort(found);
    return found;
  };
  EXPECT_EQ(pids({2}), (std::vector<pid_t>{3, 4}));
  EXPECT_EQ(pids({1}), (std::vector<pid_t>{2, 3, 4, 5}));
  EXPECT_EQ(pids({3, 5}), (std::vector<pid_t>{4}));
  EXPECT_EQ(pids({6}), (std::vector<pid_t>{7}));
  EXPECT_TRUE(pids({8}).empty());
}

TEST(Process, EnvironmentEntriesMatchAsAWhole) {
  Unruly child({"pid"}, "KRIGE_TEST_MARK=abc");
  ASSERT_EQ(child.next_pid(), child.pid());
  EXPECT_TRUE(has_environment(child.pid(), "KRIGE_TEST_MARK=abc"));
  EXPECT_FALSE(has_environment(child.pid(), "KRIGE_TEST_MARK=ab"));
  EXPECT_FALSE(has_environment(child.pid(), "KRIGE_TEST_MARK=abcd"));
  EXPECT_FALSE(has_environment(child.pid(), "TEST_MARK=abc"));
  EXPECT_FALSE(has_environment(-1, "KRIGE_TEST_MARK=abc"));
}

TEST(Process, KillsTheChosenAndTheirDescendantsAndNobodyElse) {
  const std::string mark = make_mark();
  Unruly chosen({"deaf", "branch", "setsid", "pid"}, mark);
  Unruly bystander({"pid"}, make_mark());
  const pid_t child = chosen.next_pid();
  ASSERT_GT(child, 0);
  ASSERT_EQ(bystander.next_pid(), bystander.pid());

  const Result<std::vector<pid_t>> killed =
      kill_processes([&](const ProcessInfo& info) { return info.pid == chosen.pid(); }, kPatience);
  ASSERT_TRUE(killed) << killed.error().message;
  EXPECT_THAT(*killed, ::testing::UnorderedElementsAre(chosen.pid(), child));
  EXPECT_FALSE(is_running(child));
  EXPECT_TRUE(is_running(bystander.pid()));
}

TEST(Process, KillsABombByItsMark) {
  const std::string mark = make_mark();
  Unruly bomb({"bomb", "500"}, mark);
  ASSERT_GT(bomb.next_pid(), 0);
  const Result<std::vector<pid_t>> killed =
      kill_processes([&](const ProcessInfo& info) { return has_environment(info.pid, mark); }, kPatience);
  ASSERT_TRUE(killed) << killed.error().message;
  EXPECT_GE(killed->size(), 1u);
  EXPECT_THAT(testing::running_with(mark), ::testing::IsEmpty());
}

TEST(Process, NeverKillsItselfNorWhatItDescendsFrom) {
  const pid_t self = ::getpid();
  const pid_t parent = ::getppid();
  const Result<std::vector<pid_t>> killed = kill_processes(
      [&](const ProcessInfo& info) { return info.pid == self || info.pid == parent || info.pid == 1; }, kPatience);
  ASSERT_TRUE(killed) << killed.error().message;
  EXPECT_TRUE(killed->empty());
}

TEST(Process, ErrorsNameWhatCannotBeKilled) {
  const Result<UniqueFd> missing = open_process(-1);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, ErrorCode::io);
}

}  // namespace
}  // namespace krige
