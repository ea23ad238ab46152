#include "base/process.h"

#include <dirent.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <map>
#include <memory>
#include <set>
#include <string>

namespace krige {
namespace {

constexpr std::size_t kEnvironmentLimit = std::size_t{16} << 20;

// The numbers of /proc/PID/stat behind the command name, which may itself hold spaces and parentheses.
std::optional<ProcessInfo> parse_stat(pid_t pid, std::string_view stat) {
  const std::size_t name_end = stat.rfind(')');
  if (name_end == std::string_view::npos || name_end + 3 > stat.size()) return std::nullopt;
  const char state = stat[name_end + 2];
  std::uint64_t fields[22] = {};  // field 4 of proc(5), the parent, is the first that counts; field 24 is the last
  std::string_view rest = stat.substr(name_end + 3);
  for (std::size_t i = 1; i < std::size(fields); ++i) {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    const std::size_t width = std::min(rest.find(' '), rest.size());
    std::int64_t value = 0;  // some, as the terminal's group, are negative
    std::from_chars(rest.data(), rest.data() + width, value);
    fields[i] = static_cast<std::uint64_t>(value);
    rest.remove_prefix(width);
  }
  // A leader that has ended while other threads of it run is shown as a zombie too.
  const std::uint64_t threads = fields[17];
  const std::uint64_t ticks = fields[11] + fields[12] + fields[13] + fields[14];
  static const auto ticks_a_second = static_cast<std::uint64_t>(::sysconf(_SC_CLK_TCK));
  static const auto page_bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return ProcessInfo{.pid = pid,
                     .parent = static_cast<pid_t>(fields[1]),
                     .group = static_cast<pid_t>(fields[2]),
                     .session = static_cast<pid_t>(fields[3]),
                     .start_ticks = fields[19],
                     .gone = (state == 'Z' && threads <= 1) || state == 'X',
                     .cpu_time = Millis(ticks * 1000 / ticks_a_second),
                     .resident_bytes = fields[21] * page_bytes};
}

// Those of `table` that belong or descend from one that does, or from one that is held; without the latter.
std::vector<ProcessInfo> choose(const std::vector<ProcessInfo>& table, const std::map<pid_t, UniqueFd>& held,
                                const std::function<bool(const ProcessInfo&)>& belongs) {
  std::set<pid_t> lineage{1, ::getpid()};
  for (pid_t ancestor = ::getppid(); ancestor > 1 && lineage.insert(ancestor).second;) {
    const auto info = std::ranges::find(table, ancestor, &ProcessInfo::pid);
    ancestor = info == table.end() ? 1 : info->parent;
  }

  std::vector<ProcessInfo> found;
  std::vector<pid_t> roots;
  for (const ProcessInfo& info : table) {
    const bool is_held = held.contains(info.pid);
    if (!is_held && (info.gone || lineage.contains(info.pid) || !belongs(info))) continue;
    roots.push_back(info.pid);
    if (!is_held) found.push_back(info);
  }
  for (const ProcessInfo& child : descendants(table, roots))
    if (!child.gone) found.push_back(child);
  return found;
}

// Stops all of them. A stopped process forks no more, so the search ends when a pass finds nothing new.
std::map<pid_t, UniqueFd> freeze(const std::function<bool(const ProcessInfo&)>& belongs, MonotonicTime deadline) {
  std::map<pid_t, UniqueFd> held;
  do {
    const std::vector<ProcessInfo> found = choose(list_processes(), held, belongs);
    if (found.empty()) break;
    for (const ProcessInfo& info : found) {
      Result<UniqueFd> process = open_process(info.pid);
      if (!process) continue;
      // The pid may have gone to another process between the look and the open; from here on it cannot.
      const std::optional<ProcessInfo> now = read_process(info.pid);
      if (!now || now->start_ticks != info.start_ticks) continue;
      // What we may not signal stays held, so that the caller hears of it.
      [[maybe_unused]] const Status stopped = signal_process(*process, SIGSTOP);
      held.emplace(info.pid, std::move(*process));
    }
  } while (system_clock().now() < deadline);
  return held;
}

bool wait_until_ended(const UniqueFd& process, MonotonicTime deadline) {
  while (true) {
    const auto left = std::chrono::ceil<Millis>(deadline - system_clock().now()).count();
    pollfd entry{process.get(), POLLIN, 0};
    const int ready = ::poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (ready > 0) return true;
    if (ready == 0) return false;
    if (errno != EINTR) return false;
  }
}

}  // namespace

std::optional<ProcessInfo> read_process(pid_t pid) {
  const Result<std::string> stat = read_file(fmt::format("/proc/{}/stat", pid));
  if (!stat) return std::nullopt;
  return parse_stat(pid, *stat);
}

std::vector<ProcessInfo> list_processes() {
  std::vector<ProcessInfo> table;
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir("/proc"), ::closedir);
  if (!folder) return table;
  while (const dirent* entry = ::readdir(folder.get())) {
    const std::string_view name = entry->d_name;
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ptr != name.data() + name.size()) continue;
    if (const std::optional<ProcessInfo> info = read_process(pid)) table.push_back(*info);
  }
  return table;
}

std::vector<ProcessInfo> descendants(const std::vector<ProcessInfo>& table, std::span<const pid_t> roots) {
  std::multimap<pid_t, const ProcessInfo*> children;
  for (const ProcessInfo& info : table) children.emplace(info.parent, &info);
  std::vector<ProcessInfo> found;
  std::set<pid_t> seen(roots.begin(), roots.end());  // with a pid used again, the table can even hold a circle
  const auto add_children = [&](pid_t parent) {
    const auto [first, last] = children.equal_range(parent);
    for (auto child = first; child != last; ++child)
      if (seen.insert(child->second->pid).second) found.push_back(*child->second);
  };
  for (const pid_t root : roots) add_children(root);
  for (std::size_t i = 0; i < found.size(); ++i) add_children(found[i].pid);
  return found;
}

std::optional<std::uint64_t> proportional_bytes(pid_t pid) {
  const Result<std::string> rollup = read_file(fmt::format("/proc/{}/smaps_rollup", pid));
  constexpr std::string_view kName = "\nPss:";
  const std::size_t at = rollup ? rollup->find(kName) : std::string::npos;
  if (at == std::string::npos) return std::nullopt;
  const std::size_t begin = rollup->find_first_not_of(' ', at + kName.size());
  if (begin == std::string::npos) return std::nullopt;
  std::uint64_t kib = 0;
  std::from_chars(rollup->data() + begin, rollup->data() + rollup->size(), kib);
  return kib * 1024;
}

bool has_environment(pid_t pid, std::string_view assignment) {
  const Result<std::string> environment = read_file(fmt::format("/proc/{}/environ", pid), kEnvironmentLimit);
  if (!environment) return false;
  const std::string_view text = *environment;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\0', at), text.size());
    if (text.substr(at, end - at) == assignment) return true;
    at = end + 1;
  }
  return false;
}

Result<UniqueFd> open_process(pid_t pid) {
  // By number: the C library's header of Debian 12 lacks extern "C".
  UniqueFd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  if (!process) return fail_errno(errno, fmt::format("cannot open process {}", pid));
  return process;
}

Status signal_process(const UniqueFd& process, int signal) {
  if (::syscall(SYS_pidfd_send_signal, process.get(), signal, nullptr, 0) != 0 && errno != ESRCH)
    return fail_errno(errno, fmt::format("cannot send signal {}", signal));
  return {};
}

Result<std::vector<pid_t>> kill_processes(const std::function<bool(const ProcessInfo&)>& belongs, Millis timeout) {
  const MonotonicTime begin = system_clock().now();
  const MonotonicTime deadline = begin + timeout;
  std::vector<pid_t> killed;
  // A process in the middle of exec shows no environment for a moment: only a second empty look is believed.
  for (int empty_looks = 0; empty_looks < 2;) {
    const std::map<pid_t, UniqueFd> held = freeze(belongs, begin + timeout / 2);
    empty_looks = held.empty() ? empty_looks + 1 : 0;
    std::string left;
    for (const auto& [pid, process] : held)
      if (const Status sent = signal_process(process, SIGKILL); !sent)
        left += fmt::format(" {} ({})", pid, sent.error().message);
    if (!left.empty()) return fail(ErrorCode::permission_denied, "processes could not be killed:" + left);
    for (const auto& [pid, process] : held) {
      if (wait_until_ended(process, deadline))
        killed.push_back(pid);
      else
        left += fmt::format(" {}", pid);
    }
    if (!left.empty()) return fail(ErrorCode::timeout, "processes do not end:" + left);
  }
  return killed;
}

}  // namespace krige
