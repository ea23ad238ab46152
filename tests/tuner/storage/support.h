// Folders and child processes for the storage tests.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>

#include "base/fd.h"

namespace krige::tuner {

inline constexpr std::chrono::seconds kPatience{20};  // a test that waits longer has failed

// Removed with all it holds at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  [[nodiscard]] std::string file(const std::string& name) const { return (path_ / name).string(); }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// A forked process that runs `work` and ends; killed and reaped at the end of the test at the latest.
class Child {
 public:
  // `work` gets the write end of a pipe whose read end is out(), and the read end of one that closes with the Child.
  explicit Child(const std::function<void(int out, int until_closed)>& work);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  [[nodiscard]] pid_t pid() const { return pid_; }
  void kill();
  // The next number that the child wrote; nullopt at its end or after kPatience.
  std::optional<std::uint64_t> read_number();

 private:
  pid_t pid_ = -1;
  UniqueFd out_;
  UniqueFd hold_;
};
void write_number(int fd, std::uint64_t number);
// Returns when the other end is closed.
void wait_until_closed(int fd);

}  // namespace krige::tuner
