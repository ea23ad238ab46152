// The process table: who runs, who descends from whom, and ending processes that are not our own children.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/fd.h"

namespace krige {

struct ProcessInfo {
  pid_t pid = 0;
  pid_t parent = 0;
  pid_t group = 0;
  pid_t session = 0;
  std::uint64_t start_ticks = 0;  // since boot; with the pid it names a process for good, pids are used again
  bool gone = false;              // a zombie: nothing of it runs, somebody has yet to reap it
  Millis cpu_time{0};             // of it and of those of its children that it has waited for
  std::uint64_t resident_bytes = 0;
};

// nullopt when there is no such process.
[[nodiscard]] std::optional<ProcessInfo> read_process(pid_t pid);
// One pass over /proc: a process that forks meanwhile may be missed, so whoever needs all looks again.
[[nodiscard]] std::vector<ProcessInfo> list_processes();
// What descends from `roots` in `table`, without them.
[[nodiscard]] std::vector<ProcessInfo> descendants(const std::vector<ProcessInfo>& table, std::span<const pid_t> roots);
// Resident memory of the process, a page that n processes share as its n-th part; nullopt where the system does not let
// us look. Takes milliseconds for each GB.
[[nodiscard]] std::optional<std::uint64_t> proportional_bytes(pid_t pid);
// Whether the environment that the process was started with has the entry `assignment` ("NAME=value"). False where the
// system does not let us look.
[[nodiscard]] bool has_environment(pid_t pid, std::string_view assignment);

// A descriptor that is readable when the process has ended, and that never names another process.
[[nodiscard]] Result<UniqueFd> open_process(pid_t pid);
// ESRCH is no error: what we wanted to end has ended.
[[nodiscard]] Status signal_process(const UniqueFd& process, int signal);

// Kills every process of which `belongs` is true and all that descends from them, except this process and what it
// descends from, and returns when none of them runs: their pids. They are stopped first and killed when no new one
// appears, so that none forks away and no child loses the parent by which it is found. The error names those that are
// left after `timeout`, or that we may not kill.
[[nodiscard]] Result<std::vector<pid_t>> kill_processes(const std::function<bool(const ProcessInfo&)>& belongs,
                                                        Millis timeout);

}  // namespace krige
