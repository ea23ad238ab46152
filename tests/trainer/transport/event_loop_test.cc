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
    if (GetParam() == Transport::shared_memory) memory_ = SharedSlots::create().value();
    loop_.every(kDeadline, [this] { late_ = true; });
  }
  [[nodiscard]] bool run_until(const std::function<bool()>& done) {
    loop_.run_until([&] { return late_ || done(); });
    return !late_;
  }

  // Slots for fewer numbers than the largest message has.
  std::optional<SharedSlots> slots(SharedSlots::Side side) {
    if (!memory_) return std::nullopt;
    return SharedSlots::open(memory_, side, std::size_t{1} << 20).value();
  }
  std::unique_ptr<Channel> open_first(ChannelHandlers handlers) {
    return loop_.open(std::move(pair_.first), std::move(handlers), slots(SharedSlots::Side::maker));
  }
  std::unique_ptr<Channel> open_second(ChannelHandlers handlers) {
    return loop_.open(std::move(pair_.second), std::move(handlers), slots(SharedSlots::Side::taker));
  }

  EventLoop loop_;
  SocketPair pair_;
  UniqueFd memory_;
  bool late_ = false;
};

TEST_P(EventLoopTest, FramesArriveWholeAndInOrderInBothDirections) {
  // Far more than a socket holds, both ways at once: neither side may block the other.
  const Floats large(3'000'000, 1.25F);
  const Floats small(1000, -3.5F);
  std::vector<std::uint64_t> first_got;
  std::vector<std::uint64_t> second_got;
  const auto into = [&](std::vector<std::uint64_t>& versions) {
    return ChannelHandlers{[&](const Frame& frame) -> Status {
                             KRIGE_TRY(const Weights weights, decode<Weights>(frame));
                             const bool is_large = weights.weights.size() == large.size();
                             EXPECT_TRUE(std::ranges::equal(weights.weights, is_large ? large : small));
                             versions.push_back(weights.version);
                             return {};
                           },
                           [](const Error& error) { ADD_FAILURE() << error.message; }};
  };
  const auto first = open_first(into(first_got));
  const auto second = open_second(into(second_got));
  for (std::uint64_t i = 0; i < 6; ++i) {
    first->send(1, Weights{i, 0, 0, i % 2 == 0 ? large : small});
    second->send(1, Weights{i, 0, 0, i % 3 == 0 ? large : small});
  }
  ASSERT_TRUE(run_until([&] { return first_got.size() == 6 && second_got.size() == 6; }));
  EXPECT_EQ(first_got, (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(second_got, first_got);
}

TEST_P(EventLoopTest, CountsBytesOfSocketsAndOfMemoryApart) {
  bool came = false;
  const auto first = open_first({[](const Frame&) -> Status { return {}; }, [](const Error&) {}});
  const auto second = open_second({[&](const Frame&) -> Status {
                                     came = true;
                                     return {};
                                   },
                                   [](const Error&) {}});
  const Floats numbers(1000, 1.0F);
  first->send(1, Weights{1, 0, 0, numbers});
  ASSERT_TRUE(run_until([&] { return came; }));
  // Both ends are this loop's: every byte is sent once and received once.
  const Traffic traffic = loop_.traffic();
  const bool shared = GetParam() == Transport::shared_memory;
  EXPECT_EQ(traffic.memory_bytes, shared ? 2 * 4000U : 0U);
  EXPECT_EQ(traffic.socket_bytes % 2, 0U);
  EXPECT_GT(traffic.socket_bytes, shared ? 0U : 2 * 4000U);
  EXPECT_LT(traffic.socket_bytes, (shared ? 0U : 2 * 4000U) + 2 * 200U);
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

// A handler sees the numbers where the peer wrote them, and their slot is free only when it has returned.
TEST_P(EventLoopTest, ASlotIsFreeAfterItsHandler) {
  if (!memory_) return;
  const Floats values(100, 2.0F);
  std::vector<const float*> places;
  std::vector<float> seen;
  const auto writer = open_first({[](const Frame&) -> Status { return {}; }, [](const Error&) {}});
  const auto reader = open_second({[&](const Frame& frame) -> Status {
                                     KRIGE_TRY(const Weights weights, decode<Weights>(frame));
                                     places.push_back(weights.weights.data());
                                     seen.push_back(weights.weights[0]);
                                     return {};
                                   },
                                   [](const Error& error) { ADD_FAILURE() << error.message; }});
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < 3; ++i) writer->send(1, Weights{0, 0, 0, values});
    ASSERT_TRUE(run_until([&] { return seen.size() == static_cast<std::size_t>(3 * round + 3); }));
  }
  EXPECT_EQ(seen, std::vector<float>(9, 2.0F));
  // Two of three find a slot, the same two in turn; the third came through the socket.
  EXPECT_NE(places[0], places[1]);
  EXPECT_EQ(places[3], places[0]);
  EXPECT_EQ(places[4], places[1]);
}

TEST_P(EventLoopTest, AFrameThatNamesASlotThatIsNotThereIsCorrupt) {
  std::optional<Error> closed;
  const auto channel =
      open_first({[](const Frame&) -> Status { return {}; }, [&](const Error& error) { closed = error; }});
  const auto header = encode(FrameHeader{MessageType::weights, 0, 1, 1, 400});
  ASSERT_TRUE(write_all(pair_.second.get(), {reinterpret_cast<const char*>(header.data()), header.size()}));
  ASSERT_TRUE(run_until([&] { return closed.has_value(); }));
  EXPECT_EQ(closed->code, ErrorCode::corrupt);
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

INSTANTIATE_TEST_SUITE_P(Transports, EventLoopTest,
                         testing::Values(Transport::shared_memory, Transport::unix_sockets, Transport::tcp),
                         [](const auto& test) {
                           if (test.param == Transport::shared_memory) return "shm";
                           return test.param == Transport::tcp ? "tcp" : "unix";
                         });

}  // namespace
}  // namespace krige::trainer
