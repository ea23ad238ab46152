#include "server/webhooks/delivery.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>

#include <thread>

#include "server/http/connection.h"

namespace krige::server {
namespace {

using namespace std::chrono_literals;

// One who answers a request with `head`, and then with `piece` for as long as it is taken: at once, or at a pace.
class Talker {
 public:
  explicit Talker(const std::string& head, const std::string& piece = "", Millis pace = Millis(0))
      : listener_(listen_on("127.0.0.1", 0).value()),
        thread_([this, head, piece, pace] { talk(head, piece, static_cast<int>(pace.count())); }) {}
  ~Talker() {
    ::shutdown(listener_.fd.get(), SHUT_RDWR);
    thread_.join();
  }

  [[nodiscard]] Target target() const {
    return Target::parse("http://127.0.0.1:" + std::to_string(listener_.port) + "/hook").value();
  }

 private:
  void talk(const std::string& head, const std::string& piece, int pace_ms) const {
    pollfd waited{listener_.fd.get(), POLLIN, 0};
    ::poll(&waited, 1, -1);
    const UniqueFd client(::accept4(listener_.fd.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!client) return;
    char request[4096];
    if (::recv(client.get(), request, sizeof request, 0) <= 0) return;
    const auto say = [&](const std::string& text) {
      return ::send(client.get(), text.data(), text.size(), MSG_NOSIGNAL) > 0;
    };
    waited = {client.get(), POLLIN, 0};
    bool taken = say(head);
    while (taken && !piece.empty()) taken = ::poll(&waited, 1, pace_ms) == 0 && say(piece);
    // Until it goes.
    while (::recv(client.get(), request, sizeof request, 0) > 0) {
    }
  }

  Listener listener_;
  std::thread thread_;
};

const Message kMessage{"s.1", "trial.ended", "{}"};

// "" when it was taken.
std::string fault(const Talker& talker, Millis timeout = 10s, const std::stop_token& stop = {}) {
  const Status sent = deliver(talker.target(), kMessage, "secret", timeout, "", stop);
  return sent ? "" : std::string(name(sent.error().code)) + ": " + sent.error().message;
}

TEST(Target, TakesAddressesOfHttpOnly) {
  const auto origin = [](const std::string& url) {
    const Result<Target> target = Target::parse(url);
    return target ? target->origin() : std::string(name(target.error().code));
  };
  EXPECT_EQ(origin("https://a.example/x?y=1"), "https://a.example");
  EXPECT_EQ(origin("http://127.0.0.1:8080"), "http://127.0.0.1:8080");
  EXPECT_EQ(origin("http://[::1]:1?q"), "http://[::1]:1");
  for (const char* wrong :
       {"", "a.example", "ftp://a.example/", "https:///x", "http://user:word@a.example/", "http://a/ b", "http://a/#b",
        "http://a/\r\nHost: b", "http://a:99999/", "http://a:b/", "http://[::1/"})
    EXPECT_EQ(origin(wrong), "invalid_argument") << wrong;
}

TEST(Signature, IsTheHmacOfTimeAndBody) {
  // Made by: printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
  EXPECT_EQ(signature("secret", 1'700'000'000, R"({"a":1})"),
            "v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686");
}

TEST(Delivery, OfAnAnswerOnlyTheStatusCounts) {
  EXPECT_EQ(fault(Talker("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")), "");
  EXPECT_EQ(fault(Talker("HTTP/1.1 204 No Content\r\n\r\n")), "");
  EXPECT_EQ(fault(Talker("HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n")), "unavailable: answered 503");
}

TEST(Delivery, AnAnswerWithoutEndIsCutOff) {
  const std::string much(1 << 16, 'x');
  EXPECT_EQ(fault(Talker("HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n", much)), "");
  EXPECT_EQ(fault(Talker("HTTP/1.1 500 No\r\n\r\n", much)), "unavailable: answered 500");
  EXPECT_EQ(fault(Talker("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "8\r\nxxxxxxxx\r\n")), "");
}

// A line without end, lines without end, chunks of a negative size, no HTTP: CVE-2025-53628, CVE-2025-53629,
// CVE-2026-45352, CVE-2026-31870.
TEST(Delivery, AnAnswerThatIsNoneIsAFaultAndTakesNoMemory) {
  const std::string much(1 << 16, 'x');
  for (const auto& [head, piece] :
       {std::pair("HTTP/1.1 200 OK\r\nA: ", much), std::pair("HTTP/1.1 200 OK\r\n", "A: " + much + "\r\n"),
        std::pair("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n", much),
        std::pair("HTTP/1.1 200 OK\r\nContent-Length: -5x\r\n\r\n", much), std::pair("x", much)}) {
    const std::string said = fault(Talker(head, piece));
    EXPECT_TRUE(said.starts_with("unavailable: no answer: ")) << head << said;
  }
}

TEST(Delivery, TheDeadlineIsOfTheWholeAnswer) {
  // Each drop comes in time: a limit of the single read would wait for all of them.
  const std::string said = fault(Talker("HTTP/1.1 200 OK\r\nContent-Length: 50000\r\n\r\n", "x", 20ms), 200ms);
  EXPECT_TRUE(said.starts_with("unavailable: no answer: ")) << said;
}

TEST(Delivery, ARedirectIsNotFollowed) {
  const Talker other("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
  const Talker first("HTTP/1.1 307 There\r\nContent-Length: 0\r\nLocation: " + other.target().url() + "\r\n\r\n");
  EXPECT_EQ(fault(first), "unavailable: answered 307");
}

TEST(Delivery, EndsWhenItIsTold) {
  const Talker silent("");
  std::stop_source stop;
  const std::jthread soon([&] { stop.request_stop(); });
  EXPECT_EQ(fault(silent, 1h, stop.get_token()), "cancelled: the service stops");
}

}  // namespace
}  // namespace krige::server
