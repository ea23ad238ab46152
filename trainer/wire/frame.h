// Frames: what travels between the processes of one training. Little-endian.
//   magic u32 | version u8 | type u8 | zero u16 | payload bytes u64 | job u64 | payload | zeros up to a multiple of 8
// A version that is not ours, a length over the bound or anything else out of order ends the connection: there is
// nothing that a peer of the same build could have meant by it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/error.h"
#include "trainer/floats.h"

namespace krige::trainer {

enum class MessageType : std::uint8_t {
  assignment = 1,  // coordinator → member: who it is, and the job
  ready,           // worker → coordinator: its data is loaded
  begin,           // coordinator → shard: its first weights
  pull,            // worker → shard
  push,            // worker → shard, answered like a pull
  weights,         // shard → worker
  snapshot,        // shard → coordinator: its weights at the end of an epoch
  evaluate,        // coordinator → worker: all weights at the end of an epoch
  evaluation,      // worker → coordinator
  heartbeat,       // member → coordinator
  failure,         // member → coordinator: why it is about to exit
  objective,       // driver (coordinator) → worker, mapreduce: asks for its part of the loss and gradient at a point
  partial,         // worker → driver
};

inline constexpr std::uint8_t kWireVersion = 1;
inline constexpr std::size_t kFrameHeaderBytes = 24;
inline constexpr std::uint64_t kMaxPayloadBytes = std::uint64_t{1} << 31;

struct FrameHeader {
  MessageType type = MessageType::heartbeat;
  std::uint64_t payload_bytes = 0;
  std::uint64_t job = 0;
};
[[nodiscard]] std::array<std::byte, kFrameHeaderBytes> encode(const FrameHeader& header);
// corrupt: not a header of this version, or a length over kMaxPayloadBytes.
[[nodiscard]] Result<FrameHeader> decode_frame_header(std::span<const std::byte, kFrameHeaderBytes> bytes);
// Zeros behind a payload, so that every frame begins at a multiple of 8.
[[nodiscard]] constexpr std::size_t padding_of(std::uint64_t payload_bytes) { return (8 - payload_bytes % 8) % 8; }

// A view: valid until its FrameBuffer is used again.
struct Frame {
  MessageType type;
  std::uint64_t job;
  std::span<const std::byte> payload;  // begins at a multiple of 8
};

// Bytes of a stream in, frames out. Memory grows with the bytes that came, not with the length that a header claims.
class FrameBuffer {
 public:
  // Where to put the next bytes; never empty. Ends the life of frames that next() gave.
  [[nodiscard]] std::span<std::byte> prepare();
  // The first `bytes` of prepare() are filled.
  void commit(std::size_t bytes) { filled_ += bytes; }
  // The next whole frame, or nothing yet.
  [[nodiscard]] Result<std::optional<Frame>> next();

 private:
  std::vector<std::byte, CacheLineAllocator<std::byte>> bytes_;
  std::size_t consumed_ = 0;
  std::size_t filled_ = 0;
  std::size_t wanted_ = 0;  // of the frame that has begun
};

}  // namespace krige::trainer
