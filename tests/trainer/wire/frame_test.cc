#include "trainer/wire/frame.h"

#include <gtest/gtest.h>

#include <cstring>

#include "base/rng.h"

namespace krige::trainer {
namespace {

using Bytes = std::vector<std::byte>;

Bytes frame_bytes(MessageType type, std::uint64_t job, const Bytes& payload) {
  const auto header = encode(FrameHeader{type, payload.size(), job});
  Bytes bytes(header.begin(), header.end());
  bytes.insert(bytes.end(), payload.begin(), payload.end());
  bytes.resize(bytes.size() + padding_of(payload.size()));
  return bytes;
}

Bytes random_bytes(std::size_t size, Rng& rng) {
  Bytes bytes(size);
  for (std::byte& b : bytes) b = static_cast<std::byte>(rng.below(256));
  return bytes;
}

// As a socket does: as much as fits, at most `chunk` at a time. Returns the frames' payloads, or nothing after an
// error.
std::optional<std::vector<Bytes>> feed(FrameBuffer& buffer, const Bytes& stream, std::size_t chunk) {
  std::vector<Bytes> payloads;
  for (std::size_t at = 0; at < stream.size();) {
    const auto space = buffer.prepare();
    const std::size_t size = std::min({chunk, space.size(), stream.size() - at});
    std::memcpy(space.data(), stream.data() + at, size);
    buffer.commit(size);
    at += size;
    while (true) {
      auto frame = buffer.next();
      if (!frame) return std::nullopt;
      if (!*frame) break;
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>((*frame)->payload.data()) % 8, 0U);
      payloads.emplace_back((*frame)->payload.begin(), (*frame)->payload.end());
    }
  }
  return payloads;
}

TEST(FrameBuffer, GivesBackWhatWasSentHoweverItIsCut) {
  Rng rng(1);
  std::vector<Bytes> sent;
  Bytes stream;
  for (const std::size_t size : {0, 1, 7, 8, 9, 1000, 300'000, 3}) {
    sent.push_back(random_bytes(size, rng));
    const Bytes frame = frame_bytes(MessageType::push, 42, sent.back());
    stream.insert(stream.end(), frame.begin(), frame.end());
  }
  for (const std::size_t chunk : {1UL, 23UL, 4096UL, 1UL << 20}) {
    FrameBuffer buffer;
    EXPECT_EQ(feed(buffer, stream, chunk), sent) << chunk;
  }
}

TEST(FrameBuffer, RefusesWhatIsNotAFrame) {
  const Bytes good = frame_bytes(MessageType::pull, 1, Bytes(5));
  const auto refused = [&](std::size_t at, int value) {
    Bytes bad = good;
    bad[at] = static_cast<std::byte>(value);
    FrameBuffer buffer;
    return !feed(buffer, bad, 1 << 16).has_value();
  };
  EXPECT_TRUE(refused(0, 0));  // magic
  EXPECT_TRUE(refused(4, kWireVersion + 1));
  EXPECT_TRUE(refused(5, 0));  // type
  EXPECT_TRUE(refused(5, 200));
  EXPECT_TRUE(refused(6, 1));                // a slot without bytes
  EXPECT_TRUE(refused(24, 1));               // bytes without a slot
  EXPECT_TRUE(refused(15, 1));               // length of 2^56
  EXPECT_TRUE(refused(good.size() - 1, 1));  // padding
}

TEST(FrameBuffer, MemoryFollowsTheBytesThatCameNotTheClaim) {
  const auto header = encode(FrameHeader{MessageType::push, kMaxPayloadBytes, 1});
  FrameBuffer buffer;
  feed(buffer, Bytes(header.begin(), header.end()), 1 << 16);
  EXPECT_LE(buffer.prepare().size(), std::size_t{1} << 20);
}

TEST(FrameBuffer, RandomAndMutatedBytesNeverDoHarm) {
  Rng rng(7);
  for (int round = 0; round < 3000; ++round) {
    Bytes stream = frame_bytes(MessageType::weights, 9, random_bytes(rng.below(200), rng));
    const Bytes second = frame_bytes(MessageType::push, 9, random_bytes(rng.below(200), rng));
    stream.insert(stream.end(), second.begin(), second.end());
    for (std::uint64_t n = rng.below(4); n > 0; --n)
      stream[rng.below(stream.size())] = static_cast<std::byte>(rng.below(256));
    if (rng.below(4) == 0) stream = random_bytes(stream.size(), rng);
    FrameBuffer buffer;
    const auto payloads = feed(buffer, stream, 1 + rng.below(64));
    if (payloads) {
      EXPECT_LE(payloads->size(), 2U);
    }
  }
}

}  // namespace
}  // namespace krige::trainer
