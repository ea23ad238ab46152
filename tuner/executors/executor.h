// Starts attempts as processes and tells what becomes of them.
#pragma once

#include <compare>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/limits.h"

namespace krige::tuner {

struct AttemptKey {
  StudyId study;
  TrialId trial = 0;
  AttemptId attempt = 0;
  friend auto operator<=>(const AttemptKey&, const AttemptKey&) = default;
};

// A program to run for an attempt.
struct RunSpec {
  AttemptKey key;
  std::vector<std::string> argv;                                 // argv[0] is found in PATH when it has no slash
  std::vector<std::pair<std::string, std::string>> environment;  // added to the parent's
  std::string working_directory;                                 // empty: the parent's
  std::string input;                                             // its standard input, closed behind it
  Limits limits;
  // A file made for it, readable for its owner only, and removed behind it; no path: none.
  struct File {
    std::string path;
    std::string content;
  } file;
  bool reports_on_error = false;  // on_line is told the lines of standard error too
};

struct Outcome {
  enum class Kind {
    exited,       // by itself, with `exit_code`
    signalled,    // by `signal`, not asked for
    stopped,      // because stop() asked for it
    over_limit,   // ended for `limit`
    lost,         // its supervisor died: what it did is unknown, nothing of it runs any more
    not_started,  // `reason` says why
  };
  Kind kind = Kind::exited;
  int exit_code = 0;
  int signal = 0;
  Limit limit = Limit::none;
  std::string reason{};      // one line for people
  std::string error_tail{};  // the end of its standard error, at most 4 KiB
};

// Called from the executor's thread, for one attempt never two at once; must not block for long.
struct ExecutorCallbacks {
  std::function<void(const AttemptKey&, std::string_view line)> on_line;  // of standard output, without its end
  // Once for every start() that succeeded, after its last line, when no process of the attempt is left.
  std::function<void(const AttemptKey&, const Outcome&)> on_exit;
};

// Thread-safe; start() and stop() may be called from the callbacks too. The destructor, not to be called from them,
// stops what runs and returns when nothing is left (bounded by the grace period of earlier stops and a second).
class Executor {
 public:
  virtual ~Executor() = default;

  // Once, before the first start().
  virtual void set_callbacks(ExecutorCallbacks callbacks) = 0;
  // Returns when the supervisor is launched. already_exists for a key that runs.
  virtual Status start(const RunSpec& run) = 0;
  // SIGTERM to the attempt, after `grace` SIGKILL to all of it; on_exit follows. No effect on a key that does not run.
  // grace 0 kills at once.
  virtual void stop(const AttemptKey& key, Millis grace) = 0;
  // Kills what an earlier owner of the store left running; returns when it is gone. How many processes it killed.
  virtual Result<int> kill_leftovers() = 0;
};

}  // namespace krige::tuner
