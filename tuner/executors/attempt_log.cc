#include "tuner/executors/attempt_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace krige::tuner {
namespace {

namespace fs = std::filesystem;

// Holes are whole blocks; a part of a block would only be zeroed.
constexpr std::uint64_t kBlock = 4096;

struct OpenLog {
  UniqueFd file;
  std::uint64_t begin = 0;  // of the data behind the hole, if there is one
  std::uint64_t size = 0;
};

Result<OpenLog> open_log(const std::string& path) {
  OpenLog log;
  log.file = UniqueFd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!log.file && (errno == ENOENT || errno == ENOTDIR))
    return fail(ErrorCode::not_found, "the attempt left no log here");
  struct stat about {};
  if (!log.file || ::fstat(log.file.get(), &about) != 0) return fail_errno(errno, fmt::format("cannot read {}", path));
  log.size = static_cast<std::uint64_t>(about.st_size);
  // Fails at the end of an empty file; where holes are unknown, all is data.
  const off_t data = ::lseek(log.file.get(), 0, SEEK_DATA);
  log.begin = data < 0 ? 0 : std::min(static_cast<std::uint64_t>(data), log.size);
  return log;
}

Result<LogPart> read_part(const OpenLog& log, std::uint64_t offset, std::size_t limit_bytes) {
  LogPart part{{}, std::clamp(offset, log.begin, log.size), log.size};
  part.text.resize(std::min<std::uint64_t>(limit_bytes, log.size - part.offset));
  std::size_t filled = 0;
  while (filled < part.text.size()) {
    const ssize_t got = ::pread(log.file.get(), part.text.data() + filled, part.text.size() - filled,
                                static_cast<off_t>(part.offset + filled));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "cannot read a log");
    if (got == 0) break;
    filled += static_cast<std::size_t>(got);
  }
  part.text.resize(filled);
  return part;
}

}  // namespace

std::string attempt_log_path(const std::string& folder, const AttemptKey& key) {
  return fmt::format("{}/{}/{}-{}.log", folder, key.study, key.trial, key.attempt);
}

Result<AttemptLog> AttemptLog::open(const std::string& folder, const AttemptKey& key, std::uint64_t limit_bytes) {
  const std::string path = attempt_log_path(folder, key);
  std::error_code error;
  for (const fs::path& needed : {fs::path(folder), fs::path(path).parent_path()})
    if (fs::create_directories(needed, error)) fs::permissions(needed, fs::perms::owner_all, error);
  UniqueFd file(::open(path.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  struct stat about {};
  if (!file || ::fstat(file.get(), &about) != 0) return fail_errno(errno, fmt::format("cannot open {}", path));
  return AttemptLog(std::move(file), static_cast<std::uint64_t>(about.st_size), std::max(limit_bytes, 4 * kBlock));
}

void AttemptLog::append(std::string_view text) {
  if (!file_ || !write_all(file_.get(), text)) return;
  size_ += text.size();
  if (size_ - begin_ > limit_) drop_beginning();
}

// To half of the limit, so that it is done once in a while.
void AttemptLog::drop_beginning() {
  const std::uint64_t end = (size_ - limit_ / 2) / kBlock * kBlock;
  if (::fallocate(file_.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, static_cast<off_t>(end)) == 0) {
    begin_ = end;
    return;
  }
  // A file system without holes keeps the beginning instead.
  [[maybe_unused]] const Status told = write_all(file_.get(), "\n[the log has reached its limit and ends here]\n");
  file_.reset();
}

Result<LogPart> read_log(const std::string& path, std::uint64_t offset, std::size_t limit_bytes) {
  KRIGE_TRY(const OpenLog log, open_log(path));
  return read_part(log, offset, limit_bytes);
}

Result<LogPart> read_log_tail(const std::string& path, std::size_t bytes) {
  KRIGE_TRY(const OpenLog log, open_log(path));
  const std::uint64_t begin = log.size - std::min<std::uint64_t>(bytes, log.size);
  // With the byte before, which tells whether a line begins here.
  const std::uint64_t from = begin > log.begin ? begin - 1 : log.begin;
  KRIGE_TRY(LogPart part, read_part(log, from, log.size - std::min(from, log.size)));
  if (begin <= log.begin && log.begin == 0) return part;
  const auto newline = part.text.find('\n');
  const std::size_t skipped = newline != std::string::npos && newline + 1 < part.text.size() ? newline + 1
                              : begin > log.begin                                            ? 1
                                                                                             : 0;
  part.text.erase(0, skipped);
  part.offset += skipped;
  return part;
}

}  // namespace krige::tuner
