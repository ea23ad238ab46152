#include "base/fd.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace krige {

void UniqueFd::reset() {
  if (fd_ >= 0) ::close(fd_);
  fd_ = -1;
}

Result<Pipe> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "cannot make a pipe");
  return Pipe{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

Result<std::string> read_file(const std::string& path, std::size_t limit_bytes) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return fail_errno(errno, fmt::format("cannot open {}", path));
  std::string content;
  char buffer[1 << 16];
  while (true) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, fmt::format("cannot read {}", path));
    if (got == 0) return content;
    content.append(buffer, static_cast<std::size_t>(got));
    if (content.size() > limit_bytes)
      return fail(ErrorCode::payload_too_large, fmt::format("{} is larger than {} bytes", path, limit_bytes));
  }
}

Status write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t put = ::write(fd, content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) return fail_errno(errno, "cannot write");
    content.remove_prefix(static_cast<std::size_t>(put));
  }
  return {};
}

namespace {

std::string folder_of(const std::string& path) {
  const std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

}  // namespace

Status give_to_owner_of_folder(int fd, const std::string& path) {
  struct stat folder {};
  if (::geteuid() != 0) return {};
  if (::stat(folder_of(path).c_str(), &folder) != 0 || ::fchown(fd, folder.st_uid, folder.st_gid) != 0)
    return fail_errno(errno, fmt::format("cannot give {} to the owner of its folder", path));
  return {};
}

namespace {

Status write_aside_and_rename(const std::string& path, std::string_view content, unsigned mode, FileOwner owner,
                              bool sync) {
  const std::string aside = fmt::format("{}.{}.tmp", path, ::getpid());
  {
    // Made here: what somebody else has put in its place, as a link to another file, is neither written nor given away.
    ::unlink(aside.c_str());
    const UniqueFd file(::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!file) return fail_errno(errno, fmt::format("cannot create {}", aside));
    Status written = write_all(file.get(), content);
    if (written && owner == FileOwner::owner_of_folder) written = give_to_owner_of_folder(file.get(), aside);
    if (written && sync && ::fsync(file.get()) != 0) written = fail_errno(errno, fmt::format("cannot sync {}", aside));
    if (!written) {
      ::unlink(aside.c_str());
      return written;
    }
  }
  if (::rename(aside.c_str(), path.c_str()) == 0) return {};
  const int err = errno;
  ::unlink(aside.c_str());
  return fail_errno(err, fmt::format("cannot rename {} to {}", aside, path));
}

}  // namespace

Status replace_file(const std::string& path, std::string_view content, unsigned mode) {
  return write_aside_and_rename(path, content, mode, FileOwner::maker, false);
}

Status write_file_atomically(const std::string& path, std::string_view content, unsigned mode, FileOwner owner) {
  KRIGE_CHECK(write_aside_and_rename(path, content, mode, owner, true));
  const std::string folder = folder_of(path);
  const UniqueFd directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory && ::fsync(directory.get()) != 0) return fail_errno(errno, fmt::format("cannot sync {}", folder));
  return {};
}

}  // namespace krige
