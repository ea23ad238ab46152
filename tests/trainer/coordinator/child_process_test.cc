#include "trainer/coordinator/child_process.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "tests/support/processes.h"

namespace krige::trainer {
namespace {

using krige::testing::is_running;
using krige::testing::read_line;

TEST(ChildProcess, DiesWithItsOwner) {
  pid_t pid = 0;
  {
    const ChildProcess child = ChildProcess::start("/bin/sleep", {"1000"}, {}).value();
    pid = child.pid();
    ASSERT_TRUE(is_running(pid));
  }
  EXPECT_FALSE(is_running(pid));
}

TEST(ChildProcess, AStoppedOneDiesTooAndOneThatIgnoresSignals) {
  pid_t pid = 0;
  {
    Pipe pipe = make_pipe().value();
    const std::string script =
        "trap '' TERM INT HUP; echo ready >&" + std::to_string(pipe.write.get()) + "; exec sleep 1000";
    ChildProcess child = ChildProcess::start("/bin/sh", {"-c", "trap '' TERM; " + script}, {pipe.write.get()}).value();
    pid = child.pid();
    ASSERT_EQ(read_line(pipe.read.get()), "ready");
    ASSERT_EQ(::kill(pid, SIGSTOP), 0);
    EXPECT_FALSE(child.ended());
  }
  EXPECT_FALSE(is_running(pid));
}

TEST(ChildProcess, TellsHowItEnded) {
  const auto end_of = [](const std::string& script) {
    ChildProcess child = ChildProcess::start("/bin/sh", {"-c", script}, {}).value();
    siginfo_t info{};
    EXPECT_EQ(::waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT), 0);
    return describe_exit(child.ended().value());
  };
  EXPECT_EQ(end_of("exit 3"), "exited with code 3");
  EXPECT_EQ(end_of("kill -9 $$"), "was killed by signal 9");
  EXPECT_EQ(describe_exit(127 << 8), "exited with code 127");
}

TEST(ChildProcess, InheritsWhatIsListedAndNothingElse) {
  Pipe pipe = make_pipe().value();
  const Pipe other = make_pipe().value();
  const std::string out = std::to_string(pipe.write.get());
  const ChildProcess child =
      ChildProcess::start("/bin/sh", {"-c", "exec ls /proc/self/fd >&" + out}, {pipe.write.get()}).value();
  pipe.write.reset();
  std::vector<std::string> open;
  while (auto line = read_line(pipe.read.get())) open.push_back(*line);
  // 0, 1, 2, the one listed, and the folder that ls reads.
  EXPECT_EQ(open.size(), 5U) << ::testing::PrintToString(open);
  EXPECT_THAT(open, ::testing::IsSupersetOf({"0", "1", "2", out.c_str()}));
}

}  // namespace
}  // namespace krige::trainer
