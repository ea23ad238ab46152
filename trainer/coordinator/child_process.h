// A child process with an owner: it never outlives the object that started it.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/error.h"

namespace krige::trainer {

class ChildProcess {
 public:
  // Starts `program` with `arguments` (without argv[0]); of the descriptors it inherits 2 and those listed, under their
  // numbers. Standard input is empty, standard output goes to 2. The kernel kills it when the thread that called this
  // ends. io: no process, no memory.
  [[nodiscard]] static Result<ChildProcess> start(const std::string& program, const std::vector<std::string>& arguments,
                                                  const std::vector<int>& inherited);
  ChildProcess(ChildProcess&& other) noexcept : pid_(std::exchange(other.pid_, -1)), status_(other.status_) {}
  ChildProcess& operator=(ChildProcess&&) = delete;
  // Kills it and waits, at most kKillDeadline.
  ~ChildProcess();

  [[nodiscard]] pid_t pid() const { return pid_; }
  void kill();
  // The wait status, once it has ended; does not wait.
  [[nodiscard]] std::optional<int> ended();

  static constexpr Millis kKillDeadline{2000};

 private:
  explicit ChildProcess(pid_t pid) : pid_(pid) {}

  pid_t pid_;
  std::optional<int> status_;
};

// "was killed by signal 9", "exited with code 3".
[[nodiscard]] std::string describe_exit(int wait_status);

}  // namespace krige::trainer
