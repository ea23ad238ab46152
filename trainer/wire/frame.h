// Frames: what travels between the processes of one training. Little-endian.
//   magic u32 | version u8 | type u8 | slot u16 | payload bytes u64 | job u64 | body bytes u64 | payload | zeros up to
//   a multiple of 8
// slot 0: the payload is the whole message. Slot s > 0: the numbers at its end, `body bytes` of them, lie in slot s − 1
// of the link's shared memory.
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
  hold,            // coordinator → shard: no reads further than needed to stop soon
  held,            // shard → coordinator: where it can stop
  stop_at,         // coordinator → shard: where all stop
  state,           // shard → coordinator: all that a checkpoint needs
  keyed_push,      // worker → shard: as push, of the keys it names
  keyed_pull,      // worker → shard: as pull, likewise
  keyed_weights,   // shard → worker: the weights of these keys
  key_miss,        // shard → worker: it does not have that list of keys
  objective,       // driver (coordinator) → worker, mapreduce: asks for its part of the loss and gradient at a point
  partial,         // worker → driver
  call,            // worker → shard: a server function on some of its keys
  called,          // shard → worker: what became of it
  assist,          // worker → shard: it has nothing to do, what is missing of a minibatch?
  missing_blocks,  // shard → worker
};

inline constexpr std::uint8_t kWireVersion = 2;
inline constexpr std::size_t kFrameHeaderBytes = 32;
inline constexpr std::uint64_t kMaxPayloadBytes = std::uint64_t{1} << 31;

struct FrameHeader {
  MessageType type = MessageType::heartbeat;
  std::uint64_t payload_bytes = 0;
  std::uint64_t job = 0;
  std::uint16_t slot = 0;
  std::uint64_t body_bytes = 0;  // 0 if and only if slot is 0
};
[[nodiscard]] std::array<std::byte, kFrameHeaderBytes> encode(const FrameHeader& header);
// corrupt: not a header of this version, or a length over kMaxPayloadBytes. Whether the slot exists is the channel's.
[[nodiscard]] Result<FrameHeader> decode_frame_header(std::span<const std::byte, kFrameHeaderBytes> bytes);
// Zeros behind a payload, so that every frame begins at a multiple of 8.
[[nodiscard]] constexpr std::size_t padding_of(std::uint64_t payload_bytes) { return (8 - payload_bytes % 8) % 8; }

// A view: valid until its FrameBuffer is used again.
struct Frame {
  MessageType type;
  std::uint64_t job;
  std::span<const std::byte> payload;  // begins at a multiple of 8
  std::uint16_t slot = 0;              // as in the header
  std::uint64_t body_bytes = 0;
  std::span<const std::byte> body{};  // what lies in the slot: the channel fills it in
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
