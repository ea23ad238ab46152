#include "trainer/wire/frame.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstring>

namespace krige::trainer {
namespace {

static_assert(std::endian::native == std::endian::little, "frames are little-endian and copied as they are");

constexpr std::uint32_t kMagic = 0x4547524b;  // "KRGE"
constexpr std::size_t kLeastRead = 1 << 16;

template <typename T>
void put(std::byte* at, T value) {
  std::memcpy(at, &value, sizeof value);
}

template <typename T>
T get(const std::byte* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

}  // namespace

std::array<std::byte, kFrameHeaderBytes> encode(const FrameHeader& header) {
  std::array<std::byte, kFrameHeaderBytes> bytes{};
  put(bytes.data(), kMagic);
  put(bytes.data() + 4, kWireVersion);
  put(bytes.data() + 5, header.type);
  put(bytes.data() + 6, header.slot);
  put(bytes.data() + 8, header.payload_bytes);
  put(bytes.data() + 16, header.job);
  put(bytes.data() + 24, header.body_bytes);
  return bytes;
}

Result<FrameHeader> decode_frame_header(std::span<const std::byte, kFrameHeaderBytes> bytes) {
  if (get<std::uint32_t>(bytes.data()) != kMagic) return fail(ErrorCode::corrupt, "what came is not a frame");
  if (const auto version = get<std::uint8_t>(bytes.data() + 4); version != kWireVersion)
    return fail(ErrorCode::corrupt, fmt::format("the peer speaks version {}, this program {}", version, kWireVersion));
  const auto type = get<std::uint8_t>(bytes.data() + 5);
  if (type < static_cast<std::uint8_t>(MessageType::assignment) ||
      type > static_cast<std::uint8_t>(MessageType::missing_blocks))
    return fail(ErrorCode::corrupt, fmt::format("there is no message of type {}", type));
  FrameHeader header{static_cast<MessageType>(type), get<std::uint64_t>(bytes.data() + 8),
                     get<std::uint64_t>(bytes.data() + 16), get<std::uint16_t>(bytes.data() + 6),
                     get<std::uint64_t>(bytes.data() + 24)};
  if ((header.slot == 0) != (header.body_bytes == 0))
    return fail(ErrorCode::corrupt, fmt::format("{} bytes in slot {}", header.body_bytes, header.slot));
  if (const std::uint64_t longest = std::max(header.payload_bytes, header.body_bytes); longest > kMaxPayloadBytes)
    return fail(ErrorCode::corrupt, fmt::format("a message of {} bytes is too long", longest));
  return header;
}

std::span<std::byte> FrameBuffer::prepare() {
  if (consumed_ > 0) {
    std::memmove(bytes_.data(), bytes_.data() + consumed_, filled_ - consumed_);
    filled_ -= consumed_;
    consumed_ = 0;
  }
  const std::size_t claimed = std::max(wanted_, filled_ + kLeastRead);
  const std::size_t target = std::min(claimed, std::max(2 * filled_, 4 * kLeastRead));
  if (bytes_.size() < target) bytes_.resize(target);
  return std::span(bytes_).subspan(filled_);
}

Result<std::optional<Frame>> FrameBuffer::next() {
  const std::size_t available = filled_ - consumed_;
  wanted_ = 0;
  if (available < kFrameHeaderBytes) return std::nullopt;
  const std::byte* begin = bytes_.data() + consumed_;
  KRIGE_TRY(const FrameHeader header,
            decode_frame_header(std::span<const std::byte, kFrameHeaderBytes>(begin, kFrameHeaderBytes)));
  const std::size_t padding = padding_of(header.payload_bytes);
  const std::size_t whole = kFrameHeaderBytes + header.payload_bytes + padding;
  if (available < whole) {
    wanted_ = whole;
    return std::nullopt;
  }
  const std::byte* payload = begin + kFrameHeaderBytes;
  if (std::any_of(payload + header.payload_bytes, begin + whole, [](std::byte b) { return b != std::byte{0}; }))
    return fail(ErrorCode::corrupt, "a message is not padded with zeros");
  consumed_ += whole;
  return Frame{header.type, header.job, {payload, header.payload_bytes}, header.slot, header.body_bytes};
}

}  // namespace krige::trainer
