// Real processes in tests: started, watched and waited for with a deadline.
#pragma once

#include <poll.h>
#include <sys/types.h>
#include <unistd.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/process.h"

namespace krige::testing {

// Long enough for a loaded machine with sanitizers; only a failing test waits for it.
inline constexpr Millis kPatience{20'000};

[[nodiscard]] inline std::string program(std::string_view name) {
  return std::string(KRIGE_BIN_DIR) + "/" + std::string(name);
}

[[nodiscard]] inline bool is_running(pid_t pid) {
  const std::optional<ProcessInfo> info = read_process(pid);
  return info && !info->gone;
}

// False when it still runs at the deadline.
[[nodiscard]] inline bool wait_until_gone(pid_t pid, Millis patience = kPatience) {
  const Result<UniqueFd> process = open_process(pid);
  if (!process) return true;
  pollfd entry{process->get(), POLLIN, 0};
  return ::poll(&entry, 1, static_cast<int>(patience.count())) > 0;
}

// The pids of what runs with the entry in its environment.
[[nodiscard]] inline std::vector<pid_t> running_with(std::string_view assignment) {
  std::vector<pid_t> found;
  for (const ProcessInfo& info : list_processes())
    if (!info.gone && has_environment(info.pid, assignment)) found.push_back(info.pid);
  return found;
}

// The next line of a pipe; nullopt at its end or at the deadline.
[[nodiscard]] inline std::optional<std::string> read_line(int fd, Millis patience = kPatience) {
  const MonotonicTime deadline = system_clock().now() + patience;
  std::string line;
  while (true) {
    const auto left = std::chrono::ceil<Millis>(deadline - system_clock().now()).count();
    pollfd entry{fd, POLLIN, 0};
    char letter = 0;
    if (left <= 0 || ::poll(&entry, 1, static_cast<int>(left)) <= 0 || ::read(fd, &letter, 1) != 1) return std::nullopt;
    if (letter == '\n') return line;
    line += letter;
  }
}

// N of the line "pid N", -1 for any other.
[[nodiscard]] inline pid_t pid_of(std::string_view line) {
  return line.starts_with("pid ") ? static_cast<pid_t>(std::stol(std::string(line.substr(4)))) : -1;
}

}  // namespace krige::testing
