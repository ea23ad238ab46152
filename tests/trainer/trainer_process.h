// krige-trainer as a user runs it: a coordinator process, its members found by a mark in their environment.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "tests/support/processes.h"

namespace krige::trainer {

class TrainerProcess {
 public:
  // Starts `krige-trainer coordinator --job -` with further arguments; the job (JSON) goes to its standard input. It
  // runs in an empty folder of its own.
  explicit TrainerProcess(const std::string& job, const std::vector<std::string>& arguments = {});
  // Kills what is left and removes the folder.
  ~TrainerProcess();
  TrainerProcess(const TrainerProcess&) = delete;
  TrainerProcess& operator=(const TrainerProcess&) = delete;

  [[nodiscard]] pid_t pid() const { return pid_; }
  // The next line of standard output and of standard error; nullopt at the end, or after krige::testing::kPatience.
  [[nodiscard]] std::optional<std::string> next_record() { return testing::read_line(out_.read.get()); }
  [[nodiscard]] std::optional<std::string> next_log() { return testing::read_line(err_.read.get()); }
  void stop_reading_records() { out_.read.reset(); }

  // Pids of the members of a role, "worker" or "shard".
  [[nodiscard]] std::vector<pid_t> members(const std::string& role) const;
  // All that runs of this training, the coordinator included.
  [[nodiscard]] std::vector<pid_t> running() const { return testing::running_with(mark_); }

  struct Outcome {
    int exit_code = -1;  // −signal if one killed it
    std::vector<std::string> records;
    std::string log;
    std::vector<pid_t> left;         // what still runs
    std::vector<std::string> files;  // what lies in its folder
  };
  // Reads to the end of both outputs and waits. exit_code −1000: it has not ended in time.
  [[nodiscard]] Outcome finish();

 private:
  pid_t pid_ = -1;
  std::string mark_;
  std::string folder_;
  std::string cache_folder_;  // of the data, beside it
  Pipe out_;
  Pipe err_;
};

// Runs a job to its end.
[[nodiscard]] TrainerProcess::Outcome train(const std::string& job, const std::vector<std::string>& arguments = {});

// A job (JSON) on one of the example data sets; `more` are further fields, as R"("epochs": 3)".
[[nodiscard]] std::string digits_job(const std::string& more);
[[nodiscard]] std::string breast_cancer_job(const std::string& more);
[[nodiscard]] std::string diabetes_job(const std::string& more);

}  // namespace krige::trainer
