#include "tuner/storage/store_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>

namespace krige::tuner {
namespace {

std::string holder_of(int file) {
  char text[32];
  const ssize_t got = ::pread(file, text, sizeof text, 0);
  long pid = 0;
  if (got <= 0 || std::from_chars(text, text + got, pid).ec != std::errc() || pid <= 0) return "another process";
  return fmt::format("process {}", pid);
}

}  // namespace

Result<StoreLock> StoreLock::acquire(const std::string& store) {
  const std::string path = store + ".lock";
  UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file) return fail_errno(errno, fmt::format("cannot open {}", path));
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK)
      return fail(ErrorCode::conflict, fmt::format("{} is in use by {}", store, holder_of(file.get())));
    return fail_errno(errno, fmt::format("cannot lock {}", path));
  }
  // The pid only serves the error above: on a full disk the lock holds without it.
  const std::string pid = fmt::format("{}\n", ::getpid());
  if (::ftruncate(file.get(), 0) == 0) static_cast<void>(write_all(file.get(), pid));
  return StoreLock(std::move(file));
}

}  // namespace krige::tuner
