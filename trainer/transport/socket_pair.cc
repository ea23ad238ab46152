#include "trainer/transport/socket_pair.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <cerrno>

namespace krige::trainer {
namespace {

constexpr int kAcceptTimeoutMs = 5000;

sockaddr* generic(sockaddr_in& address) { return reinterpret_cast<sockaddr*>(&address); }

Result<UniqueFd> tcp_socket() {
  UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket) return fail_errno(errno, "cannot make a TCP socket");
  return socket;
}

void send_at_once(const UniqueFd& socket) {
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

Result<SocketPair> tcp_pair() {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  KRIGE_TRY(const UniqueFd listener, tcp_socket());
  if (::bind(listener.get(), generic(address), size) != 0 || ::listen(listener.get(), 8) != 0 ||
      ::getsockname(listener.get(), generic(address), &size) != 0)
    return fail_errno(errno, "cannot listen on the loopback");
  KRIGE_TRY(UniqueFd first, tcp_socket());
  if (::connect(first.get(), generic(address), sizeof address) != 0)
    return fail_errno(errno, "cannot connect over the loopback");
  sockaddr_in own{};
  size = sizeof own;
  if (::getsockname(first.get(), generic(own), &size) != 0) return fail_errno(errno, "cannot name a socket");
  while (true) {
    pollfd waiting{listener.get(), POLLIN, 0};
    if (::poll(&waiting, 1, kAcceptTimeoutMs) <= 0) return fail(ErrorCode::timeout, "the loopback does not connect");
    sockaddr_in peer{};
    size = sizeof peer;
    UniqueFd second(::accept4(listener.get(), generic(peer), &size, SOCK_CLOEXEC));
    if (!second) return fail_errno(errno, "cannot accept over the loopback");
    if (peer.sin_port != own.sin_port || peer.sin_addr.s_addr != own.sin_addr.s_addr) continue;
    send_at_once(first);
    send_at_once(second);
    return SocketPair{std::move(first), std::move(second)};
  }
}

}  // namespace

Result<SocketPair> make_socket_pair(Transport transport) {
  if (transport == Transport::tcp) return tcp_pair();
  int ends[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return fail_errno(errno, "cannot make a socket pair");
  return SocketPair{UniqueFd(ends[0]), UniqueFd(ends[1])};
}

}  // namespace krige::trainer
