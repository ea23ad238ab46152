#include "server/http/http_server.h"

#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "tests/server/raw_client.h"

namespace krige::server {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view kGet = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n";

// Handlers that echo, hold back until told, or stream without end.
class HttpServerTest : public ::testing::Test {
 protected:
  void start(const HttpOptions& options = {}) {
    Result<Listener> listener = listen_on("127.0.0.1", 0);
    ASSERT_TRUE(listener) << listener.error().describe();
    port_ = listener->port;
    HttpHandlers handlers;
    handlers.admit = [](const Request& request) -> Status {
      if (request.path == "/secret") return fail(ErrorCode::permission_denied, "not for you");
      return {};
    };
    handlers.answer = [this](const Request& request) { return answer(request); };
    Result<std::unique_ptr<HttpServer>> server = HttpServer::start(std::move(listener->fd), options, handlers);
    ASSERT_TRUE(server) << server.error().describe();
    server_ = std::move(*server);
  }

  Reply answer(const Request& request) {
    if (request.path == "/throw") throw std::runtime_error("broken");
    if (request.path == "/hold") {
      std::unique_lock lock(mutex_);
      ++held_;
      changed_.notify_all();
      changed_.wait(lock, [this] { return released_; });
    }
    Reply reply;
    reply.body = request.method + " " + request.path + " " + std::string(request.body);
    if (request.path == "/large") reply.body.assign(std::size_t{8} << 20, 'x');
    if (request.path == "/stream") {
      reply.stream = [this, gone = request.gone](const BodyWriter& write) {
        const std::string piece(1 << 16, 'x');
        while (!gone.stop_requested() && write(piece)) {
        }
        const std::lock_guard lock(mutex_);
        ++ended_;
        changed_.notify_all();
      };
    }
    return reply;
  }

  void wait_until_held(int count) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, 10s, [&] { return held_ >= count; }));
  }
  void wait_until_ended(int count) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, 10s, [&] { return ended_ >= count; }));
  }
  void release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }

  int port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  int held_ = 0;
  int ended_ = 0;
  bool released_ = false;
  Refusals refusals_;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersManyRequestsOnOneConnectionAlsoWhenTheyComeAtOnce) {
  start();
  RawClient client(port_);
  for (int i = 0; i < 3; ++i) {
    client.send(kGet);
    EXPECT_TRUE(client.read_answer().ends_with("\r\n\r\nGET /hello "));
  }
  client.send(std::string(kGet) + "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi" + std::string(kGet));
  EXPECT_TRUE(client.read_answer().ends_with("GET /hello "));
  EXPECT_TRUE(client.read_answer().ends_with("POST /b hi"));
  EXPECT_TRUE(client.read_answer().ends_with("GET /hello "));
  EXPECT_FALSE(client.closed());
}

TEST_F(HttpServerTest, TakesChunkedBodiesAndAnswersToContinue) {
  start();
  RawClient client(port_);
  client.send("POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.read_until("\r\n\r\n"), "HTTP/1.1 100 Continue\r\n\r\n");
  client.send("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  const std::string answer = client.read_answer();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n")) << answer;
  EXPECT_TRUE(answer.ends_with("POST /c abcde")) << answer;
}

TEST_F(HttpServerTest, ClosesWhenAsked) {
  start();
  RawClient client(port_);
  client.send("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(client.read_all().ends_with("GET /a "));
  EXPECT_TRUE(client.closed());
  RawClient old(port_);
  old.send("GET /a HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(old.read_all().ends_with("GET /a "));
  EXPECT_TRUE(old.closed());
}

TEST_F(HttpServerTest, AnswersAClientThatSendsNoMore) {
  start();
  RawClient client(port_);
  client.send(kGet);
  client.half_close();
  EXPECT_TRUE(client.read_all().ends_with("GET /hello "));
  EXPECT_TRUE(client.closed());
}

TEST_F(HttpServerTest, RefusesWithAReasonBeforeTheBodyIsRead) {
  start();
  const auto refused = [&](const std::string& request) {
    RawClient client(port_);
    client.send(request);
    const std::string answer = client.read_all();
    EXPECT_TRUE(client.closed()) << request.substr(0, 60);
    EXPECT_NE(answer.find("application/problem+json"), std::string::npos) << answer;
    return answer.substr(0, 12);
  };
  EXPECT_EQ(refused("POST /a HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n"), "HTTP/1.1 413");
  EXPECT_EQ(refused("POST /a HTTP/1.1\r\nContent-Length: 2000000\r\n\r\n" + std::string(2000000, 'x')), "HTTP/1.1 413");
  EXPECT_EQ(refused("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n80000\r\n" + std::string(0x80000, 'x') +
                    "\r\n80001\r\n" + std::string(100000, 'x')),
            "HTTP/1.1 413");
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nA: " + std::string(20000, 'a')), "HTTP/1.1 431");
  EXPECT_EQ(refused("GET /" + std::string(5000, 'a') + " HTTP/1.1\r\n\r\n"), "HTTP/1.1 414");
  EXPECT_EQ(refused("POST /a HTTP/1.1\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx"), "HTTP/1.1 415");
}

TEST_F(HttpServerTest, AnswersNonsenseWithAProblem) {
  start();
  for (const std::string request : {"BREW / HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\r\n\r\n", "\x16\x03\x01\r\n\r\n"}) {
    RawClient client(port_);
    client.send(request);
    const std::string answer = client.read_answer();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 400 ")) << answer;
    EXPECT_NE(answer.find("application/problem+json"), std::string::npos) << answer;
    const auto id = answer.find("X-Request-Id: ");
    ASSERT_NE(id, std::string::npos) << answer;
    EXPECT_EQ(answer.find("X-Request-Id: ", id + 1), std::string::npos) << answer;
    EXPECT_NE(answer.find("\"request_id\":\"" + answer.substr(id + 14, 16) + "\""), std::string::npos) << answer;
  }
}

TEST_F(HttpServerTest, DoesNotAnswerWhatIsNotAdmitted) {
  start();
  RawClient client(port_);
  client.send("POST /secret HTTP/1.1\r\nX-Request-Id: r-1\r\nContent-Length: 1\r\n\r\nx" + std::string(kGet));
  const std::string answer = client.read_answer();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 403 ")) << answer;
  EXPECT_NE(answer.find("\"request_id\":\"r-1\""), std::string::npos) << answer;
  // Its body is not taken for the next request.
  EXPECT_TRUE(client.read_answer().ends_with("GET /hello "));
}

TEST_F(HttpServerTest, EchoesOnlyProperRequestIds) {
  start();
  RawClient client(port_);
  client.send("GET /a HTTP/1.1\r\nX-Request-Id: abc.DEF_1-2\r\n\r\n");
  EXPECT_NE(client.read_answer().find("X-Request-Id: abc.DEF_1-2\r\n"), std::string::npos);
  client.send("GET /a HTTP/1.1\r\nX-Request-Id: a b<script>\r\n\r\n");
  const std::string answer = client.read_answer();
  EXPECT_NE(answer.find("X-Request-Id: "), std::string::npos);
  EXPECT_EQ(answer.find("<script>"), std::string::npos) << answer;
}

TEST_F(HttpServerTest, TurnsAnExceptionIntoAProblem) {
  start();
  RawClient client(port_);
  client.send("GET /throw HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(client.read_answer().starts_with("HTTP/1.1 500 "));
  client.send(kGet);
  EXPECT_TRUE(client.read_answer().ends_with("GET /hello "));
}

TEST_F(HttpServerTest, NeitherCompressesNorCutsAnswers) {
  start();
  RawClient client(port_);
  client.send("GET /a HTTP/1.1\r\nAccept-Encoding: br, gzip\r\nRange: bytes=0-1,0-1,0-1\r\n\r\n");
  const std::string answer = client.read_answer();
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
  EXPECT_TRUE(answer.ends_with("GET /a ")) << answer;
}

TEST_F(HttpServerTest, SlowSendersAndIdleConnectionsTakeNoThread) {
  HttpOptions options;
  options.limits.threads = 1;
  start(options);
  std::vector<std::unique_ptr<RawClient>> waiting;
  for (int i = 0; i < 100; ++i) {
    waiting.push_back(std::make_unique<RawClient>(port_));
    if (i % 2 == 0) waiting.back()->send("POST /slow HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf");
  }
  RawClient client(port_);
  client.send(kGet);
  EXPECT_TRUE(client.read_answer().ends_with("GET /hello "));
  for (const auto& other : waiting) EXPECT_FALSE(other->closed());
}

TEST_F(HttpServerTest, EndsARequestThatDoesNotComeWhole) {
  HttpOptions options;
  options.limits.request_time = 50ms;
  start(options);
  RawClient slow(port_);
  slow.send("GET / HT");
  EXPECT_TRUE(slow.read_all().starts_with("HTTP/1.1 408 "));
  EXPECT_TRUE(slow.closed());
  RawClient silent(port_);
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_TRUE(silent.closed());
}

TEST_F(HttpServerTest, ClosesIdleConnectionsAfterAWhile) {
  HttpOptions options;
  options.limits.keep_alive_time = 50ms;
  start(options);
  RawClient client(port_);
  client.send(kGet);
  EXPECT_TRUE(client.read_all().ends_with("GET /hello "));
  EXPECT_TRUE(client.closed());
}

TEST_F(HttpServerTest, AnIdleConnectionMakesRoomAndABusyOneDoesNot) {
  HttpOptions options;
  options.limits.connections = 2;
  options.limits.refusals = &refusals_;
  start(options);
  // Without a request: after one, it would be idle only a moment after its client has the answer.
  RawClient idle(port_);
  RawClient busy(port_);
  busy.send("GET /hold HTTP/1.1\r\n\r\n");
  wait_until_held(1);
  RawClient third(port_);
  third.send("GET /hold HTTP/1.1\r\n\r\n");
  wait_until_held(2);
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_TRUE(idle.closed());
  RawClient fourth(port_);
  const std::string refused = fourth.read_all();
  EXPECT_TRUE(refused.starts_with("HTTP/1.1 503 ")) << refused;
  EXPECT_NE(refused.find("Retry-After: 1\r\n"), std::string::npos);
  EXPECT_EQ(refusals_.connections, 1U);
  release();
  EXPECT_TRUE(busy.read_answer().ends_with("GET /hold "));
  EXPECT_TRUE(third.read_answer().ends_with("GET /hold "));
}

TEST_F(HttpServerTest, DropsAClientThatDoesNotRead) {
  HttpOptions options;
  options.write_time = 50ms;
  options.limits.threads = 1;
  start(options);
  RawClient reader_of_nothing(port_, 4096);
  reader_of_nothing.send("GET /large HTTP/1.1\r\n\r\n");
  RawClient streamed(port_, 4096);
  streamed.send("GET /stream HTTP/1.1\r\n\r\n");
  wait_until_ended(1);
  RawClient client(port_);
  client.send(kGet);
  EXPECT_TRUE(client.read_answer().ends_with("GET /hello "));
}

TEST_F(HttpServerTest, AStreamEndsWithItsClient) {
  start();
  {
    RawClient client(port_);
    client.send("GET /stream HTTP/1.1\r\n\r\n");
    client.read_until("\r\n\r\n");
  }
  wait_until_ended(1);
}

TEST_F(HttpServerTest, StopEndsStreamsAndIdleConnectionsAtOnceAndLetsAnswersEnd) {
  start();
  RawClient idle(port_);
  idle.send(kGet);
  idle.read_answer();
  RawClient streamed(port_);
  streamed.send("GET /stream HTTP/1.1\r\n\r\n");
  streamed.read_until("\r\n\r\n");
  std::jthread reader([&] { streamed.read_all(); });
  RawClient held(port_);
  held.send("GET /hold HTTP/1.1\r\n\r\n");
  wait_until_held(1);
  std::jthread stopper([&] { server_->stop(); });
  wait_until_ended(1);
  EXPECT_EQ(idle.read_all(), "");
  EXPECT_TRUE(idle.closed());
  EXPECT_TRUE(RawClient(port_).closed());  // nobody listens
  release();
  EXPECT_TRUE(held.read_all().ends_with("GET /hold "));
  stopper.join();
  server_->stop();  // again
}

TEST_F(HttpServerTest, StopCutsOffWhoDoesNotReadInTime) {
  HttpOptions options;
  options.limits.drain_time = 50ms;
  options.write_time = 1h;  // stop() returns because it cuts the client off, or not before the test's own deadline
  start(options);
  RawClient client(port_, 4096);
  client.send("GET /large HTTP/1.1\r\n\r\n");
  client.read_until("\r\n\r\n");
  server_->stop();
  client.read_all();
  EXPECT_TRUE(client.closed());
}

TEST_F(HttpServerTest, NoSocketIsInheritedByChildren) {
  start();
  RawClient client(port_);
  client.send(kGet);
  client.read_answer();
  DIR* directory = ::opendir("/proc/self/fd");
  ASSERT_NE(directory, nullptr);
  int sockets = 0;
  while (const dirent* entry = ::readdir(directory)) {
    const int fd = std::atoi(entry->d_name);
    char target[64] = {};
    if (fd <= 2 || ::readlink(("/proc/self/fd/" + std::to_string(fd)).c_str(), target, sizeof target - 1) < 0) continue;
    if (!std::string_view(target).starts_with("socket:")) continue;
    ++sockets;
    EXPECT_NE(::fcntl(fd, F_GETFD) & FD_CLOEXEC, 0) << fd;
  }
  ::closedir(directory);
  EXPECT_GE(sockets, 3);  // listening, accepted, and the client's own
}

TEST(Listen, RefusesATakenPortAndAHostThatIsNone) {
  const Result<Listener> first = listen_on("127.0.0.1", 0);
  ASSERT_TRUE(first);
  EXPECT_TRUE(first->loopback);
  const Result<Listener> second = listen_on("127.0.0.1", first->port);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::io);
  EXPECT_NE(second.error().message.find("in use"), std::string::npos) << second.error().message;
  const Result<Listener> nowhere = listen_on("no host at all", 0);
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace krige::server
