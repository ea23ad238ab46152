#include "tuner/executors/attempt_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/fd.h"

namespace krige::tuner {

Result<AttemptFile> AttemptFile::make(std::string path, std::string_view content) {
  const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
  if (!fd) return fail_errno(errno, fmt::format("cannot make {}", path));
  AttemptFile file(std::move(path));
  KRIGE_CHECK(write_all(fd.get(), content));
  return file;
}

AttemptFile::AttemptFile(AttemptFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}

AttemptFile::~AttemptFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace krige::tuner
