#include "trainer/coordinator/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/log.h"
#include "base/process.h"

namespace krige::trainer {
namespace {

constexpr int kExecFailed = 127;

// Between fork and exec: async-signal-safe calls only.
[[noreturn]] void become(const char* program, char* const* arguments, const std::vector<int>& inherited, pid_t parent) {
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  // A terminal's Ctrl-C, and a pause, may go to the whole group: the parent decides what they mean.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGUSR1, SIG_IGN);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(kExecFailed);
  const int nothing = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (nothing < 0 || ::dup2(nothing, STDIN_FILENO) < 0 || ::dup2(STDERR_FILENO, STDOUT_FILENO) < 0)
    ::_exit(kExecFailed);
  // Whatever this process was itself given by mistake stays here.
  if (::close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC) != 0) ::_exit(kExecFailed);
  for (const int fd : inherited)
    if (::fcntl(fd, F_SETFD, 0) != 0) ::_exit(kExecFailed);
  ::execv(program, arguments);
  ::_exit(kExecFailed);
}

}  // namespace

Result<ChildProcess> ChildProcess::start(const std::string& program, const std::vector<std::string>& arguments,
                                         const std::vector<int>& inherited) {
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  const pid_t parent = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return fail_errno(errno, fmt::format("cannot start {}", program));
  if (pid == 0) become(program.c_str(), argv.data(), inherited, parent);
  return ChildProcess(pid);
}

void ChildProcess::kill() {
  if (pid_ > 0 && !status_) ::kill(pid_, SIGKILL);
}

std::optional<int> ChildProcess::ended() {
  int status = 0;
  if (pid_ > 0 && !status_ && ::waitpid(pid_, &status, WNOHANG) == pid_) status_ = status;
  return status_;
}

ChildProcess::~ChildProcess() {
  if (pid_ <= 0 || ended()) return;
  kill();
  if (const Result<UniqueFd> handle = open_process(pid_)) {
    pollfd waiting{handle->get(), POLLIN, 0};
    ::poll(&waiting, 1, static_cast<int>(kKillDeadline.count()));
  }
  if (!ended()) log::warning(fmt::format("process {} does not end after being killed", pid_));
}

std::string describe_exit(int wait_status) {
  if (WIFSIGNALED(wait_status)) return fmt::format("was killed by signal {}", WTERMSIG(wait_status));
  return fmt::format("exited with code {}", WEXITSTATUS(wait_status));
}

}  // namespace krige::trainer
