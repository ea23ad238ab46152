#include "server/http/connection.h"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <memory>

namespace krige::server {
namespace {

constexpr int kBacklog = 256;
constexpr std::size_t kReceiveBytes = std::size_t{64} << 10;

struct Address {
  sockaddr_storage storage{};
  socklen_t size = sizeof(sockaddr_storage);
  [[nodiscard]] const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

int port_of(const Address& address) {
  return address.storage.ss_family == AF_INET6
             ? ntohs(reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_port)
             : ntohs(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_port);
}

bool is_loopback(const Address& address) {
  if (address.storage.ss_family == AF_INET6)
    return IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<const sockaddr_in6*>(&address.storage)->sin6_addr);
  return ntohl(reinterpret_cast<const sockaddr_in*>(&address.storage)->sin_addr.s_addr) >> 24 == 127;
}

// Empty where it cannot be told.
std::string peer_of(int fd) {
  Address peer;
  if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer.storage), &peer.size) != 0) return {};
  if (peer.storage.ss_family == AF_INET6) {
    in6_addr& address = reinterpret_cast<sockaddr_in6*>(&peer.storage)->sin6_addr;
    if (!IN6_IS_ADDR_V4MAPPED(&address)) std::fill(std::begin(address.s6_addr) + 8, std::end(address.s6_addr), 0);
  }
  std::array<char, NI_MAXHOST> text{};
  const int failed = ::getnameinfo(peer.get(), peer.size, text.data(), text.size(), nullptr, 0, NI_NUMERICHOST);
  return failed == 0 ? text.data() : "";
}

}  // namespace

Connection::Connection(UniqueFd fd, const FramingLimits& limits, std::unique_ptr<TlsSession> tls)
    : framer(limits), fd_(std::move(fd)), address_(peer_of(fd_.get())), limits_(limits), tls_(std::move(tls)) {}

Result<Listener> listen_on(const std::string& host, int port) {
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  const std::string name = bracketed ? host.substr(1, host.size() - 2) : host;
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (const int error = ::getaddrinfo(name.c_str(), std::to_string(port).c_str(), &hints, &found); error != 0)
    return fail(ErrorCode::invalid_argument, fmt::format("cannot resolve {}: {}", host, ::gai_strerror(error)),
                "listen");
  const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(found, ::freeaddrinfo);

  int error = 0;
  for (const addrinfo* candidate = found; candidate != nullptr; candidate = candidate->ai_next) {
    UniqueFd fd(::socket(candidate->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    // Not SO_REUSEPORT, as the library sets it: with it, two servers share a port without noticing.
    if (fd && ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        ::bind(fd.get(), candidate->ai_addr, candidate->ai_addrlen) == 0 && ::listen(fd.get(), kBacklog) == 0) {
      Address bound;
      if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&bound.storage), &bound.size) == 0)
        return Listener{std::move(fd), port_of(bound), is_loopback(bound)};
    }
    error = errno;
  }
  return fail_errno(error, fmt::format("cannot listen on {}:{}", host, port));
}

Connection::Received Connection::receive() {
  if (tls_) return receive_encrypted();
  std::array<char, kReceiveBytes> buffer;
  while (true) {
    const ssize_t got = ::recv(fd(), buffer.data(), buffer.size(), 0);
    if (got > 0) {
      input_.append(buffer.data(), static_cast<std::size_t>(got));
      return Received::some;
    }
    if (got == 0) return Received::end;
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Received::nothing_yet;
    if (errno != EINTR) return Received::end;
  }
}

Connection::Received Connection::receive_encrypted() {
  std::array<char, kReceiveBytes> buffer;
  const TlsSession::Step step = tls_->read(buffer);
  receives_when_writable_ = step.state == TlsSession::State::wants_write;
  switch (step.state) {
    case TlsSession::State::done:
      input_.append(buffer.data(), step.bytes);
      return Received::some;
    case TlsSession::State::wants_read:
    case TlsSession::State::wants_write:
      return Received::nothing_yet;
    case TlsSession::State::ended:
      break;
  }
  return Received::end;
}

void Connection::finish_sending() {
  if (tls_) tls_->finish();
  ::shutdown(fd(), SHUT_WR);
}

void Connection::next_request() {
  input_.erase(0, framer.size());
  if (input_.empty()) input_.shrink_to_fit();
  framer = RequestFramer(limits_);
  gone = std::stop_source();
  phase = Phase::reading;
}

std::optional<Connection::Sent> Connection::send_some(std::string_view bytes) {
  if (tls_) {
    const TlsSession::Step step = tls_->write(bytes);
    if (step.state == TlsSession::State::ended) return std::nullopt;
    if (step.state == TlsSession::State::done) return Sent{step.bytes, 0};
    return Sent{0, static_cast<short>(step.state == TlsSession::State::wants_read ? POLLIN : POLLOUT)};
  }
  while (true) {
    const ssize_t sent = ::send(fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) return Sent{static_cast<std::size_t>(sent), 0};
    if (errno == EAGAIN || errno == EWOULDBLOCK) return Sent{0, POLLOUT};
    if (errno != EINTR) return std::nullopt;
  }
}

bool Connection::send(std::string_view bytes, Millis timeout) {
  const MonotonicTime end = std::chrono::steady_clock::now() + timeout;
  while (!bytes.empty()) {
    const std::optional<Sent> sent = send_some(bytes);
    if (!sent) return false;
    bytes.remove_prefix(sent->bytes);
    if (sent->wait_for == 0) continue;
    const auto left = std::chrono::ceil<Millis>(end - std::chrono::steady_clock::now());
    if (left <= Millis(0)) return false;
    pollfd waited{fd(), sent->wait_for, 0};
    if (::poll(&waited, 1, static_cast<int>(left.count())) < 0 && errno != EINTR) return false;
  }
  return true;
}

}  // namespace krige::server
