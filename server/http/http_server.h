// An HTTP/1.1 service: sockets, threads and limits are ours (reactor.h), messages are read and written by cpp-httplib.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "server/http/message.h"
#include "server/http/reactor.h"

namespace krige::server {

struct HttpOptions {
  ReactorLimits limits;
  Millis write_time{10'000};  // for a client to take one answer, or one piece of a stream
  Fields headers;             // of every answer
};

struct HttpHandlers {
  // Looks at the head alone; an error is the answer, and the body is never parsed.
  std::function<Status(const Request&)> admit;
  // An exception that leaves it is answered with 500.
  std::function<Reply(const Request&)> answer;
};

class HttpServer {
 public:
  // The handlers are called from many threads at once.
  // `tls`: null for plain HTTP.
  static Result<std::unique_ptr<HttpServer>> start(UniqueFd listener, HttpOptions options, HttpHandlers handlers,
                                                   std::unique_ptr<TlsContext> tls = nullptr);
  ~HttpServer();
  // As Reactor::stop.
  void stop();
  // As TlsContext::reload; does nothing without TLS.
  Status reload_certificate();

 private:
  class Messages;
  HttpServer(std::unique_ptr<TlsContext> tls, std::unique_ptr<Messages> messages, std::unique_ptr<Reactor> reactor);
  std::unique_ptr<TlsContext> tls_;
  std::unique_ptr<Messages> messages_;
  std::unique_ptr<Reactor> reactor_;
};

}  // namespace krige::server
