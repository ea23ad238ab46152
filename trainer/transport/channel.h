// A two-way, ordered link to one peer that carries frames. All channels of a process belong to one thread, that of its
// event loop.
#pragma once

#include <functional>
#include <span>

#include "base/error.h"
#include "trainer/wire/frame.h"
#include "trainer/wire/messages.h"

namespace krige::trainer {

struct ChannelHandlers {
  // A frame came; it is a view, valid during the call. An error closes the channel with that error.
  std::function<Status(const Frame&)> on_frame;
  // Called once, and no on_frame after it. ErrorCode::unavailable: the peer has gone; another code: it talks nonsense.
  std::function<void(const Error&)> on_closed;
};

class Channel {
 public:
  virtual ~Channel() = default;
  // Sends head and then the pieces of body as the payload of one frame. Never blocks: what the peer does not take at
  // once is copied and follows. After the peer has gone it does nothing; on_closed has told or will tell.
  virtual void send(MessageType type, std::uint64_t job, std::span<const std::byte> head,
                    std::span<const std::span<const float>> body) = 0;

  template <typename M>
  void send(std::uint64_t job, const M& message, std::span<const std::span<const float>> body) {
    ByteWriter head;
    encode_head(head, message);
    send(M::kType, job, head.bytes(), body);
  }
  template <typename M>
  void send(std::uint64_t job, const M& message) {
    if constexpr (requires { message.state; }) {
      const std::span<const float> body[] = {message.weights, message.state};
      send(job, message, body);
    } else if constexpr (requires { message.weights; }) {
      const std::span<const float> body[] = {message.weights};
      send(job, message, body);
    } else if constexpr (requires { message.arguments; }) {
      send(job, message, {&message.arguments, 1});
    } else {
      send(job, message, std::span<const std::span<const float>>{});
    }
  }
};

}  // namespace krige::trainer
