// A client that sends and reads bytes as they are: for what no proper HTTP client would do. Every wait has a deadline.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/fd.h"

namespace krige::server {

class RawClient {
 public:
  // `receive_buffer_bytes`: of the socket, 0 for the system's choice.
  explicit RawClient(int port, int receive_buffer_bytes = 0);

  // False when the server does not take it any more.
  bool send(std::string_view bytes);
  // Everything up to and with `end`; what came so far when the deadline passes or the server closes.
  std::string read_until(std::string_view end);
  // Everything until the server closes; closed() tells whether it did before the deadline.
  std::string read_all();
  // Exactly so many bytes; fewer when the deadline passes or the server closes.
  std::string read_bytes(std::size_t count);
  // One whole answer with a Content-Length.
  std::string read_answer();
  [[nodiscard]] bool closed() const { return closed_; }
  void half_close();
  [[nodiscard]] int fd() const { return fd_.get(); }

  static constexpr std::chrono::seconds kDeadline{10};

 private:
  // Waits for more input; false at the end or the deadline.
  bool fill(std::chrono::steady_clock::time_point end);

  UniqueFd fd_;
  std::string input_;
  bool closed_ = false;
};

}  // namespace krige::server
