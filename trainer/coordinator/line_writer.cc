#include "trainer/coordinator/line_writer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace krige::trainer {

Status LineWriter::put(std::string_view line) {
  waiting_ += line;
  waiting_ += '\n';
  return flush();
}

// A pipe that polls as writable takes PIPE_BUF bytes without blocking.
Status LineWriter::flush() {
  while (!waiting_.empty()) {
    pollfd writable{fd_, POLLOUT, 0};
    if (::poll(&writable, 1, 0) <= 0) return {};
    const ssize_t put = ::write(fd_, waiting_.data(), std::min<std::size_t>(waiting_.size(), PIPE_BUF));
    if (put < 0 && (errno == EINTR || errno == EAGAIN)) return {};
    if (put < 0) return fail_errno(errno, "cannot write the records");
    waiting_.erase(0, static_cast<std::size_t>(put));
  }
  return {};
}

}  // namespace krige::trainer
