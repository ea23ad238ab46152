#include "tests/trainer/trainer_process.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

#include "base/ids.h"

namespace krige::trainer {
namespace {

// Adds what comes from `fd` to `text` until its end. False at the deadline.
bool drain(std::vector<std::pair<int, std::string*>> sources, MonotonicTime deadline) {
  while (!sources.empty()) {
    std::vector<pollfd> entries;
    for (const auto& [fd, text] : sources) entries.push_back({fd, POLLIN, 0});
    const auto left = std::chrono::ceil<Millis>(deadline - system_clock().now()).count();
    if (left <= 0 || ::poll(entries.data(), entries.size(), static_cast<int>(left)) <= 0) return false;
    for (std::size_t i = entries.size(); i-- > 0;) {
      if (entries[i].revents == 0) continue;
      char buffer[1 << 14];
      const ssize_t got = ::read(entries[i].fd, buffer, sizeof buffer);
      if (got > 0)
        sources[i].second->append(buffer, static_cast<std::size_t>(got));
      else
        sources.erase(sources.begin() + static_cast<std::ptrdiff_t>(i));
    }
  }
  return true;
}

// The linear job trains on all rows, as its reference does.
std::string job_on(const std::string& model, const std::string& file, const std::string& label,
                   const std::string& more) {
  return fmt::format(
      R"({{"model": "{}", "data": {{"path": "{}/examples/data/{}", "label": "{}", "validation": {}}}, {}}})", model,
      KRIGE_SOURCE_DIR, file, label, model == "linear" ? 0.0 : 0.25, more);
}

}  // namespace

TrainerProcess::TrainerProcess(const std::string& job, const std::vector<std::string>& arguments)
    : mark_("KRIGE_TRAINER_TEST=" + random_id(16)),
      folder_(::testing::TempDir() + "/krige_trainer_" + random_id(16)),
      cache_folder_(folder_ + "_cache"),
      out_(make_pipe().value()),
      err_(make_pipe().value()) {
  std::filesystem::create_directory(folder_);
  Pipe in = make_pipe().value();
  const std::string program = testing::program("krige-trainer");
  std::vector<std::string> all{program, "coordinator", "--job", "-"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  for (std::string& argument : all) argv.push_back(argument.data());
  argv.push_back(nullptr);
  const std::string temporary = "TMPDIR=" + folder_;
  const std::string cache = "KRIGE_CACHE_DIR=" + cache_folder_;
  pid_ = ::fork();
  if (pid_ == 0) {
    ::dup2(in.read.get(), STDIN_FILENO);
    ::dup2(out_.write.get(), STDOUT_FILENO);
    ::dup2(err_.write.get(), STDERR_FILENO);
    char* environment[] = {const_cast<char*>(mark_.c_str()), const_cast<char*>(temporary.c_str()),
                           const_cast<char*>(cache.c_str()), nullptr};
    // As under a careless parent: the trainer must set right what it needs.
    ::signal(SIGCHLD, SIG_IGN);
    if (::chdir(folder_.c_str()) == 0) ::execve(program.c_str(), argv.data(), environment);
    ::_exit(127);
  }
  out_.write.reset();
  err_.write.reset();
  EXPECT_TRUE(write_all(in.write.get(), job));
}

TrainerProcess::~TrainerProcess() {
  for (const pid_t pid : running()) ::kill(pid, SIGKILL);
  if (pid_ > 0) ::waitpid(pid_, nullptr, 0);
  std::filesystem::remove_all(folder_);
  std::filesystem::remove_all(cache_folder_);
}

std::vector<pid_t> TrainerProcess::members(const std::string& role) const {
  std::vector<pid_t> found;
  for (const pid_t pid : running()) {
    const std::string arguments = read_file(fmt::format("/proc/{}/cmdline", pid)).value_or("");
    if (arguments.find('\0' + role + '\0') != std::string::npos) found.push_back(pid);
  }
  return found;
}

TrainerProcess::Outcome TrainerProcess::finish() {
  const MonotonicTime deadline = system_clock().now() + testing::kPatience;
  Outcome outcome;
  std::string records;
  std::vector<std::pair<int, std::string*>> sources{{err_.read.get(), &outcome.log}};
  if (out_.read) sources.emplace_back(out_.read.get(), &records);
  const bool ended = drain(sources, deadline) && testing::wait_until_gone(pid_);
  for (std::size_t at = 0; at < records.size();) {
    const std::size_t end = std::min(records.find('\n', at), records.size());
    outcome.records.push_back(records.substr(at, end - at));
    at = end + 1;
  }
  if (!ended) {
    outcome.exit_code = -1000;
    return outcome;
  }
  int status = 0;
  ::waitpid(std::exchange(pid_, -1), &status, 0);
  outcome.exit_code = WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
  // Members that the kernel is ending just now: both outputs are closed, so only their last instant is left.
  for (const pid_t pid : running())
    if (!testing::wait_until_gone(pid)) outcome.left.push_back(pid);
  for (const auto& entry : std::filesystem::directory_iterator(folder_))
    outcome.files.push_back(entry.path().filename());
  return outcome;
}

TrainerProcess::Outcome train(const std::string& job, const std::vector<std::string>& arguments) {
  return TrainerProcess(job, arguments).finish();
}

std::string digits_job(const std::string& more) { return job_on("mlp", "digits.csv.gz", "digit", more); }
std::string breast_cancer_job(const std::string& more) {
  return job_on("logistic", "breast_cancer.csv", "diagnosis", more);
}
std::string diabetes_job(const std::string& more) { return job_on("linear", "diabetes.csv", "progression", more); }

}  // namespace krige::trainer
