// Sockets of the service: the one that listens, and one a client.
#pragma once

#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/fd.h"
#include "server/http/framing.h"
#include "server/http/tls.h"

namespace krige::server {

struct Listener {
  UniqueFd fd;  // close-on-exec, non-blocking
  int port = 0;
  bool loopback = false;
};
// `host`: a name, an address, or an IPv6 address in brackets; port 0: any free one. Errors: invalid_argument for a host
// that is none, io.
[[nodiscard]] Result<Listener> listen_on(const std::string& host, int port);

// One client. The reactor owns it; while a request is being answered, the answering thread alone uses it, and the
// reactor only asks for `gone` to stop or shuts the socket down.
class Connection {
 public:
  // `tls`: null for plain HTTP; of this very descriptor.
  Connection(UniqueFd fd, const FramingLimits& limits, std::unique_ptr<TlsSession> tls = nullptr);

  enum class Phase { reading, answering, draining };
  Phase phase = Phase::reading;
  MonotonicTime deadline;
  RequestFramer framer;
  std::stop_source gone;  // of the request being answered

  [[nodiscard]] int fd() const { return fd_.get(); }
  // As Request::address.
  [[nodiscard]] const std::string& address() const { return address_; }
  [[nodiscard]] std::string_view input() const { return input_; }
  [[nodiscard]] bool idle() const { return phase == Phase::reading && input_.empty(); }
  // The bytes of the request that is complete.
  [[nodiscard]] std::string_view request() const { return input().substr(0, framer.size()); }

  enum class Received { some, nothing_yet, end };
  // Takes what has arrived, without waiting, a bounded amount at a time.
  Received receive();
  // It goes on receiving only when the socket takes output: a handshake that is stuck.
  [[nodiscard]] bool receives_when_writable() const { return receives_when_writable_; }
  // The client is told that nothing follows; it may still send.
  void finish_sending();
  void discard_input() { input_.clear(); }
  // Forgets the request that has been answered; what came behind it is the next one's beginning.
  void next_request();
  // Sends all; false when the peer has gone or does not take it within `timeout`.
  [[nodiscard]] bool send(std::string_view bytes, Millis timeout);

 private:
  Received receive_encrypted();
  // Sends what the socket takes: how much, or the event to wait for; nullopt when the peer has gone.
  struct Sent {
    std::size_t bytes = 0;
    short wait_for = 0;
  };
  std::optional<Sent> send_some(std::string_view bytes);

  UniqueFd fd_;
  std::string address_;
  FramingLimits limits_;
  std::string input_;
  bool receives_when_writable_ = false;
  std::unique_ptr<TlsSession> tls_;  // last: it ends while the socket is still open
};

}  // namespace krige::server
