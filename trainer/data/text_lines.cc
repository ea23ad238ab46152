#include "trainer/data/text_lines.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <zlib.h>

#include <cerrno>

#include "base/fd.h"

namespace krige::trainer {
namespace {

constexpr std::size_t kChunkBytes = 1 << 20;
constexpr std::size_t kMaxLineBytes = 16 << 20;

gzFile as_gz(void* file) { return static_cast<gzFile>(file); }

}  // namespace

void TextLines::Close::operator()(void* file) const { ::gzclose(as_gz(file)); }

Result<TextLines> TextLines::open(const std::string& path) {
  UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file && errno == ENOENT) return fail(ErrorCode::not_found, fmt::format("{}: there is no such file", path));
  if (!file) return fail_errno(errno, fmt::format("cannot open {}", path));
  struct stat status {};
  if (::fstat(file.get(), &status) == 0 && S_ISDIR(status.st_mode))
    return fail(ErrorCode::invalid_argument, fmt::format("{}: is a directory", path));
  gzFile stream = ::gzdopen(file.get(), "rb");
  if (stream == nullptr) return fail(ErrorCode::io, fmt::format("cannot read {}", path));
  [[maybe_unused]] const int owned_by_stream = file.release();
  ::gzbuffer(stream, 1 << 17);
  return TextLines(path, stream);
}

Status TextLines::fill() {
  buffer_.erase(0, begin_);
  begin_ = 0;
  if (buffer_.size() > kMaxLineBytes)
    return fail(ErrorCode::invalid_argument,
                fmt::format("{}:{}: the line is longer than {} bytes", path_, number_ + 1, kMaxLineBytes));
  const std::size_t old = buffer_.size();
  buffer_.resize(old + kChunkBytes);
  const int got = ::gzread(as_gz(file_.get()), buffer_.data() + old, static_cast<unsigned>(kChunkBytes));
  int code = Z_OK;
  const char* reason = ::gzerror(as_gz(file_.get()), &code);
  if (got < 0 || code == Z_BUF_ERROR)
    return fail(ErrorCode::corrupt, fmt::format("{}: {}", path_, code == Z_BUF_ERROR ? "ends too early" : reason));
  buffer_.resize(old + static_cast<std::size_t>(got));
  at_end_ = got == 0;
  return {};
}

Result<std::optional<std::string_view>> TextLines::next() {
  std::size_t searched = begin_;
  std::size_t end = buffer_.find('\n', searched);
  while (end == std::string::npos && !at_end_) {
    searched = buffer_.size() - begin_;
    KRIGE_CHECK(fill());
    end = buffer_.find('\n', searched);
  }
  if (end == std::string::npos && begin_ == buffer_.size()) return std::nullopt;
  ++number_;
  std::string_view line(buffer_);
  line = line.substr(begin_, end == std::string::npos ? end : end - begin_);
  begin_ = end == std::string::npos ? buffer_.size() : end + 1;
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace krige::trainer
