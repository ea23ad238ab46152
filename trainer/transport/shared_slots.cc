#include "trainer/transport/shared_slots.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <limits>
#include <new>
#include <utility>

namespace krige::trainer {
namespace {

constexpr std::size_t kLine = 64;
// A state each for two slots in two directions, each on a cache line of its own.
constexpr std::size_t kHeaderBytes = 2 * SharedSlots::kSlots * kLine;
constexpr std::uint32_t kFree = 0;
constexpr std::uint32_t kPublished = 1;
// A file that can shrink kills whoever reads behind its end (SIGBUS).
constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL;

static_assert(std::atomic<std::uint32_t>::is_always_lock_free, "a lock would be this process's own");

std::size_t stride_of(std::size_t slot_bytes) { return (slot_bytes + kLine - 1) / kLine * kLine; }
std::size_t total_bytes(std::size_t slot_bytes) {
  return kHeaderBytes + 2 * SharedSlots::kSlots * stride_of(slot_bytes);
}

Status fix_size(int fd, std::size_t bytes) {
  // Pages exist only once they are written: the size costs nothing.
  if (::ftruncate(fd, static_cast<off_t>(bytes)) != 0 || ::fcntl(fd, F_ADD_SEALS, kSeals) != 0)
    return fail_errno(errno, fmt::format("cannot size a shared memory of {} bytes", bytes));
  return {};
}

Status check_size(int fd, std::size_t bytes) {
  struct stat info {};
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (::fstat(fd, &info) != 0 || seals < 0) return fail_errno(errno, "cannot inspect a shared memory");
  if (static_cast<std::size_t>(info.st_size) != bytes || (seals & kSeals) != kSeals)
    return fail(ErrorCode::corrupt, fmt::format("a shared memory has {} bytes, not {} for good", info.st_size, bytes));
  return {};
}

}  // namespace

Result<UniqueFd> SharedSlots::create() {
  UniqueFd memory(::memfd_create("krige-link", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory) return fail_errno(errno, "cannot make shared memory");
  return memory;
}

Result<SharedSlots> SharedSlots::open(const UniqueFd& memory, Side side, std::size_t slot_bytes) {
  if (slot_bytes > std::numeric_limits<std::size_t>::max() / 16)
    return fail(ErrorCode::invalid_argument, fmt::format("a slot of {} bytes is too long", slot_bytes));
  const std::size_t bytes = total_bytes(slot_bytes);
  KRIGE_CHECK(side == Side::maker ? fix_size(memory.get(), bytes) : check_size(memory.get(), bytes));
  void* mapped = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
  if (mapped == MAP_FAILED) return fail_errno(errno, fmt::format("cannot map {} bytes of shared memory", bytes));
  return SharedSlots(static_cast<std::byte*>(mapped), side, slot_bytes);
}

SharedSlots::SharedSlots(std::byte* memory, Side side, std::size_t slot_bytes)
    : memory_(memory), side_(side), slot_bytes_(slot_bytes) {}

SharedSlots::SharedSlots(SharedSlots&& other) noexcept
    : memory_(std::exchange(other.memory_, nullptr)),
      side_(other.side_),
      slot_bytes_(other.slot_bytes_),
      next_(other.next_) {}

SharedSlots::~SharedSlots() {
  if (memory_ != nullptr) ::munmap(memory_, total_bytes(slot_bytes_));
}

// New pages are zero, and so is a free slot's state.
std::atomic<std::uint32_t>& SharedSlots::state(Side writer, unsigned slot) const {
  const std::size_t place = (writer == Side::maker ? 0 : kSlots) + slot;
  return *std::launder(reinterpret_cast<std::atomic<std::uint32_t>*>(memory_ + place * kLine));
}

std::byte* SharedSlots::slot(Side writer, unsigned slot) const {
  const std::size_t place = (writer == Side::maker ? 0 : kSlots) + slot;
  return memory_ + kHeaderBytes + place * stride_of(slot_bytes_);
}

std::optional<unsigned> SharedSlots::put(std::span<const std::span<const float>> pieces) {
  std::size_t bytes = 0;
  for (const auto& piece : pieces) bytes += piece.size_bytes();
  if (bytes == 0 || bytes > slot_bytes_) return std::nullopt;
  const unsigned chosen = next_;
  if (state(side_, chosen).load(std::memory_order_acquire) != kFree) return std::nullopt;
  std::byte* to = slot(side_, chosen);
  for (const auto& piece : pieces) {
    std::memcpy(to, piece.data(), piece.size_bytes());
    to += piece.size_bytes();
  }
  state(side_, chosen).store(kPublished, std::memory_order_release);
  next_ = (chosen + 1) % kSlots;
  return chosen;
}

Result<std::span<const std::byte>> SharedSlots::get(unsigned from, std::uint64_t bytes) const {
  if (from >= kSlots || bytes > slot_bytes_)
    return fail(ErrorCode::corrupt, fmt::format("{} bytes in slot {} are not within the memory", bytes, from));
  if (state(peer(), from).load(std::memory_order_acquire) != kPublished)
    return fail(ErrorCode::corrupt, fmt::format("slot {} was not published", from));
  return std::span<const std::byte>(slot(peer(), from), bytes);
}

void SharedSlots::release(unsigned from) { state(peer(), from).store(kFree, std::memory_order_release); }

}  // namespace krige::trainer
