// What is known to be weak in cpp-httplib 0.11.4, Debian 12's, sent to it through our layer: a crash, a limit that does
// not hold, or a line of the client's in our answer would show here. docs/adr/0020-robustness.md lists them with their
// tests.
#include <gtest/gtest.h>

#include "server/guard.h"
#include "server/http/http_server.h"
#include "tests/server/raw_client.h"

namespace krige::server {
namespace {

class LibraryTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Result<Listener> listener = listen_on("127.0.0.1", 0);
    ASSERT_TRUE(listener) << listener.error().describe();
    port_ = listener->port;
    guard_.emplace("127.0.0.1", port_, std::vector<std::string>{"a:1"});
    HttpHandlers handlers;
    handlers.admit = [this](const Request& request) { return guard_->admit(request); };
    handlers.answer = [this](const Request& request) {
      body_bytes_ = request.body.size();
      Reply reply;
      reply.body = request.method + " " + request.path;
      for (const auto& [name, value] : request.query) reply.body += " " + name + "=" + value;
      if (const auto marked = request.header("X-Mark")) reply.body += " mark " + std::string(*marked);
      if (request.path == "/throw") throw std::runtime_error("a\r\nX-Injected: 1");
      return reply;
    };
    Result<std::unique_ptr<HttpServer>> server = HttpServer::start(std::move(listener->fd), {}, handlers);
    ASSERT_TRUE(server) << server.error().describe();
    server_ = std::move(*server);
  }

  // The head of the answer; the connection is new.
  std::string head_for(const std::string& request) {
    return answer_to(request).substr(0, answer_.find("\r\n\r\n") + 2);
  }
  const std::string& answer_to(std::string request) {
    RawClient client(port_);
    client.send(request.insert(request.find("\r\n") + 2, "Host: a:1\r\n"));
    answer_ = client.read_answer();
    return answer_;
  }
  // The service goes on.
  void expect_alive() { EXPECT_TRUE(answer_to("GET /alive HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200 ")) << answer_; }

  int port_ = 0;
  std::optional<Guard> guard_;
  std::string answer_;
  std::size_t body_bytes_ = 0;
  std::unique_ptr<HttpServer> server_;
};

// std::regex, with which the library reads Range and multipart heads and finds routes, recurses as deep as its text is
// long.
TEST_F(LibraryTest, NoHeaderAndNoPathIsLongEnoughToOverflowTheStack) {
  std::string ranges = "0-0";
  while (ranges.size() < 16'000) ranges += ",0-0";
  EXPECT_TRUE(head_for("GET /a HTTP/1.1\r\nRange: bytes=" + ranges + "\r\n\r\n").starts_with("HTTP/1.1 "));
  EXPECT_TRUE(
      head_for("GET /a HTTP/1.1\r\nRange: bytes=" + std::string(16'000, '1') + "-\r\n\r\n").starts_with("HTTP/1.1 "));
  EXPECT_TRUE(head_for("GET /" + std::string(4070, 'a') + " HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200 "));
  expect_alive();
}

// Backtracking instead of recursion: no such text takes long (the client's deadline).
TEST_F(LibraryTest, RangesThatAreNoneDoNotTakeLong) {
  EXPECT_TRUE(
      head_for("GET /a HTTP/1.1\r\nRange: bytes=" + std::string(8'000, '1') + "x\r\n\r\n").starts_with("HTTP/1.1 "));
  std::string ranges = "1-1";
  while (ranges.size() < 8'000) ranges += ",  1-1";
  EXPECT_TRUE(head_for("GET /a HTTP/1.1\r\nRange: bytes=" + ranges + "x\r\n\r\n").starts_with("HTTP/1.1 "));
  expect_alive();
}

// CVE-2023-26130, CVE-2026-21428, CVE-2026-45372: header values are percent-decoded, line ends too.
TEST_F(LibraryTest, ALineEndThatWasEncodedEndsNoLineOfTheAnswer) {
  for (const std::string name : {"X-Request-Id", "X-Mark", "Cookie", "Location"}) {
    const std::string head = head_for("GET /a%0d%0aX-Injected:1?b=%0d%0aX-Injected:1 HTTP/1.1\r\n" + name +
                                      ": a%0d%0aX-Injected: 1\r\n\r\n");
    EXPECT_TRUE(head.starts_with("HTTP/1.1 200 ")) << head;
    EXPECT_EQ(head.find("X-Injected"), std::string::npos) << head;
  }
}

// CVE-2026-28434: what an exception says became a header.
TEST_F(LibraryTest, AnExceptionIsNoHeader) {
  const std::string head = head_for("GET /throw HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(head.starts_with("HTTP/1.1 500 ")) << head;
  EXPECT_EQ(head.find("EXCEPTION_WHAT"), std::string::npos);
  EXPECT_EQ(head.find("X-Injected"), std::string::npos);
}

// CVE-2025-46728: a body in chunks had no limit. CVE-2026-22776, CVE-2026-28435: a compressed one neither.
TEST_F(LibraryTest, BodiesHaveALimitHoweverTheyCome) {
  std::string chunks;
  for (int i = 0; i < 20; ++i) chunks += "10000\r\n" + std::string(0x10000, 'x') + "\r\n";
  EXPECT_TRUE(head_for("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks).starts_with("HTTP/1.1 413 "));
  for (const std::string coding : {"gzip", "deflate", "br", "zstd", "gzip%00", "identity, gzip"})
    EXPECT_TRUE(head_for("POST /a HTTP/1.1\r\nContent-Encoding: " + coding + "\r\nContent-Length: 1\r\n\r\nx")
                    .starts_with("HTTP/1.1 415 "))
        << coding;
  EXPECT_EQ(body_bytes_, 0U);
}

// CVE-2025-53628, CVE-2025-53629: lines and heads had no limit.
TEST_F(LibraryTest, HeadsHaveALimit) {
  std::string headers;
  for (int i = 0; i < 3000; ++i) headers += "A: b\r\n";
  EXPECT_TRUE(head_for("GET /a HTTP/1.1\r\n" + headers + "\r\n").starts_with("HTTP/1.1 431 "));
  EXPECT_TRUE(head_for("GET /a HTTP/1.1\r\nA: " + std::string(20'000, 'a')).starts_with("HTTP/1.1 431 "));
}

// A form would be parsed, and its parts kept, before anybody looks at what the body is.
TEST_F(LibraryTest, NothingOfABodyBecomesAQuery) {
  answer_to("POST /a?x=1 HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 3\r\n\r\ny=2");
  EXPECT_TRUE(answer_.starts_with("HTTP/1.1 415 ")) << answer_;
  answer_to("POST /a?x=1 HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: 0\r\n\r\n");
  EXPECT_TRUE(answer_.starts_with("HTTP/1.1 ")) << answer_;
  expect_alive();
}

// CVE-2026-29076: a name of 1 MB in a multipart head overflowed the stack.
TEST_F(LibraryTest, AMultipartBodyIsNotTakenApart) {
  const std::string part = "--x\r\nContent-Disposition: form-data; name=\"a\"; filename*=UTF-8''" +
                           std::string(900'000, 'a') + "\r\n\r\n1\r\n--x--\r\n";
  answer_to("POST /a HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=x\r\nContent-Length: " +
            std::to_string(part.size()) + "\r\n\r\n" + part);
  EXPECT_TRUE(answer_.starts_with("HTTP/1.1 415 ")) << answer_;
  expect_alive();
}

// CVE-2025-66570, CVE-2026-46527: headers with which a client says that it is another one. Nothing of ours reads them.
TEST_F(LibraryTest, HeadersThatNameTheClientDoNoHarm) {
  for (const std::string header : {"REMOTE_ADDR: 127.0.0.1", "REMOTE_PORT: x", "LOCAL_ADDR: x", "X-Forwarded-For: ,"})
    EXPECT_TRUE(head_for("GET /a HTTP/1.1\r\n" + header + "\r\n\r\n").starts_with("HTTP/1.1 200 ")) << header;
}

}  // namespace
}  // namespace krige::server
