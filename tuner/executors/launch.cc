#include "tuner/executors/launch.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/close_range.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/process/args.hpp>
#include <boost/process/child.hpp>
#include <boost/process/exe.hpp>
#include <boost/process/extend.hpp>
#include <boost/process/posix.hpp>

#include "base/process.h"
#include "base/supervisor.h"

namespace krige::tuner {
namespace {

namespace bp = boost::process;

// Between SIGTERM and SIGKILL when this process dies, or when somebody else ends the supervisor by SIGTERM.
constexpr Millis kOrphanGrace{1000};

// Runs in the child before exec. Every descriptor of the parent closes itself at exec, whether it was opened so or not
// (listening sockets of a library, say), but for the two that the supervisor is told of.
struct KeepOnly : bp::extend::handler {
  KeepOnly(int first_fd, int second_fd) : first(first_fd), second(second_fd) {}
  template <typename Launcher>
  void on_exec_setup(Launcher& /*launcher*/) const {
    ::close_range(3, ~0U, CLOSE_RANGE_CLOEXEC);
    ::fcntl(first, F_SETFD, 0);
    ::fcntl(second, F_SETFD, 0);
  }
  int first;
  int second;
};

// Boost 1.74's own environment class reads beyond the end of entries when it looks for a name.
struct WithEnvironment : bp::extend::handler {
  explicit WithEnvironment(char** of_child) : environment(of_child) {}
  template <typename Launcher>
  void on_setup(Launcher& launcher) const {
    launcher.env = environment;
  }
  char** environment;
};

// Boost leaves a child that could not exec as a zombie.
struct ReapFailed : bp::extend::handler {
  template <typename Launcher>
  void on_error(Launcher& launcher, const std::error_code& /*error*/) const {
    if (launcher.pid > 0) ::waitpid(launcher.pid, nullptr, 0);
  }
};

bool has_nul(const std::string& text) { return text.find('\0') != std::string::npos; }

Status check(const RunSpec& run) {
  if (run.argv.empty() || run.argv.front().empty())
    return fail(ErrorCode::invalid_argument, "the program to run is missing", "argv");
  if (std::ranges::any_of(run.argv, has_nul))
    return fail(ErrorCode::invalid_argument, "a NUL cannot be part of an argument", "argv");
  if (has_nul(run.working_directory))
    return fail(ErrorCode::invalid_argument, "a NUL cannot be part of a path", "working_directory");
  if (has_nul(run.file.path)) return fail(ErrorCode::invalid_argument, "a NUL cannot be part of a path", "file");
  for (const auto& [name, value] : run.environment)
    if (name.empty() || name.find('=') != std::string::npos || has_nul(name) || has_nul(value))
      return fail(ErrorCode::invalid_argument, fmt::format("'{}' cannot be an entry of an environment", name),
                  "environment");
  return {};
}

using Variables = std::vector<std::pair<std::string, std::string>>;

// The parent's, with those of `run` and then `marks` in place of entries of the same name.
std::vector<std::string> make_environment(const RunSpec& run, const Variables& marks) {
  std::vector<std::string> entries;
  for (char** entry = ::environ; *entry != nullptr; ++entry) entries.emplace_back(*entry);
  for (const Variables* variables : {&run.environment, &marks})
    for (const auto& [name, value] : *variables) {
      std::erase_if(entries, [start = name + "="](const std::string& entry) { return entry.starts_with(start); });
      entries.push_back(fmt::format("{}={}", name, value));
    }
  return entries;
}

}  // namespace

Result<Launched> launch(const std::string& supervisor, const RunSpec& run,
                        const std::vector<std::pair<std::string, std::string>>& marks) {
  KRIGE_CHECK(check(run));
  KRIGE_TRY(Pipe lifeline, make_pipe());
  KRIGE_TRY(Pipe status, make_pipe());
  KRIGE_TRY(Pipe input, make_pipe());
  KRIGE_TRY(Pipe output, make_pipe());
  KRIGE_TRY(Pipe error, make_pipe());
  for (const UniqueFd* ours : {&lifeline.write, &status.read, &input.write, &output.read, &error.read})
    if (::fcntl(ours->get(), F_SETFL, O_NONBLOCK) != 0) return fail_errno(errno, "cannot set up a pipe");

  const std::vector<std::string> arguments = supervisor_arguments({.lifeline = lifeline.read.get(),
                                                                   .status = status.write.get(),
                                                                   .grace = kOrphanGrace,
                                                                   .limits = run.limits,
                                                                   .working_directory = run.working_directory,
                                                                   .argv = run.argv});
  std::vector<std::string> entries = make_environment(run, marks);
  std::vector<char*> environment;
  for (std::string& entry : entries) environment.push_back(entry.data());
  environment.push_back(nullptr);
  pid_t pid = -1;
  try {
    bp::child child(bp::exe = supervisor, bp::args = arguments, WithEnvironment(environment.data()),
                    bp::posix::fd.bind(0, input.read.get()), bp::posix::fd.bind(1, output.write.get()),
                    bp::posix::fd.bind(2, error.write.get()), KeepOnly(lifeline.read.get(), status.write.get()),
                    ReapFailed());
    pid = child.id();
    child.detach();
  } catch (const std::exception& refused) {
    return fail(ErrorCode::process_failed, fmt::format("cannot start {}: {}", supervisor, refused.what()));
  }
  Result<UniqueFd> process = open_process(pid);
  if (!process) {
    // Without the lifeline it ends at once, and takes the program with it.
    lifeline.write.reset();
    ::waitpid(pid, nullptr, 0);
    return fail(process.error());
  }
  return Launched{pid,
                  std::move(*process),
                  std::move(lifeline.write),
                  std::move(status.read),
                  std::move(input.write),
                  std::move(output.read),
                  std::move(error.read)};
}

}  // namespace krige::tuner
