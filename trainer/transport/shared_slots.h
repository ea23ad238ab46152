// The shared memory of one link: two slots of numbers in each direction, so that the next message can be written while
// the last one is still being applied. Only the numbers lie here. What says where and how many they are travels as a
// frame over the link's socket, which is also the doorbell and tells when the peer dies: nothing that decides about
// memory is ever read from memory that the peer can change (docs/adr/0007-data-plane.md).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/error.h"
#include "base/fd.h"

namespace krige::trainer {

// One process maps it as `maker`, the other as `taker`. Belongs to the thread of its channel.
class SharedSlots {
 public:
  static constexpr unsigned kSlots = 2;  // in each direction
  enum class Side { maker, taker };

  // An anonymous memory file without a name or a size, for both ends of a link. io: no memory or descriptors.
  [[nodiscard]] static Result<UniqueFd> create();
  // Maps the memory. The maker gives it its size, for slots of `slot_bytes`, for good; the taker comes after it and
  // finds that size. corrupt: the size is another or could still change. io: no memory.
  [[nodiscard]] static Result<SharedSlots> open(const UniqueFd& memory, Side side, std::size_t slot_bytes);
  SharedSlots(SharedSlots&& other) noexcept;
  SharedSlots& operator=(SharedSlots&&) = delete;
  ~SharedSlots();

  // Copies the pieces, one after the other, into a free slot of this side and publishes it. Nothing: the peer has not
  // released one, or they do not fit.
  [[nodiscard]] std::optional<unsigned> put(std::span<const std::span<const float>> pieces);
  // The first `bytes` of a slot that the peer has published; begins at a multiple of 64, valid until release(). The
  // peer can still change the numbers, never their count. corrupt: no such slot, not published, or longer than a slot.
  [[nodiscard]] Result<std::span<const std::byte>> get(unsigned slot, std::uint64_t bytes) const;
  // The peer may write the slot again.
  void release(unsigned slot);

 private:
  SharedSlots(std::byte* memory, Side side, std::size_t slot_bytes);
  [[nodiscard]] std::atomic<std::uint32_t>& state(Side writer, unsigned slot) const;
  [[nodiscard]] std::byte* slot(Side writer, unsigned slot) const;
  [[nodiscard]] Side peer() const { return side_ == Side::maker ? Side::taker : Side::maker; }

  std::byte* memory_;
  Side side_;
  std::size_t slot_bytes_;
  unsigned next_ = 0;
};

}  // namespace krige::trainer
