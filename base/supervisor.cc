#include "base/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <new>
#include <optional>

#include "base/fd.h"
#include "base/log.h"
#include "base/process.h"

namespace krige {
namespace {

using End = SupervisorReport::End;

constexpr int kLifeline = 3;
constexpr int kStatus = 4;
// For processes that outrun the killing; one that is stuck in the kernel is reported as left after it.
constexpr Millis kKillTimeout{4000};
constexpr Millis kKillRound{10};
// How often it is looked what the program uses: a look reads all of /proc, which may take a twentieth of a core.
constexpr Millis kLookInterval{50};
constexpr int kLookShare = 20;

// What the child tells of a failure before exec: in memory shared by both, which exec unmaps.
struct StartFault {
  End end = End::exited;
  int err = 0;
};

[[noreturn]] void become_program(const SupervisorOptions& options, pid_t supervisor, StartFault& fault) {
  ::setpgid(0, 0);
  // The end of the supervisor between fork and prctl would go unnoticed.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != supervisor) ::_exit(127);
  // What the executor's process ignores or blocks is not the program's business.
  for (int signal = 1; signal < NSIG; ++signal) ::signal(signal, SIG_DFL);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);

  // Where what descends from the program reports when its standard output is something else: our end of the pipe.
  ::setenv("KRIGE_REPORT", ("/proc/" + std::to_string(supervisor) + "/fd/1").c_str(), 1);
  const auto give_up = [&fault](End end) {
    fault = {end, errno};
    ::_exit(127);
  };
  if (!options.working_directory.empty() && ::chdir(options.working_directory.c_str()) != 0) give_up(End::no_directory);
  std::vector<char*> argv;
  for (const std::string& argument : options.argv) argv.push_back(const_cast<char*>(argument.c_str()));
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  give_up(End::no_program);
  ::_exit(127);
}

class Supervisor {
 public:
  explicit Supervisor(const SupervisorOptions& options) : options_(options) {}

  SupervisorReport run();

 private:
  void isolate();
  void start();
  void wait_for_event();
  void read_lifeline();
  void stop_after(Millis grace);
  void look_at_usage();
  static std::uint64_t own_memory();
  void end_for(Limit limit, Millis grace);
  [[nodiscard]] std::optional<MonotonicTime> next_deadline() const;
  // True when no child is left. All that descends from the program is our child or has an ancestor that is, so then
  // nothing is left at all, and the kernel says so, not a look at /proc.
  bool reap();
  [[nodiscard]] bool is_finished() const;
  void kill_all();

  const SupervisorOptions& options_;
  UniqueFd signals_;
  bool lifeline_open_ = true;
  StartFault* fault_ = nullptr;
  pid_t program_ = -1;
  bool program_ended_ = false;
  std::optional<MonotonicTime> kill_at_;  // set when the end was asked for
  std::optional<MonotonicTime> time_up_at_;
  std::optional<MonotonicTime> look_at_;  // what the program uses
  SupervisorReport report_;
};

void Supervisor::isolate() {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
  ::signal(SIGCHLD, SIG_DFL);  // ignored, it would reap by itself and hide the status
  ::setsid();
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);

  // Moved above both targets first: either may stand where the other goes.
  const int lifeline = ::fcntl(options_.lifeline, F_DUPFD, kStatus + 1);
  const int status = ::fcntl(options_.status, F_DUPFD, kStatus + 1);
  ::close(kStatus);
  lifeline_open_ = ::dup3(lifeline, kLifeline, O_CLOEXEC) >= 0;
  if (status >= 0) ::dup3(status, kStatus, O_CLOEXEC);
  ::closefrom(kStatus + 1);

  sigset_t wanted;
  ::sigemptyset(&wanted);
  for (const int signal : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT}) ::sigaddset(&wanted, signal);
  signals_ = UniqueFd(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
}

void Supervisor::start() {
  void* shared = ::mmap(nullptr, sizeof(StartFault), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  const pid_t self = ::getpid();
  if (shared != MAP_FAILED) {
    fault_ = new (shared) StartFault;
    program_ = ::fork();
  }
  if (program_ == 0) become_program(options_, self, *fault_);
  if (program_ < 0) {
    report_.end = End::no_process;
    report_.value = errno;
    program_ended_ = true;
    return;
  }
  ::setpgid(program_, program_);  // here too, so that the group exists whichever of both runs first
  const MonotonicTime now = system_clock().now();
  if (options_.limits.time) time_up_at_ = now + *options_.limits.time;
  if (options_.limits.cpu_time || options_.limits.memory_bytes) look_at_ = now;
}

SupervisorReport Supervisor::run() {
  isolate();
  start();
  while (!is_finished()) wait_for_event();
  kill_all();
  if (program_ > 0 && fault_->end != End::exited) {
    report_.end = fault_->end;
    report_.value = fault_->err;
  }
  return report_;
}

bool Supervisor::is_finished() const {
  if (kill_at_ && system_clock().now() >= *kill_at_) return true;
  if (!program_ended_) return false;
  // A shell that runs the program may end before it: the whole group has the grace period.
  return !kill_at_ || ::kill(-program_, 0) != 0;
}

std::optional<MonotonicTime> Supervisor::next_deadline() const {
  if (kill_at_ || program_ended_) return kill_at_;
  if (!time_up_at_ || !look_at_) return time_up_at_ ? time_up_at_ : look_at_;
  return std::min(*time_up_at_, *look_at_);
}

void Supervisor::end_for(Limit limit, Millis grace) {
  if (kill_at_ || program_ended_) return;
  stop_after(grace);
  report_.limit = limit;
}

// Of all processes together, what they share counted once, which is most of it after a fork.
std::uint64_t Supervisor::own_memory() {
  const auto ours = [] { return descendants(list_processes(), std::array{::getpid()}); };
  std::uint64_t sum = 0;
  std::vector<pid_t> unseen;  // by others, or just ended
  for (const ProcessInfo& info : ours()) {
    if (const auto bytes = proportional_bytes(info.pid))
      sum += *bytes;
    else
      unseen.push_back(info.pid);
  }
  if (unseen.empty()) return sum;
  for (const ProcessInfo& info : ours())
    if (std::ranges::find(unseen, info.pid) != unseen.end()) sum += info.resident_bytes;
  return sum;
}

void Supervisor::look_at_usage() {
  const MonotonicTime begin = system_clock().now();
  const std::vector<ProcessInfo> all = descendants(list_processes(), std::array{::getpid()});
  rusage ended{};  // of those that we have reaped
  ::getrusage(RUSAGE_CHILDREN, &ended);
  Millis cpu_time =
      std::chrono::duration_cast<Millis>(std::chrono::seconds(ended.ru_utime.tv_sec + ended.ru_stime.tv_sec) +
                                         std::chrono::microseconds(ended.ru_utime.tv_usec + ended.ru_stime.tv_usec));
  std::uint64_t resident = 0;
  for (const ProcessInfo& info : all) {
    cpu_time += info.cpu_time;
    resident += info.resident_bytes;
  }
  const Limits& limits = options_.limits;
  // While processes begin or end, one count may have some pages twice.
  if (limits.memory_bytes && resident > *limits.memory_bytes && own_memory() > *limits.memory_bytes &&
      own_memory() > *limits.memory_bytes)
    end_for(Limit::memory, Millis(0));
  if (limits.cpu_time && cpu_time > *limits.cpu_time) end_for(Limit::cpu_time, limits.grace);
  const MonotonicTime end = system_clock().now();
  look_at_ = end + std::max<MonotonicTime::duration>(kLookInterval, (end - begin) * kLookShare);
}

void Supervisor::wait_for_event() {
  std::array<pollfd, 2> entries{pollfd{signals_.get(), POLLIN, 0}, pollfd{lifeline_open_ ? kLifeline : -1, POLLIN, 0}};
  int timeout = -1;
  if (const std::optional<MonotonicTime> deadline = next_deadline()) {
    const auto left = std::chrono::ceil<Millis>(*deadline - system_clock().now());
    timeout = static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 1'000'000));
  }
  const int ready = ::poll(entries.data(), entries.size(), timeout);
  if (time_up_at_ && system_clock().now() >= *time_up_at_) end_for(Limit::time, options_.limits.grace);
  if (look_at_ && system_clock().now() >= *look_at_ && !kill_at_ && !program_ended_) look_at_usage();
  if (ready <= 0) return;

  bool asked = false;
  signalfd_siginfo signal;
  while (::read(signals_.get(), &signal, sizeof signal) == sizeof signal) asked = asked || signal.ssi_signo != SIGCHLD;
  reap();
  if (asked) stop_after(options_.grace);
  if (entries[1].revents != 0) read_lifeline();
}

void Supervisor::read_lifeline() {
  StopRequest request;
  if (::read(kLifeline, &request, sizeof request) == sizeof request) return stop_after(Millis(request.grace_ms));
  lifeline_open_ = false;
  stop_after(options_.grace);
}

void Supervisor::stop_after(Millis grace) {
  const MonotonicTime at = system_clock().now() + grace;
  if (!kill_at_ && !program_ended_) {
    report_.was_stopped = 1;
    if (grace > Millis(0)) {
      if (::kill(-program_, SIGTERM) != 0) ::kill(program_, SIGTERM);  // it has joined our own group
      ::kill(-program_, SIGCONT);
    }
  }
  kill_at_ = kill_at_ ? std::min(*kill_at_, at) : at;
}

bool Supervisor::reap() {
  while (true) {
    int status = 0;
    const pid_t ended = ::waitpid(-1, &status, WNOHANG);
    if (ended <= 0) return ended < 0;
    if (ended != program_ || program_ended_) continue;
    program_ended_ = true;
    report_.end = WIFSIGNALED(status) ? End::signalled : End::exited;
    report_.value = WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status);
  }
}

void Supervisor::kill_all() {
  const MonotonicTime deadline = system_clock().now() + kKillTimeout;
  const pid_t self = ::getpid();
  const bool own_session = ::getsid(0) == self;  // not so when a shell made us the leader of a group
  sigset_t child_ended;
  ::sigemptyset(&child_ended);
  ::sigaddset(&child_ended, SIGCHLD);
  while (!reap()) {
    const std::vector<ProcessInfo> left = descendants(list_processes(), std::array{self});
    report_.left = static_cast<std::uint32_t>(std::ranges::count(left, false, &ProcessInfo::gone));
    if (system_clock().now() >= deadline) return;
    // A signal to a group reaches all of it at once, also those that are being forked: no fork bomb outruns it. The
    // groups of our descendants hold nobody else, because sessions are closed to strangers; only ours holds us too.
    for (const ProcessInfo& info : left) ::kill(own_session && info.group != self ? -info.group : info.pid, SIGKILL);
    const timespec round{0, std::chrono::nanoseconds(kKillRound).count()};
    ::sigtimedwait(&child_ended, nullptr, &round);
  }
  report_.left = 0;
}

std::optional<std::int64_t> to_number(const std::string& text, std::int64_t highest) {
  std::int64_t value = 0;
  const auto [end, err] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (err != std::errc() || end != text.data() + text.size() || value < 0 || value > highest) return std::nullopt;
  return value;
}

}  // namespace

std::vector<std::string> supervisor_arguments(const SupervisorOptions& options) {
  std::vector<std::string> arguments{"supervise", "--lifeline", std::to_string(options.lifeline)};
  if (options.status >= 0) arguments.insert(arguments.end(), {"--status", std::to_string(options.status)});
  arguments.insert(arguments.end(), {"--grace-ms", std::to_string(options.grace.count())});
  const auto add = [&](const char* name, const auto& limit, auto number) {
    if (limit) arguments.insert(arguments.end(), {name, std::to_string(number(*limit))});
  };
  const auto count = [](Millis duration) { return duration.count(); };
  add("--time-ms", options.limits.time, count);
  add("--cpu-ms", options.limits.cpu_time, count);
  add("--memory-bytes", options.limits.memory_bytes, [](std::uint64_t bytes) { return bytes; });
  if (options.limits != Limits{}) add("--limit-grace-ms", std::optional(options.limits.grace), count);
  if (!options.working_directory.empty()) arguments.insert(arguments.end(), {"--directory", options.working_directory});
  arguments.emplace_back("--");
  arguments.insert(arguments.end(), options.argv.begin(), options.argv.end());
  return arguments;
}

Result<SupervisorOptions> parse_supervisor_arguments(const std::vector<std::string>& arguments) {
  SupervisorOptions options;
  struct Number {
    std::string_view name;
    std::int64_t highest;
    std::function<void(std::int64_t)> take;
  };
  constexpr std::int64_t kHighestFd = 1 << 20;
  constexpr std::int64_t kLongest = std::int64_t{10} * 366 * 86'400'000;
  Limits& limits = options.limits;
  const Number numbers[] = {
      {"--lifeline", kHighestFd, [&](std::int64_t value) { options.lifeline = static_cast<int>(value); }},
      {"--status", kHighestFd, [&](std::int64_t value) { options.status = static_cast<int>(value); }},
      {"--grace-ms", 86'400'000, [&](std::int64_t value) { options.grace = Millis(value); }},
      {"--limit-grace-ms", kLongest, [&](std::int64_t value) { limits.grace = Millis(value); }},
      {"--time-ms", kLongest, [&](std::int64_t value) { limits.time = Millis(value); }},
      {"--cpu-ms", kLongest, [&](std::int64_t value) { limits.cpu_time = Millis(value); }},
      {"--memory-bytes", INT64_MAX,
       [&](std::int64_t value) { limits.memory_bytes = static_cast<std::uint64_t>(value); }}};
  std::size_t at = 1;
  for (; at + 1 < arguments.size() && arguments[at] != "--"; at += 2) {
    const std::string& name = arguments[at];
    const std::string& text = arguments[at + 1];
    if (name == "--directory") {
      options.working_directory = text;
      continue;
    }
    const auto* known = std::ranges::find(numbers, name, &Number::name);
    if (known == std::end(numbers)) return fail(ErrorCode::invalid_argument, "unknown option of supervise", name);
    const std::optional<std::int64_t> number = to_number(text, known->highest);
    if (!number) return fail(ErrorCode::invalid_argument, "'" + text + "' is not a number in its range", name);
    known->take(*number);
  }
  if (options.lifeline < 0) return fail(ErrorCode::invalid_argument, "is missing", "--lifeline");
  if (at + 1 >= arguments.size() || arguments[at] != "--")
    return fail(ErrorCode::invalid_argument, "the program to run is missing", "--");
  options.argv.assign(arguments.begin() + static_cast<std::ptrdiff_t>(at) + 1, arguments.end());
  return options;
}

int supervise(const SupervisorOptions& options) {
  if (::fcntl(options.lifeline, F_GETFD) < 0 || (options.status >= 0 && ::fcntl(options.status, F_GETFD) < 0)) {
    log::error("supervise: the lifeline or the status pipe is not an open descriptor");
    return exit_code(ErrorCode::invalid_argument);
  }
  const SupervisorReport report = Supervisor(options).run();
  if (options.status >= 0)
      // The executor may be dead: there is nobody to tell then.
      [[maybe_unused]]
    const ssize_t put = ::write(kStatus, &report, sizeof report);
  switch (report.end) {
    case End::exited:
      return report.value;
    case End::signalled:
      return 128 + report.value;
    case End::no_program:
      return report.value == ENOENT ? 127 : 126;
    case End::no_process:
    case End::no_directory:
      return 126;
  }
  return 126;
}

int supervisor_main(const std::vector<std::string>& arguments) {
  const Result<SupervisorOptions> options = parse_supervisor_arguments(arguments);
  if (!options) {
    log::error(options.error().describe());
    return exit_code(options.error().code);
  }
  return supervise(*options);
}

}  // namespace krige
