#include "tests/tuner/storage/support.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "base/ids.h"

namespace krige::tuner {

TemporaryFolder::TemporaryFolder() : path_(std::filesystem::temp_directory_path() / ("krige-store-" + random_id(10))) {
  std::filesystem::create_directory(path_);
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

Child::Child(const std::function<void(int, int)>& work) {
  Pipe out = make_pipe().value();
  Pipe hold = make_pipe().value();
  pid_ = ::fork();
  if (pid_ == 0) {
    hold.write.reset();
    out.read.reset();
    work(out.write.get(), hold.read.get());
    ::_exit(0);
  }
  EXPECT_GT(pid_, 0) << std::strerror(errno);
  out_ = std::move(out.read);
  hold_ = std::move(hold.write);
}

Child::~Child() { kill(); }

void Child::kill() {
  if (pid_ <= 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = -1;
}

std::optional<std::uint64_t> Child::read_number() {
  pollfd ready{out_.get(), POLLIN, 0};
  const int patience = static_cast<int>(std::chrono::milliseconds(kPatience).count());
  if (::poll(&ready, 1, patience) != 1) return std::nullopt;
  // Less than PIPE_BUF is written as a whole.
  std::uint64_t number = 0;
  if (::read(out_.get(), &number, sizeof number) != sizeof number) return std::nullopt;
  return number;
}

void write_number(int fd, std::uint64_t number) {
  char bytes[sizeof number];
  std::memcpy(bytes, &number, sizeof number);
  if (!write_all(fd, std::string_view(bytes, sizeof bytes))) ::_exit(1);
}

void wait_until_closed(int fd) {
  char byte;
  static_cast<void>(::read(fd, &byte, 1));
}

}  // namespace krige::tuner
