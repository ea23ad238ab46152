// Vectors of f32 on 64-byte boundaries. Eigen peels a loop up to the first aligned element, so that two sums over the
// same numbers at different alignments differ in their last bit; the same alignment everywhere is what makes `bsp`
// reproducible.
#pragma once

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>
#include <vector>

namespace krige::trainer {

template <typename T>
struct CacheLineAllocator {
  using value_type = T;
  static constexpr std::align_val_t kAlignment{64};
  CacheLineAllocator() = default;
  template <typename U>
  explicit CacheLineAllocator(const CacheLineAllocator<U>&) {}
  [[nodiscard]] T* allocate(std::size_t n) { return static_cast<T*>(::operator new(n * sizeof(T), kAlignment)); }
  void deallocate(T* p, std::size_t) { ::operator delete(p, kAlignment); }
  friend bool operator==(const CacheLineAllocator&, const CacheLineAllocator&) { return true; }
};

template <typename T>
using Aligned = std::vector<T, CacheLineAllocator<T>>;
using Floats = Aligned<float>;

// Keys begin … end − 1 of the flat parameter vector.
struct KeyRange {
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  [[nodiscard]] std::uint64_t size() const { return end - begin; }
  friend bool operator==(const KeyRange&, const KeyRange&) = default;
};

// Part `index` of [0, total) cut into `parts` contiguous ones, whose sizes differ by at most one.
[[nodiscard]] inline KeyRange part_of(std::uint64_t total, std::uint64_t parts, std::uint64_t index) {
  const auto cut = [&](std::uint64_t i) { return total / parts * i + total % parts * i / parts; };
  return {cut(index), cut(index + 1)};
}

// For the calling thread, numbers below 1e-38 count as zero, as operands and as results. Moments of gradients that have
// become zero decay into that range, where an addition takes a hundred times as long. Does nothing but on x86.
void flush_denormals();

}  // namespace krige::trainer
