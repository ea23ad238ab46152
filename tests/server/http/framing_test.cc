#include "server/http/framing.h"

#include <gtest/gtest.h>

#include <string>

namespace krige::server {
namespace {

using Progress = RequestFramer::Progress;
constexpr FramingLimits kLimits{.request_line_bytes = 64, .head_bytes = 256, .body_bytes = 32};

std::string post(const std::string& headers, const std::string& body) {
  return "POST /a HTTP/1.1\r\n" + headers + "\r\n" + body;
}

// The status of the refusal; 0 when it is not refused.
int refusal(const std::string& bytes) {
  RequestFramer framer(kLimits);
  return framer.advance(bytes) == Progress::refused ? framer.refusal().status : 0;
}

TEST(Framing, FindsTheSameEndHoweverTheBytesArrive) {
  const std::vector<std::string> requests{
      "GET / HTTP/1.1\r\nHost: a\r\n\r\n", post("Content-Length: 5\r\n", "hello"),
      post("Transfer-Encoding: Chunked\r\n", "5\r\nhello\r\n1B\r\n" + std::string(27, 'x') + "\r\n0\r\n\r\n")};
  for (const std::string& request : requests) {
    const std::string bytes = request + "GET /next";
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
      RequestFramer framer(kLimits);
      Progress progress = Progress::more;
      for (std::size_t size = 0; progress == Progress::more && size < bytes.size();) {
        size = std::min(size + step, bytes.size());
        progress = framer.advance(std::string_view(bytes).substr(0, size));
        ASSERT_EQ(progress == Progress::complete, size >= request.size()) << request << " at " << size;
      }
      EXPECT_EQ(framer.size(), request.size());
    }
  }
}

TEST(Framing, BoundsEveryPart) {
  EXPECT_EQ(refusal("GET /" + std::string(64, 'a') + " HTTP/1.1\r\n\r\n"), 414);
  EXPECT_EQ(refusal(post("A: " + std::string(300, 'a') + "\r\n", "")), 431);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\n" + std::string(300, 'a')), 431);  // without an end
  EXPECT_EQ(refusal(post("Content-Length: 32\r\n", "")), 0);
  EXPECT_EQ(refusal(post("Content-Length: 33\r\n", "")), 413);
  EXPECT_EQ(refusal(post("Content-Length: 99999999999999999999999\r\n", "")), 400);
  EXPECT_EQ(refusal(post("Transfer-Encoding: chunked\r\n", "21\r\n")), 413);
  EXPECT_EQ(refusal(post("Transfer-Encoding: chunked\r\n", "20\r\n" + std::string(32, 'x') + "\r\n1\r\n")), 413);
}

TEST(Framing, RefusesManyTinyChunks) {
  FramingLimits limits;
  limits.body_bytes = 1000;
  RequestFramer framer(limits);
  std::string bytes = post("Transfer-Encoding: chunked\r\n", "");
  for (int i = 0; i < 1000; ++i) bytes += "00000001\r\nx\r\n";
  bytes.resize(bytes.size() + limits.head_bytes, '0');
  EXPECT_EQ(framer.advance(bytes), Progress::refused);
}

TEST(Framing, RefusesWhatCouldBeReadInTwoWays) {
  EXPECT_EQ(refusal(post("Content-Length: 1\r\nContent-Length: 1\r\n", "x")), 400);
  EXPECT_EQ(refusal(post("Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", "x")), 400);
  EXPECT_EQ(refusal(post("Content-Length: +1\r\n", "x")), 400);
  EXPECT_EQ(refusal(post("Content-Length: 1, 1\r\n", "x")), 400);
  EXPECT_EQ(refusal(post("Content-Length:\r\n", "x")), 400);
  EXPECT_EQ(refusal(post("Transfer-Encoding: gzip, chunked\r\n", "")), 400);
  EXPECT_EQ(refusal(post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "")), 400);
  EXPECT_EQ(refusal(post("A : b\r\n", "")), 400);
  EXPECT_EQ(refusal(post("A: b\r\n folded\r\n", "")), 400);
  EXPECT_EQ(refusal(post("no colon\r\n", "")), 400);
  EXPECT_EQ(refusal(post("A: b\nC: d\r\n", "")), 400);
  EXPECT_EQ(refusal(post(std::string("A: b\0c\r\n", 8), "")), 400);
  EXPECT_EQ(refusal(post("Transfer-Encoding: chunked\r\n", "5;a=b\r\n")), 400);
  EXPECT_EQ(refusal(post("Transfer-Encoding: chunked\r\n", "-1\r\n")), 400);
  EXPECT_EQ(refusal(post("Transfer-Encoding: chunked\r\n", "-2\r\n")), 400);
  EXPECT_EQ(refusal(post("Transfer-Encoding: chunked\r\n", "0000000000")), 400);
  EXPECT_EQ(refusal(post("Transfer-Encoding: chunked\r\n", "1\r\nxy\r\n")), 400);
  EXPECT_EQ(refusal(post("Transfer-Encoding: chunked\r\n", "0\r\nHost: b\r\n\r\n")), 400);
}

TEST(Framing, RefusesCompressedBodies) {
  EXPECT_EQ(refusal(post("Content-Encoding: gzip\r\nContent-Length: 1\r\n", "x")), 415);
  EXPECT_EQ(refusal(post("Content-Encoding: identity\r\nContent-Length: 1\r\n", "x")), 0);
}

TEST(Framing, RefusesMoreRangesThanTheLibraryCanRead) {
  FramingLimits limits;
  const auto refused = [&](const std::string& ranges) {
    RequestFramer framer(limits);
    return framer.advance("GET / HTTP/1.1\r\nRange: " + ranges + "\r\n\r\n") == Progress::refused
               ? framer.refusal().status
               : 0;
  };
  EXPECT_EQ(refused("bytes=0-1,5-,-7"), 0);
  EXPECT_EQ(refused("bytes=" + std::string(200, '1') + "-"), 416);
}

TEST(Framing, TellsWhoWaitsForContinue) {
  RequestFramer framer(kLimits);
  EXPECT_EQ(framer.advance(post("Expect: 100-Continue\r\nContent-Length: 1\r\n", "")), Progress::more);
  EXPECT_TRUE(framer.wants_continue());
}

}  // namespace
}  // namespace krige::server
