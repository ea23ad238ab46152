#include "tuner/executors/running_attempt.h"

#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>

#include "base/process.h"
#include "base/supervisor.h"

namespace krige::tuner {
namespace {

constexpr std::size_t kChunk = std::size_t{64} << 10;
constexpr std::size_t kErrorTail = 4096;
// More than a pipe can hold: whatever else is readable after the end comes from a stranger who got hold of the pipe.
constexpr int kLastChunks = 32;
// A supervisor itself gives up killing after four seconds.
constexpr Millis kReportTime{5000};
constexpr Millis kHurriedReportTime{500};
constexpr Millis kSupervisorKillTime{200};
constexpr Millis kOrphanKillTime{1000};
constexpr Millis kHurriedOrphanKillTime{300};

using End = SupervisorReport::End;

std::string signal_name(int signal) {
  const char* short_name = ::sigabbrev_np(signal);
  return short_name != nullptr ? fmt::format("SIG{}", short_name) : fmt::format("signal {}", signal);
}

std::string_view error_text(int err) {
  const char* text = ::strerrordesc_np(err);
  return text != nullptr ? text : "unknown error";
}

// The end of `text` in at most kErrorTail bytes that does not begin inside a UTF-8 character.
void keep_tail(std::string& text) {
  if (text.size() <= kErrorTail) return;
  std::size_t begin = text.size() - kErrorTail;
  for (int i = 0; i < 3 && (static_cast<unsigned char>(text[begin]) & 0xC0U) == 0x80U; ++i) ++begin;
  text.erase(0, begin);
}

Outcome to_outcome(const SupervisorReport& report, const RunSpec& run) {
  Outcome outcome;
  switch (report.end) {
    case End::exited:
      outcome.exit_code = report.value;
      outcome.reason = fmt::format("exit code {}", report.value);
      break;
    case End::signalled:
      outcome.kind = Outcome::Kind::signalled;
      outcome.signal = report.value;
      outcome.reason = fmt::format("killed by {}", signal_name(report.value));
      break;
    case End::no_process:
    case End::no_program:
      outcome.kind = Outcome::Kind::not_started;
      outcome.reason = fmt::format("cannot run {}: {}", run.argv.front(), error_text(report.value));
      return outcome;
    case End::no_directory:
      outcome.kind = Outcome::Kind::not_started;
      outcome.reason = fmt::format("cannot enter {}: {}", run.working_directory, error_text(report.value));
      return outcome;
  }
  if (report.limit != Limit::none) {
    outcome.kind = Outcome::Kind::over_limit;
    outcome.limit = report.limit;
  }
  if (report.was_stopped != 0) outcome.reason = fmt::format("stopped ({})", outcome.reason);
  if (report.left != 0) outcome.reason += fmt::format("; {} of its processes could not be killed", report.left);
  return outcome;
}

}  // namespace

RunningAttempt::RunningAttempt(RunSpec run, std::vector<std::string> marks, Launched launched,
                               std::optional<AttemptLog> log, std::optional<AttemptFile> file)
    : run_(std::move(run)),
      marks_(std::move(marks)),
      launched_(std::move(launched)),
      log_(std::move(log)),
      file_(std::move(file)) {}

RunningAttempt::Entries RunningAttempt::entries() const {
  // poll passes over an entry of a closed descriptor, -1.
  return {pollfd{launched_.process.get(), POLLIN, 0}, pollfd{launched_.output.get(), POLLIN, 0},
          pollfd{launched_.error.get(), POLLIN, 0}, pollfd{launched_.input.get(), POLLOUT, 0}};
}

void RunningAttempt::service(std::span<const pollfd, kEntries> ready, const LineSplitter::OnLine& on_line) {
  has_ended_ = has_ended_ || ready[0].revents != 0;
  if (ready[1].revents != 0) read_output(on_line);
  if (ready[2].revents != 0) read_error(on_line);
  if (ready[3].revents != 0) write_input();
}

bool RunningAttempt::read_output(const LineSplitter::OnLine& on_line) {
  char chunk[kChunk];
  const ssize_t got = ::read(launched_.output.get(), chunk, sizeof chunk);
  if (got == 0) launched_.output.reset();
  if (got > 0 && log_) log_->append({chunk, static_cast<std::size_t>(got)});
  if (got > 0) lines_.feed({chunk, static_cast<std::size_t>(got)}, on_line);
  return got > 0;
}

bool RunningAttempt::read_error(const LineSplitter::OnLine& on_line) {
  char chunk[kChunk];
  const ssize_t got = ::read(launched_.error.get(), chunk, sizeof chunk);
  if (got == 0) launched_.error.reset();
  if (got > 0) {
    if (log_) log_->append({chunk, static_cast<std::size_t>(got)});
    error_tail_.append(chunk, static_cast<std::size_t>(got));
    keep_tail(error_tail_);
    if (run_.reports_on_error) error_lines_.feed({chunk, static_cast<std::size_t>(got)}, on_line);
  }
  return got > 0;
}

void RunningAttempt::write_input() {
  const std::string_view rest = std::string_view(run_.input).substr(input_written_);
  const ssize_t put = rest.empty() ? 0 : ::write(launched_.input.get(), rest.data(), rest.size());
  if (put > 0) input_written_ += static_cast<std::size_t>(put);
  const bool is_full = put < 0 && (errno == EAGAIN || errno == EINTR);
  if (is_full || (put > 0 && input_written_ < run_.input.size())) return;
  launched_.input.reset();
  run_.input = {};
  input_written_ = 0;
}

void RunningAttempt::stop(Millis grace) {
  const auto grace_ms = std::clamp<std::int64_t>(grace.count(), 0, 0xFFFF'FFFF);
  const MonotonicTime at = system_clock().now() + Millis(grace_ms);
  kill_at_ = kill_at_ ? std::min(*kill_at_, at) : at;
  const StopRequest request{static_cast<std::uint32_t>(grace_ms)};
  // It fails when the supervisor has ended, which poll tells, or when it reads none of thousands, which tick() ends.
  [[maybe_unused]] const ssize_t put = ::write(launched_.lifeline.get(), &request, sizeof request);
}

void RunningAttempt::hurry() {
  is_hurried_ = true;
  if (!kill_at_) stop(Millis(0));
}

MonotonicTime RunningAttempt::give_up_at() const {
  return *kill_at_ + (is_hurried_ ? kHurriedReportTime : kReportTime);
}

std::optional<MonotonicTime> RunningAttempt::next_deadline() const {
  if (killed_at_) return *killed_at_ + kSupervisorKillTime;
  return kill_at_ ? std::optional(give_up_at()) : std::nullopt;
}

void RunningAttempt::tick() {
  if (!kill_at_ || killed_at_ || has_ended_ || system_clock().now() < give_up_at()) return;
  // A failure shows as a supervisor that does not end.
  [[maybe_unused]] const Status sent = signal_process(launched_.process, SIGKILL);
  killed_at_ = system_clock().now();
}

bool RunningAttempt::is_over() const {
  return has_ended_ || (killed_at_ && system_clock().now() >= *killed_at_ + kSupervisorKillTime);
}

// Who is killed when a supervisor died without having ended its program. This process is the next subreaper above it,
// so its descendants are our children now, beside others with which an executor has nothing to do: children of the
// host program, supervisors of other attempts and of other executors. So being our child proves nothing. Killed is
// who has the attempt's marks in his environment; who is in the supervisor's session, which only its descendants can
// be (the number cannot be used again: we have not reaped the supervisor); and who descends from one of these.
Status RunningAttempt::kill_orphans() const {
  const pid_t session = launched_.pid;
  const auto belongs = [&](const ProcessInfo& info) {
    return info.session == session ||
           std::ranges::all_of(marks_, [&](const std::string& mark) { return has_environment(info.pid, mark); });
  };
  const Result<std::vector<pid_t>> killed =
      kill_processes(belongs, is_hurried_ ? kHurriedOrphanKillTime : kOrphanKillTime);
  if (killed)
    for (const pid_t pid : *killed) ::waitpid(pid, nullptr, WNOHANG);
  // Those that were dead before we looked, as the program itself. A zombie that had a session of its own shows no mark:
  // it stays until this process ends, rather than that the host loses the status of a child.
  for (const ProcessInfo& info : list_processes())
    if (info.gone && info.parent == ::getpid() && info.session == session && info.pid != session)
      ::waitpid(info.pid, nullptr, WNOHANG);
  if (!killed) return fail(killed.error());
  return {};
}

std::string RunningAttempt::reap_supervisor() const {
  int status = 0;
  if (::waitpid(launched_.pid, &status, WNOHANG) <= 0) return "does not end";
  if (WIFSIGNALED(status)) return fmt::format("was killed by {}", signal_name(WTERMSIG(status)));
  return fmt::format("ended with exit code {}", WEXITSTATUS(status));
}

Outcome RunningAttempt::finish(const LineSplitter::OnLine& on_line) {
  SupervisorReport report;
  const bool has_report = ::read(launched_.status.get(), &report, sizeof report) == sizeof report &&
                          report.magic == SupervisorReport::kMagic;
  const Status orphans = has_report ? Status() : kill_orphans();
  for (int i = 0; i < kLastChunks && launched_.output && read_output(on_line); ++i) continue;
  for (int i = 0; i < kLastChunks && launched_.error && read_error(on_line); ++i) continue;
  lines_.finish(on_line);
  error_lines_.finish(on_line);

  Outcome outcome;
  const std::string supervisor_end = reap_supervisor();
  if (has_report) {
    outcome = to_outcome(report, run_);
  } else {
    outcome.kind = Outcome::Kind::lost;
    outcome.reason = fmt::format("its supervisor {}", supervisor_end);
    if (!orphans) outcome.reason += "; " + orphans.error().message;
  }
  // An end that only the supervisor was asked for, by somebody else, is no stop() of ours.
  if (kill_at_ && (!has_report || report.was_stopped != 0)) outcome.kind = Outcome::Kind::stopped;
  outcome.error_tail = std::move(error_tail_);
  return outcome;
}

}  // namespace krige::tuner
