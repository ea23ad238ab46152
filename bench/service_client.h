// A keep-alive client of the service that costs as little as it can: what is measured is the server, on the same cores.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"

namespace krige::bench {

class ServiceClient {
 public:
  // `token`: of the service's owner; empty where it asks for none.
  ServiceClient(int port, std::string token) : port_(port), token_(std::move(token)) {}

  struct Answer {
    int status = 0;
    std::string_view body;  // until the next call
  };
  // Waits for the whole answer, at most a minute; the connection is made when there is none.
  [[nodiscard]] Result<Answer> call(std::string_view method, std::string_view path, std::string_view body = {});
  // Sends a request, or part of one, and leaves the answer unread: an event stream, a slow sender; empty: only
  // connects.
  [[nodiscard]] Status begin(std::string_view request);
  // As call(), and the body read; an error when the status is not 2xx.
  [[nodiscard]] Result<OrderedJson> ask(std::string_view method, std::string_view path, const OrderedJson& body);

  // Negative when there is no connection.
  [[nodiscard]] int fd() const { return fd_.get(); }
  void close() { fd_.reset(); }

 private:
  Status connect();
  Result<Answer> read_answer();

  int port_;
  std::string token_;
  UniqueFd fd_;
  std::string input_;
};

}  // namespace krige::bench
