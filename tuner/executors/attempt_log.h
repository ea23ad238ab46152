// What attempts print, in files: FOLDER/STUDY/TRIAL-ATTEMPT.log, standard output and error as they come.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "tuner/executors/executor.h"

namespace krige::tuner {

[[nodiscard]] std::string attempt_log_path(const std::string& folder, const AttemptKey& key);

// Writes one log. A log that grows beyond its limit loses its beginning, as a hole in the file: what is kept stays at
// its offset, and the disk holds no more than the limit. For one thread.
class AttemptLog {
 public:
  // Makes the folders it needs, for their owner only. An attempt that runs again under the same key goes on behind.
  static Result<AttemptLog> open(const std::string& folder, const AttemptKey& key, std::uint64_t limit_bytes);

  // A disk that is full must not end the attempt: what cannot be written is left out.
  void append(std::string_view text);

 private:
  AttemptLog(UniqueFd file, std::uint64_t size, std::uint64_t limit_bytes)
      : file_(std::move(file)), size_(size), limit_(limit_bytes) {}
  void drop_beginning();

  UniqueFd file_;
  std::uint64_t size_;
  std::uint64_t begin_ = 0;  // of what is kept
  std::uint64_t limit_;
};

struct LogPart {
  std::string text;
  std::uint64_t offset = 0;  // where it begins
  std::uint64_t size = 0;    // of the whole log now: what comes next is there
};
// At most `limit_bytes` from `offset` on, or from the beginning of what is kept. not_found: there is no such log.
[[nodiscard]] Result<LogPart> read_log(const std::string& path, std::uint64_t offset, std::size_t limit_bytes);
// The last `bytes`, from the beginning of a line where there is one.
[[nodiscard]] Result<LogPart> read_log_tail(const std::string& path, std::size_t bytes);

}  // namespace krige::tuner
