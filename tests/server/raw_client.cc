#include "tests/server/raw_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>

namespace krige::server {
namespace {

using Clock = std::chrono::steady_clock;

bool wait_for(int fd, short what, Clock::time_point end) {
  pollfd waited{fd, what, 0};
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
  return left > 0 && ::poll(&waited, 1, static_cast<int>(left)) > 0;
}

}  // namespace

RawClient::RawClient(int port, int receive_buffer_bytes) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  if (receive_buffer_bytes > 0)
    ::setsockopt(fd(), SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof receive_buffer_bytes);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  if (::connect(fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) closed_ = true;
}

bool RawClient::send(std::string_view bytes) {
  const auto end = Clock::now() + kDeadline;
  while (!bytes.empty()) {
    const ssize_t sent = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    } else if (errno != EAGAIN || !wait_for(fd(), POLLOUT, end)) {
      return false;
    }
  }
  return true;
}

bool RawClient::fill(Clock::time_point end) {
  if (closed_ || !wait_for(fd(), POLLIN, end)) return false;
  std::array<char, 1 << 16> buffer;
  const ssize_t got = ::recv(fd(), buffer.data(), buffer.size(), 0);
  if (got <= 0) {
    closed_ = true;
    return false;
  }
  input_.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

std::string RawClient::read_until(std::string_view end) {
  const auto deadline = Clock::now() + kDeadline;
  while (input_.find(end) == std::string::npos && fill(deadline)) {
  }
  const auto found = input_.find(end);
  const std::size_t size = found == std::string::npos ? input_.size() : found + end.size();
  std::string taken = input_.substr(0, size);
  input_.erase(0, size);
  return taken;
}

std::string RawClient::read_all() {
  const auto deadline = Clock::now() + kDeadline;
  while (fill(deadline)) {
  }
  return std::exchange(input_, {});
}

std::string RawClient::read_bytes(std::size_t count) {
  const auto deadline = Clock::now() + kDeadline;
  while (input_.size() < count && fill(deadline)) {
  }
  std::string taken = input_.substr(0, count);
  input_.erase(0, count);
  return taken;
}

std::string RawClient::read_answer() {
  constexpr std::string_view kLength = "Content-Length: ";
  std::string answer = read_until("\r\n\r\n");
  std::size_t length = 0;
  if (const auto at = answer.find(kLength); at != std::string::npos)
    std::from_chars(answer.data() + at + kLength.size(), answer.data() + answer.size(), length);
  return answer + read_bytes(length);
}

void RawClient::half_close() { ::shutdown(fd(), SHUT_WR); }

}  // namespace krige::server
