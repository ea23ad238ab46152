// Owned file descriptors. Every descriptor made here is close-on-exec.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace krige {

class UniqueFd {
 public:
  UniqueFd() = default;
  explicit UniqueFd(int fd) : fd_(fd) {}
  UniqueFd(UniqueFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  UniqueFd& operator=(UniqueFd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  ~UniqueFd() { reset(); }

  [[nodiscard]] int get() const { return fd_; }
  [[nodiscard]] explicit operator bool() const { return fd_ >= 0; }
  [[nodiscard]] int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

struct Pipe {
  UniqueFd read;
  UniqueFd write;
};
[[nodiscard]] Result<Pipe> make_pipe();

// The whole of a regular file, at most `limit_bytes`; longer is an error.
[[nodiscard]] Result<std::string> read_file(const std::string& path, std::size_t limit_bytes = std::size_t{64} << 20);
// Whose a file is that root makes: his own, or that of whom its folder belongs to, who may be somebody else. For others
// the two are the same.
enum class FileOwner { maker, owner_of_folder };

// Gives a file that the caller has just made at `path` to the owner of its folder, where the caller is root.
[[nodiscard]] Status give_to_owner_of_folder(int fd, const std::string& path);

// Writes beside `path`, fsyncs and renames: a reader sees the old or the new content, never a part.
[[nodiscard]] Status write_file_atomically(const std::string& path, std::string_view content, unsigned mode = 0644,
                                           FileOwner owner = FileOwner::maker);
// The same without waiting for the disk: after a loss of power the file may be empty. For what is written often.
[[nodiscard]] Status replace_file(const std::string& path, std::string_view content, unsigned mode = 0644);
// Writes all bytes, however many calls it takes.
[[nodiscard]] Status write_all(int fd, std::string_view content);

}  // namespace krige
