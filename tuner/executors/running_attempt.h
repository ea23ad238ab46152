// One attempt that runs, as the executor's thread sees it: its pipes, its deadlines and its end.
#pragma once

#include <poll.h>

#include <array>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/executors/attempt_file.h"
#include "tuner/executors/attempt_log.h"
#include "tuner/executors/executor.h"
#include "tuner/executors/launch.h"
#include "tuner/executors/line_splitter.h"

namespace krige::tuner {

// For one thread alone. Memory is bounded: an unfinished line, the rest of the input, 4 KiB of standard error; who
// writes faster than lines are taken waits in his pipe.
class RunningAttempt {
 public:
  // `marks` are the entries "NAME=value" that every process of this attempt has in its environment and no other.
  // `log` takes what it prints, if there is one; `file` is kept until its end.
  RunningAttempt(RunSpec run, std::vector<std::string> marks, Launched launched, std::optional<AttemptLog> log,
                 std::optional<AttemptFile> file);

  [[nodiscard]] const AttemptKey& key() const { return run_.key; }

  static constexpr std::size_t kEntries = 4;
  using Entries = std::array<pollfd, kEntries>;
  // What to wait for.
  [[nodiscard]] Entries entries() const;
  // Does what poll found possible; reads at most 64 KiB, so that each of many attempts has its turn.
  void service(std::span<const pollfd, kEntries> ready, const LineSplitter::OnLine& on_line);

  void stop(Millis grace);
  // Stops it, at once unless it is within a grace period; the end may take no more than a second behind that.
  void hurry();
  // When tick() has something to do next.
  [[nodiscard]] std::optional<MonotonicTime> next_deadline() const;
  // Kills a supervisor that does not end in time.
  void tick();

  // The supervisor has ended, or cannot be ended even by SIGKILL.
  [[nodiscard]] bool is_over() const;
  // Call once, when it is over. Kills what a dead supervisor could not, gives the last lines and reaps. Takes some ms,
  // and a second at most.
  [[nodiscard]] Outcome finish(const LineSplitter::OnLine& on_line);

 private:
  bool read_output(const LineSplitter::OnLine& on_line);
  bool read_error(const LineSplitter::OnLine& on_line);
  void write_input();
  [[nodiscard]] Status kill_orphans() const;
  [[nodiscard]] std::string reap_supervisor() const;
  [[nodiscard]] MonotonicTime give_up_at() const;

  RunSpec run_;
  std::vector<std::string> marks_;
  Launched launched_;
  std::optional<AttemptLog> log_;
  std::optional<AttemptFile> file_;
  LineSplitter lines_;
  LineSplitter error_lines_;
  std::size_t input_written_ = 0;
  std::string error_tail_;
  std::optional<MonotonicTime> kill_at_;    // set by stop()
  std::optional<MonotonicTime> killed_at_;  // when the supervisor itself was killed
  bool has_ended_ = false;
  bool is_hurried_ = false;
};

}  // namespace krige::tuner
