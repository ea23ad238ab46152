#include "tuner/executors/local_executor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <map>
#include <mutex>
#include <optional>
#include <system_error>
#include <thread>

#include "base/log.h"
#include "base/process.h"
#include "tuner/executors/launch.h"
#include "tuner/executors/running_attempt.h"

namespace krige::tuner {
namespace {

constexpr Millis kLeftoverKillTime{10'000};

// Every process of an attempt has these in its environment. The executor's mark tells its own from those that an
// earlier owner of the store left.
constexpr const char* kStoreMark = "KRIGE_STORE_ID";
constexpr const char* kExecutorMark = "KRIGE_EXECUTOR_ID";
constexpr const char* kAttemptMark = "KRIGE_ATTEMPT";

std::string entry(std::string_view name, std::string_view value) { return fmt::format("{}={}", name, value); }

std::string to_text(const AttemptKey& key) { return fmt::format("{}/{}/{}", key.study, key.trial, key.attempt); }

class LocalExecutor : public Executor {
 public:
  LocalExecutor(LocalExecutorOptions options, UniqueFd wake)
      : options_(std::move(options)), wake_(std::move(wake)), thread_([this] { run(); }) {}
  ~LocalExecutor() override;
  LocalExecutor(const LocalExecutor&) = delete;
  LocalExecutor& operator=(const LocalExecutor&) = delete;

  void set_callbacks(ExecutorCallbacks callbacks) override;
  Status start(const RunSpec& run) override;
  void stop(const AttemptKey& key, Millis grace) override;
  Result<int> kill_leftovers() override;

 private:
  struct Slot {
    std::unique_ptr<RunningAttempt> attempt;  // null while it is launched; then the thread's alone
    std::optional<Millis> stop_asked;         // not yet passed on by the thread
  };

  Status launch_into_slot(const RunSpec& run);
  void run();
  // The attempts to serve in this round, after stops were passed on; nullopt when the thread has to end.
  std::optional<std::vector<RunningAttempt*>> next_round();
  void wait_and_serve(const std::vector<RunningAttempt*>& attempts);
  void finish(RunningAttempt& attempt);
  std::optional<AttemptLog> open_log(const AttemptKey& key) const;
  void wake() const;

  const LocalExecutorOptions options_;
  const std::string id_ = random_id(16);
  UniqueFd wake_;
  std::mutex mutex_;
  ExecutorCallbacks callbacks_;       // guarded until the first start(), then constant
  std::map<AttemptKey, Slot> slots_;  // guarded
  bool is_closing_ = false;           // guarded
  std::jthread thread_;               // last: it uses all of the above
};

LocalExecutor::~LocalExecutor() {
  {
    const std::lock_guard lock(mutex_);
    is_closing_ = true;
  }
  wake();
  thread_.join();
}

void LocalExecutor::set_callbacks(ExecutorCallbacks callbacks) {
  const std::lock_guard lock(mutex_);
  callbacks_ = std::move(callbacks);
}

Status LocalExecutor::start(const RunSpec& run) {
  {
    const std::lock_guard lock(mutex_);
    if (!slots_.try_emplace(run.key).second)
      return fail(ErrorCode::already_exists, fmt::format("attempt {} runs already", to_text(run.key)));
  }
  const Status launched = launch_into_slot(run);
  if (!launched) {
    const std::lock_guard lock(mutex_);
    slots_.erase(run.key);
  }
  return launched;
}

Status LocalExecutor::launch_into_slot(const RunSpec& run) {
  const std::string attempt = to_text(run.key);
  std::optional<AttemptFile> file;
  if (!run.file.path.empty()) {
    KRIGE_TRY(AttemptFile made, AttemptFile::make(run.file.path, run.file.content));
    file.emplace(std::move(made));
  }
  KRIGE_TRY(Launched launched,
            launch(options_.supervisor, run,
                   {{kStoreMark, options_.store_id}, {kExecutorMark, id_}, {kAttemptMark, attempt}}));
  std::optional<AttemptLog> log = open_log(run.key);
  const std::lock_guard lock(mutex_);
  slots_[run.key].attempt =
      std::make_unique<RunningAttempt>(run, std::vector{entry(kExecutorMark, id_), entry(kAttemptMark, attempt)},
                                       std::move(launched), std::move(log), std::move(file));
  wake();
  return {};
}

// Without a log an attempt runs all the same.
std::optional<AttemptLog> LocalExecutor::open_log(const AttemptKey& key) const {
  if (options_.log_folder.empty()) return std::nullopt;
  Result<AttemptLog> log = AttemptLog::open(options_.log_folder, key, options_.log_bytes);
  if (log) return std::move(*log);
  log::warning(fmt::format("attempt {} has no log: {}", to_text(key), log.error().message));
  return std::nullopt;
}

void LocalExecutor::stop(const AttemptKey& key, Millis grace) {
  const std::lock_guard lock(mutex_);
  const auto slot = slots_.find(key);
  if (slot == slots_.end()) return;
  std::optional<Millis>& asked = slot->second.stop_asked;
  asked = asked ? std::min(*asked, grace) : grace;
  wake();
}

// Who is killed: who has the store's mark in his environment and not this executor's, and what descends from him. The
// store has one owner at a time, so a foreign mark is an earlier owner's.
Result<int> LocalExecutor::kill_leftovers() {
  const std::string of_store = entry(kStoreMark, options_.store_id);
  const std::string of_us = entry(kExecutorMark, id_);
  KRIGE_TRY(const std::vector<pid_t> killed, kill_processes(
                                                 [&](const ProcessInfo& info) {
                                                   return has_environment(info.pid, of_store) &&
                                                          !has_environment(info.pid, of_us);
                                                 },
                                                 kLeftoverKillTime));
  return static_cast<int>(killed.size());
}

void LocalExecutor::wake() const {
  // It can only fail when the counter is full, and then the thread wakes anyway.
  [[maybe_unused]] const int written = ::eventfd_write(wake_.get(), 1);
}

std::optional<std::vector<RunningAttempt*>> LocalExecutor::next_round() {
  const std::lock_guard lock(mutex_);
  if (is_closing_ && slots_.empty()) return std::nullopt;
  std::vector<RunningAttempt*> attempts;
  for (auto& [key, slot] : slots_) {
    if (!slot.attempt) continue;
    if (slot.stop_asked) slot.attempt->stop(*slot.stop_asked);
    slot.stop_asked.reset();
    if (is_closing_) slot.attempt->hurry();
    attempts.push_back(slot.attempt.get());
  }
  return attempts;
}

void LocalExecutor::wait_and_serve(const std::vector<RunningAttempt*>& attempts) {
  std::vector<pollfd> entries{{wake_.get(), POLLIN, 0}};
  std::optional<MonotonicTime> deadline;
  for (const RunningAttempt* attempt : attempts) {
    const RunningAttempt::Entries of_attempt = attempt->entries();
    entries.insert(entries.end(), of_attempt.begin(), of_attempt.end());
    const std::optional<MonotonicTime> next = attempt->next_deadline();
    if (next && (!deadline || *next < *deadline)) deadline = next;
  }
  int timeout = -1;
  if (deadline) {
    const auto left = std::chrono::ceil<Millis>(*deadline - system_clock().now()).count();
    timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, 1'000'000));
  }
  if (::poll(entries.data(), entries.size(), timeout) < 0) return;

  eventfd_t count = 0;
  if (entries[0].revents != 0) ::eventfd_read(wake_.get(), &count);
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    RunningAttempt& attempt = *attempts[i];
    const std::span<const pollfd, RunningAttempt::kEntries> ready(&entries[1 + i * RunningAttempt::kEntries],
                                                                  RunningAttempt::kEntries);
    attempt.service(ready, [&](std::string_view line) {
      if (callbacks_.on_line) callbacks_.on_line(attempt.key(), line);
    });
    attempt.tick();
    if (attempt.is_over()) finish(attempt);
  }
}

void LocalExecutor::finish(RunningAttempt& attempt) {
  const AttemptKey key = attempt.key();
  const Outcome outcome = attempt.finish([&](std::string_view line) {
    if (callbacks_.on_line) callbacks_.on_line(key, line);
  });
  if (outcome.kind == Outcome::Kind::lost)
    log::warning(fmt::format("attempt {} was lost: {}", to_text(key), outcome.reason));
  {
    const std::lock_guard lock(mutex_);
    slots_.erase(key);
  }
  if (callbacks_.on_exit) callbacks_.on_exit(key, outcome);
}

void LocalExecutor::run() {
  // The host's signals are its other threads' business; blocked, SIGPIPE is an error of write() here.
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
  while (const auto attempts = next_round()) wait_and_serve(*attempts);
}

// The program itself, or the one that PATH leads to.
Result<std::string> find_program(const std::string& name) {
  const auto is_program = [](const std::string& path) { return ::access(path.c_str(), X_OK) == 0; };
  if (name.find('/') != std::string::npos && is_program(name)) return name;
  const char* path = ::getenv("PATH");
  std::string_view folders = name.find('/') == std::string::npos && path != nullptr ? path : "";
  while (!name.empty() && !folders.empty()) {
    const std::size_t end = std::min(folders.find(':'), folders.size());
    const std::string candidate = fmt::format("{}/{}", folders.substr(0, end), name);
    if (is_program(candidate)) return candidate;
    folders.remove_prefix(std::min(end + 1, folders.size()));
  }
  return fail(ErrorCode::not_found, fmt::format("the program '{}' that supervises attempts cannot be run", name));
}

// Pipes that took the numbers of closed standard streams would be mistaken for them in a child.
Status fill_standard_streams() {
  while (true) {
    const int fd = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    if (fd < 0) return fail_errno(errno, "cannot open /dev/null");
    if (fd > STDERR_FILENO) {
      ::close(fd);
      return {};
    }
  }
}

}  // namespace

Result<std::unique_ptr<Executor>> make_local_executor(LocalExecutorOptions options) {
  const auto is_bad = [](const std::string& id) { return id.empty() || id.find('\0') != std::string::npos; };
  if (is_bad(options.store_id)) return fail(ErrorCode::invalid_argument, "a store without an id", "store_id");
  KRIGE_TRY(options.supervisor, find_program(options.supervisor));
  KRIGE_CHECK(fill_standard_streams());
  if (const Result<UniqueFd> self = open_process(::getpid()); !self)
    return fail(ErrorCode::unsupported, self.error().message + " (Linux 5.3 or later is needed)");
  // What a killed supervisor leaves comes to this process, so that no orphan is out of reach.
  if (::prctl(PR_SET_CHILD_SUBREAPER, 1) != 0) return fail_errno(errno, "cannot become a subreaper");
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail_errno(errno, "cannot make an event descriptor");
  try {
    return std::make_unique<LocalExecutor>(std::move(options), std::move(wake));
  } catch (const std::system_error& refused) {
    return fail(ErrorCode::unavailable, fmt::format("cannot start a thread: {}", refused.what()));
  }
}

}  // namespace krige::tuner
