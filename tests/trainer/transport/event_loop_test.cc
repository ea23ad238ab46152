#include "trainer/transport/event_loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>

#include "trainer/transport/socket_pair.h"

namespace krige::trainer {
namespace {

constexpr Millis kDeadline{10'000};

class EventLoopTest : public testing::TestWithParam<Transport> {
 protected:
  void SetUp() override {
    pair_ = make_socket_pair(GetParam()).value();
    loop_.every(kDeadline, [this] { late_ = true; });
  }
  [[nodiscard]] bool run_until(const std::function<bool()>& done) {
    loop_.run_until([&] { return late_ || done(); });
    return !late_;
  }

  EventLoop loop_;
  SocketPair pair_;
  bool late_ = false;
};

TEST_P(EventLoopTest, FramesArriveWholeAndInOrderInBothDirections) {
  // Far more than a socket holds, both ways at once: neither side may block the other.
  const Floats large(3'000'000, 1.25F);
  std::vector<std::uint64_t> first_got;
  std::vector<std::uint64_t> second_got;
  const auto into = [&](std::vector<std::uint64_t>& versions) {
    return ChannelHandlers{[&](const Frame& frame) -> Status {
                             KRIGE_TRY(const Weights weights, decode<Weights>(frame));
                             EXPECT_TRUE(weights.weights.empty() || std::ranges::equal(weights.weights, large));
                             versions.push_back(weights.version);
                             return {};
                           },
                           [](const Error& error) { ADD_FAILURE() << error.message; }};
  };
  const auto first = loop_.open(std::move(pair_.first), into(first_got));
  const auto second = loop_.open(std::move(pair_.second), into(second_got));
  for (std::uint64_t i = 0; i < 6; ++i) {
    first->send(1, Weights{i, 0, 0, i % 2 == 0 ? std::span<const float>(large) : std::span<const float>()});
    second->send(1, Weights{i, 0, 0, i % 3 == 0 ? std::span<const float>(large) : std::span<const float>()});
  }
  ASSERT_TRUE(run_until([&] { return first_got.size() == 6 && second_got.size() == 6; }));
  EXPECT_EQ(first_got, (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(second_got, first_got);
}

TEST_P(EventLoopTest, TellsThatThePeerHasGone) {
  std::optional<Error> closed;
  const auto channel = loop_.open(
      std::move(pair_.first), {[](const Frame&) -> Status { return {}; }, [&](const Error& error) { closed = error; }});
  pair_.second.reset();
  ASSERT_TRUE(run_until([&] { return closed.has_value(); }));
  EXPECT_EQ(closed->code, ErrorCode::unavailable);
  channel->send(1, Heartbeat{});
}

TEST_P(EventLoopTest, TellsThatThePeerTalksNonsense) {
  std::optional<Error> closed;
  const auto channel = loop_.open(
      std::move(pair_.first), {[](const Frame&) -> Status { return {}; }, [&](const Error& error) { closed = error; }});
  ASSERT_TRUE(write_all(pair_.second.get(), "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"));
  ASSERT_TRUE(run_until([&] { return closed.has_value(); }));
  EXPECT_EQ(closed->code, ErrorCode::corrupt);
  char byte = 0;
  EXPECT_LE(::recv(pair_.second.get(), &byte, 1, 0), 0);  // the channel is closed
}

TEST_P(EventLoopTest, AnErrorOfAHandlerClosesTheChannel) {
  std::optional<Error> closed;
  int frames = 0;
  const auto channel = loop_.open(std::move(pair_.first), {[&](const Frame&) -> Status {
                                                             ++frames;
                                                             return fail(ErrorCode::corrupt, "not for me");
                                                           },
                                                           [&](const Error& error) { closed = error; }});
  const auto peer =
      loop_.open(std::move(pair_.second), {[](const Frame&) -> Status { return {}; }, [](const Error&) {}});
  peer->send(1, Heartbeat{});
  peer->send(1, Heartbeat{});
  ASSERT_TRUE(run_until([&] { return closed.has_value(); }));
  EXPECT_EQ(closed->message, "not for me");
  EXPECT_EQ(frames, 1);
}

TEST(EventLoop, WatchesDescriptorsAndTicks) {
  EventLoop loop;
  Pipe pipe = make_pipe().value();
  int ticks = 0;
  std::string got;
  loop.every(Millis(1), [&] {
    ++ticks;
    if (ticks <= 3) {
      EXPECT_TRUE(write_all(pipe.write.get(), "x"));
    }
  });
  loop.watch(pipe.read.get(), [&] {
    char byte = 0;
    if (::read(pipe.read.get(), &byte, 1) == 1) got += byte;
  });
  loop.run_until([&] { return got.size() == 3 || ticks > 10'000; });
  EXPECT_EQ(got, "xxx");
}

INSTANTIATE_TEST_SUITE_P(Transports, EventLoopTest, testing::Values(Transport::unix_sockets, Transport::tcp),
                         [](const auto& test) { return test.param == Transport::tcp ? "tcp" : "unix"; });

}  // namespace
}  // namespace krige::trainer
