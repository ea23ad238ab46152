// Requests that are nearly right: none may break the service, be answered by a fault of its own, or change what it
// should not. And bytes that are nearly HTTP.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <charconv>

#include "base/log.h"
#include "server/http/framing.h"
#include "tests/server/fuzz/session.h"
#include "tests/server/service_fixture.h"
#include "tests/support/fuzz.h"

namespace krige::server {
namespace {

TEST(Fuzz, RequestsNeitherBreakNorChangeWhatTheyShouldNot) {
  log::set_sink({});
  std::map<std::string, Session::Tally> tally;
  fuzz::Rounds rounds("requests", 40);
  while (rounds.next()) {
    SCOPED_TRACE("seed " + std::to_string(rounds.seed()));
    Session session{Rng(rounds.seed())};
    for (int step = 0; step < 60; ++step) {
      session.step();
      if (::testing::Test::HasFailure()) FAIL() << "step " << step << ": " << session.last();
    }
    session.expect_same_after_restart();
    if (::testing::Test::HasFailure()) FAIL() << session.last();
    for (const auto& [id, one] : session.tally()) {
      tally[id].done += one.done;
      tally[id].refused += one.refused;
    }
  }
  // Requests that are all refused, or all right, would find little.
  for (const char* id :
       {"createStudy", "updateStudy", "suggestTrials", "addTrial", "reportTrial", "completeTrial", "retryTrial"}) {
    EXPECT_GT(tally[id].done, 0) << id;
    EXPECT_GT(tally[id].refused, 0) << id;
  }
}

// The service takes this name whatever its port is.
constexpr const char* kHost = "fuzz:1";

std::vector<std::string> raw_requests() {
  const std::string host = fmt::format("Host: {}\r\n", kHost);
  const std::string study = dump(study_file());
  const auto post = [&](const std::string& path, const std::string& body) {
    return fmt::format("POST {} HTTP/1.1\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}", path,
                       host, body.size(), body);
  };
  return {fmt::format("GET /api/v1/studies?page_size=2&page_token= HTTP/1.1\r\n{}\r\n", host),
          fmt::format("GET /healthz HTTP/1.1\r\n{}X-Request-Id: a-1\r\nAccept-Encoding: gzip, br\r\n\r\n", host),
          fmt::format("GET /api/v1/events HTTP/1.1\r\n{}Accept: text/event-stream\r\n\r\n", host),
          fmt::format("GET /%61pi/v1/studies/a%2Fb?x=%00&y=%zz HTTP/1.1\r\n{}Range: bytes=0-3,7-\r\n\r\n", host),
          fmt::format("DELETE /api/v1/studies/none HTTP/1.1\r\n{}Content-Length: 0\r\n\r\n", host),
          fmt::format("PATCH /api/v1/studies/none HTTP/1.1\r\n{}If-Match: \"x\"\r\nContent-Type: application/json; "
                      "charset=utf-8\r\nContent-Length: 2\r\n\r\n{{}}",
                      host),
          fmt::format("POST /api/v1/studies HTTP/1.1\r\n{}Content-Type: application/json\r\nTransfer-Encoding: "
                      "chunked\r\n\r\n{:x}\r\n{}\r\n0\r\n\r\n",
                      host, study.size(), study),
          fmt::format("POST /api/v1/studies HTTP/1.1\r\n{}Content-Type: application/json\r\nExpect: 100-continue\r\n"
                      "Connection: close\r\nContent-Length: 2\r\n\r\n{{}}",
                      host),
          fmt::format("GET / HTTP/1.0\r\n{}Connection: Keep-Alive\r\n\r\n", host),
          post("/api/v1/studies", study),
          post("/api/v1/studies/none/trials:suggest", R"({"count": 2, "timeout_ms": 0})")};
}

constexpr std::string_view kTokens[] = {"\r\n",
                                        "\r\n\r\n",
                                        "\n",
                                        "\r",
                                        std::string_view("\0", 1),
                                        " ",
                                        "\t",
                                        ":",
                                        "%",
                                        "%00",
                                        "%0d%0a",
                                        "%u1234",
                                        "?",
                                        "&",
                                        "=",
                                        "+",
                                        "Content-Length: 5\r\n",
                                        "Content-Length: 0\r\n",
                                        "Content-Length: 18446744073709551616\r\n",
                                        "Content-Length: -1\r\n",
                                        "Transfer-Encoding: chunked\r\n",
                                        "Transfer-Encoding: chunked, identity\r\n",
                                        "transfer-encoding:\tchunked\r\n",
                                        "Content-Encoding: gzip\r\n",
                                        "Content-Type: multipart/form-data; boundary=x\r\n",
                                        "Content-Type: multipart/form-data\r\n",
                                        "Content-Type: application/x-www-form-urlencoded\r\n",
                                        "Expect: 100-continue\r\n",
                                        "Connection: close\r\n",
                                        "Connection: Upgrade\r\nUpgrade: websocket\r\n",
                                        "Range: bytes=0-0,-1,1-,5-2\r\n",
                                        "Range: bytes=99999999999999999999-\r\n",
                                        "Host: evil\r\n",
                                        "Host: fuzz:1\r\n",
                                        "Host:\r\n",
                                        "REMOTE_ADDR: 127.0.0.1\r\n",
                                        "X-Forwarded-For: ,\r\n",
                                        "Origin: http://fuzz:1\r\n",
                                        "Cookie: a=b; krige=\r\n",
                                        "Authorization: Bearer x\r\n",
                                        "Accept-Encoding: gzip;q=0\r\n",
                                        "X-Request-Id: %0d%0aSet-Cookie: a\r\n",
                                        "0\r\n\r\n",
                                        "5\r\nhello\r\n",
                                        "ffffffff\r\n",
                                        "1;x=y\r\n",
                                        "GET / HTTP/1.1\r\n",
                                        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                                        "OPTIONS * HTTP/1.1\r\n",
                                        "HTTP/1.0",
                                        "HTTP/9.9",
                                        "CONNECT",
                                        "TRACE",
                                        "http://fuzz:1/healthz",
                                        "//",
                                        "/../",
                                        "\x16\x03\x01",
                                        "\xFF\xFE",
                                        "{\"a\":"};

std::string nearly_http(const std::vector<std::string>& requests, Rng& rng) {
  std::string bytes;
  for (std::uint64_t count = 1 + rng.below(3); count > 0; --count) {
    const std::string& request = fuzz::one_of(requests, rng);
    bytes += rng.below(4) == 0 ? request : fuzz::mutated(request, kTokens, rng);
  }
  return bytes;
}

// What a framer makes of bytes that come in pieces of up to `most`.
struct Framed {
  RequestFramer::Progress progress = RequestFramer::Progress::more;
  std::size_t size = 0;
  int refusal = 0;
  friend bool operator==(const Framed&, const Framed&) = default;
};

Framed frame(std::string_view bytes, std::size_t most, Rng& rng) {
  RequestFramer framer{FramingLimits{}};
  Framed framed;
  for (std::size_t size = 0; framed.progress == RequestFramer::Progress::more && size < bytes.size();) {
    size = std::min(bytes.size(), size + 1 + rng.below(most));
    framed.progress = framer.advance(bytes.substr(0, size));
  }
  if (framed.progress == RequestFramer::Progress::complete) framed.size = framer.size();
  if (framed.progress == RequestFramer::Progress::refused) framed.refusal = framer.refusal().status;
  return framed;
}

TEST(Fuzz, TheFramerFindsTheSameRequestsHoweverTheBytesArrive) {
  const std::vector<std::string> requests = raw_requests();
  fuzz::Rounds rounds("framing", 20'000);
  while (rounds.next()) {
    Rng rng(rounds.seed());
    const std::string bytes = nearly_http(requests, rng);
    std::string_view left = bytes;
    while (!left.empty()) {
      const Framed whole = frame(left, left.size(), rng);
      ASSERT_EQ(frame(left, 1 + rng.below(40), rng), whole) << "seed " << rounds.seed() << ":\n" << bytes;
      if (whole.progress != RequestFramer::Progress::complete) break;
      ASSERT_TRUE(whole.size > 0 && whole.size <= left.size()) << "seed " << rounds.seed();
      left.remove_prefix(whole.size);
    }
  }
}

// How many requests the service must not answer more of: those that are whole, and one that is refused or late.
std::size_t most_answers(std::string_view bytes, Rng& rng) {
  std::size_t count = 1;
  while (true) {
    const Framed framed = frame(bytes, bytes.size() + 1, rng);
    if (framed.progress != RequestFramer::Progress::complete) return count;
    bytes.remove_prefix(framed.size);
    ++count;
  }
}

// Reads one answer off the front of `text`; its status, or 0 when that is none.
int take_answer(std::string_view& text) {
  const auto end = text.find("\r\n\r\n");
  if (!text.starts_with("HTTP/1.1 ") || end == std::string_view::npos) return 0;
  const std::string head = to_lower(text.substr(0, end + 2));
  int status = 0;
  std::from_chars(text.data() + 9, text.data() + 12, status);
  text.remove_prefix(end + 4);
  if (status == 100 || status == 204 || status == 304) return status;
  if (head.find("transfer-encoding: chunked\r\n") != std::string::npos) {
    // A stream ends with its client, perhaps in the middle: it is the last on its connection.
    const auto last = text.find("0\r\n\r\n");
    text.remove_prefix(last == std::string_view::npos ? text.size() : last + 5);
    return status;
  }
  constexpr std::string_view kLength = "content-length: ";
  const auto at = head.find(kLength);
  std::size_t length = 0;
  if (at == std::string::npos || head.find(kLength, at + 1) != std::string::npos) return 0;
  std::from_chars(head.data() + at + kLength.size(), head.data() + head.size(), length);
  if (length > text.size()) return 0;
  text.remove_prefix(length);
  return status;
}

class WireFuzz : public ServiceTest {
 protected:
  void SetUp() override {
    log::set_sink({});
    ServerOptions options;
    options.allowed_hosts = {kHost};
    options.request_time = Millis(2000);
    start(std::move(options));
  }
};

TEST_F(WireFuzz, BytesOnTheWireAreAnsweredOrRefused) {
  const std::vector<std::string> requests = raw_requests();
  fuzz::Rounds rounds("wire", 1500);
  while (rounds.next()) {
    SCOPED_TRACE("seed " + std::to_string(rounds.seed()));
    Rng rng(rounds.seed());
    const std::string bytes = nearly_http(requests, rng);
    RawClient client(port_);
    for (std::string_view left = bytes; !left.empty();) {
      const std::size_t size = std::min<std::size_t>(left.size(), 1 + rng.below(4000));
      if (!client.send(left.substr(0, size))) break;
      left.remove_prefix(size);
    }
    client.half_close();
    const std::string answers = client.read_all();
    ASSERT_TRUE(client.closed()) << "no end:\n" << bytes;
    // The body of an answer to HEAD is not there, however long it says that it is.
    if (bytes.find("HEAD") != std::string::npos) continue;
    std::size_t count = 0;
    for (std::string_view left = answers; !left.empty();) {
      const int status = take_answer(left);
      ASSERT_NE(status, 0) << "no answer:\n" << bytes << "\n---\n" << answers;
      ASSERT_TRUE(status < 500 || status == 503) << bytes << "\n---\n" << answers;
      if (status != 100) ++count;
    }
    ASSERT_LE(count, most_answers(bytes, rng)) << bytes << "\n---\n" << answers;
    if (rounds.seed() % 64 == 0) {
      ASSERT_EQ(get("/healthz").status, 200);
    }
  }
}

}  // namespace
}  // namespace krige::server
