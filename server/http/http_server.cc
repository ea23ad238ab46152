#include "server/http/http_server.h"

#include <fmt/format.h>
#include <httplib.h>

#include <algorithm>
#include <chrono>
#include <exception>
#include <utility>

#include "base/ids.h"
#include "base/log.h"

namespace krige::server {
namespace {

constexpr const char* kRequestId = "X-Request-Id";
constexpr std::size_t kRequestIdCharacters = 64;
constexpr std::size_t kOnePacketBytes = std::size_t{16} << 10;  // more is not worth a copy
// Everything, line ends too: routes are matched by the router, not by regular expressions, whose recursion is as deep
// as the path is long.
constexpr const char* kAnyPath = R"([\s\S]*)";

// The bytes of one whole request, and the way back.
class RequestStream : public httplib::Stream {
 public:
  RequestStream(Connection& connection, Millis write_time)
      : connection_(connection), unread_(connection.request()), write_time_(write_time) {}

  [[nodiscard]] bool is_readable() const override { return !unread_.empty(); }
  [[nodiscard]] bool is_writable() const override { return !failed_; }
  ssize_t read(char* to, std::size_t size) override {
    const std::size_t count = unread_.copy(to, size);
    unread_.remove_prefix(count);
    return static_cast<ssize_t>(count);
  }
  ssize_t write(const char* from, std::size_t size) override {
    // The library writes the head by itself: it waits for what comes behind it, for one packet instead of two.
    if (!std::exchange(head_written_, true)) {
      head_.assign(from, size);
      return static_cast<ssize_t>(size);
    }
    if (!head_.empty() && head_.size() + size <= kOnePacketBytes) {
      head_.append(from, size);
      return flush() ? static_cast<ssize_t>(size) : -1;
    }
    failed_ = !flush() || !connection_.send({from, size}, write_time_);
    return failed_ ? -1 : static_cast<ssize_t>(size);
  }
  // What has not been sent yet: the head of an answer without a body.
  bool flush() {
    failed_ = failed_ || !connection_.send(std::exchange(head_, {}), write_time_);
    return !failed_;
  }
  void get_remote_ip_and_port(std::string&, int&) const override {}
  void get_local_ip_and_port(std::string&, int&) const override {}
  // The library compares it with FD_SETSIZE, a limit of select that does not concern us.
  [[nodiscard]] socket_t socket() const override { return 0; }

  [[nodiscard]] bool failed() const { return failed_; }

 private:
  Connection& connection_;
  std::string_view unread_;
  Millis write_time_;
  bool head_written_ = false;
  std::string head_;  // not sent yet
  bool failed_ = false;
};

bool is_request_id(std::string_view id) {
  return !id.empty() && id.size() <= kRequestIdCharacters && std::ranges::all_of(id, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.';
  });
}

// Before the library acts on the head.
void prepare(httplib::Request& request) {
  const std::string id = request.get_header_value(kRequestId);
  request.headers.erase(kRequestId);
  request.set_header(kRequestId, is_request_id(id) ? id : random_id(16));
  // Each answer would be compressed anew, with brotli at its slowest.
  request.headers.erase("Accept-Encoding");
  // Overlapping ranges multiply the size of an answer; RFC 9110 lets a server ignore them.
  request.headers.erase("Range");
  request.ranges.clear();
  // Answered by the reactor, which has the body already.
  request.headers.erase("Expect");
}

}  // namespace

class HttpServer::Messages : public httplib::Server {
 public:
  Messages(HttpOptions options, HttpHandlers handlers) : options_(std::move(options)), handlers_(std::move(handlers)) {
    // To the library, a server without a socket is one that shuts down, and sends no streams.
    svr_sock_ = 0;
    // The framer has refused longer bodies; this is the library's own bound for the same.
    set_payload_max_length(options_.limits.framing.body_bytes);
    set_pre_routing_handler([this](const httplib::Request& request, httplib::Response& response) {
      const Status admitted = handlers_.admit(view(request));
      if (admitted) return HandlerResponse::Unhandled;
      const std::string id = request.get_header_value(kRequestId);
      write(id, response, to_reply(to_problem(admitted.error()), id));
      return HandlerResponse::Handled;
    });
    const Handler answer = [this](const httplib::Request& request, httplib::Response& response) {
      write(request.get_header_value(kRequestId), response, handlers_.answer(view(request)));
    };
    Get(kAnyPath, answer).Post(kAnyPath, answer).Put(kAnyPath, answer).Patch(kAnyPath, answer);
    Delete(kAnyPath, answer).Options(kAnyPath, answer);
    set_exception_handler([this](const httplib::Request& request, httplib::Response& response, std::exception_ptr e) {
      write_failure(request, response, e);
    });
    set_error_handler(Handler([this](const httplib::Request& request, httplib::Response& response) {
      if (!response.body.empty()) return;
      std::string id = request.get_header_value(kRequestId);
      if (id.empty()) id = random_id(16);  // the head could not be read
      write(id, response,
            to_reply(Problem::http(response.status, "invalid_argument", "not a request that can be understood"), id));
    }));
    set_post_routing_handler([this](const httplib::Request&, httplib::Response& response) { finish(response); });
  }

  // Whether the connection goes on.
  bool serve(Connection& connection, bool last) {
    RequestStream stream(connection, options_.write_time);
    // The library has no place for a caller's own data in a request; it stays on this thread.
    current_ = &connection;
    bool closed = last;
    bool ok = false;
    try {
      ok = process_request(stream, last, closed, prepare);
      ok = stream.flush() && ok;
    } catch (const std::exception& e) {
      log::error(fmt::format("an answer could not be sent: {}", e.what()));
    }
    current_ = nullptr;
    return ok && !closed && !stream.failed();
  }

 private:
  static Request view(const httplib::Request& request) {
    Request seen{request.method,
                 request.path,
                 parse_query(request.target),
                 {},
                 request.body,
                 request.get_header_value(kRequestId),
                 current_->address(),
                 {}};
    seen.headers.assign(request.headers.begin(), request.headers.end());
    seen.gone = current_->gone.get_token();
    return seen;
  }

  static void write(const std::string& request_id, httplib::Response& response, Reply reply) {
    response.status = reply.status;
    response.set_header(kRequestId, request_id);
    for (const auto& [key, value] : reply.headers) response.set_header(key, value);
    if (!reply.stream) {
      response.set_content(reply.body, reply.content_type);
      return;
    }
    response.set_chunked_content_provider(
        reply.content_type, [stream = std::move(reply.stream)](std::size_t, httplib::DataSink& sink) {
          bool taken = true;
          stream([&](std::string_view piece) {
            taken = taken && (piece.empty() || sink.write(piece.data(), piece.size()));
            return taken;
          });
          if (taken) sink.done();
          return taken;
        });
  }

  static void write_failure(const httplib::Request& request, httplib::Response& response, std::exception_ptr cause) {
    std::string what = "unknown";
    try {
      std::rethrow_exception(cause);
    } catch (const std::exception& e) {
      what = e.what();
    } catch (...) {
    }
    const std::string id = request.get_header_value(kRequestId);
    log::error(fmt::format("{} {} failed, request {}: {}", request.method, request.path, id, what));
    write(id, response, to_reply(to_problem({ErrorCode::internal, "internal error: " + what, {}, {}}), id));
  }

  void finish(httplib::Response& response) const {
    for (const auto& [key, value] : options_.headers)
      if (!response.has_header(key)) response.set_header(key, value);
    // The library announces limits of its own connection handling.
    if (response.headers.erase("Keep-Alive") != 0)
      response.set_header(
          "Keep-Alive",
          fmt::format("timeout={}", std::chrono::floor<std::chrono::seconds>(options_.limits.keep_alive_time).count()));
    response.headers.erase("Accept-Ranges");
    if (response.status == 204 || response.status == 304) response.headers.erase("Content-Length");
  }

  static thread_local Connection* current_;

  const HttpOptions options_;
  const HttpHandlers handlers_;
};

thread_local Connection* HttpServer::Messages::current_ = nullptr;

Result<std::unique_ptr<HttpServer>> HttpServer::start(UniqueFd listener, HttpOptions options, HttpHandlers handlers,
                                                      std::unique_ptr<TlsContext> tls) {
  const ReactorLimits limits = options.limits;
  auto messages = std::make_unique<Messages>(std::move(options), std::move(handlers));
  KRIGE_TRY(std::unique_ptr<Reactor> reactor, Reactor::start(
                                                  std::move(listener), limits,
                                                  [served = messages.get()](Connection& connection) {
                                                    return served->serve(connection, connection.gone.stop_requested());
                                                  },
                                                  tls.get()));
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(tls), std::move(messages), std::move(reactor)));
}

HttpServer::HttpServer(std::unique_ptr<TlsContext> tls, std::unique_ptr<Messages> messages,
                       std::unique_ptr<Reactor> reactor)
    : tls_(std::move(tls)), messages_(std::move(messages)), reactor_(std::move(reactor)) {}

HttpServer::~HttpServer() = default;

void HttpServer::stop() { reactor_->stop(); }

Status HttpServer::reload_certificate() { return tls_ ? tls_->reload() : Status(); }

}  // namespace krige::server
