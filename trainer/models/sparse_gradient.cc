#include "trainer/models/sparse_gradient.h"

#include <bit>

namespace krige::trainer {
namespace {

constexpr std::size_t kBits = 64;

// Calls visit(index) for each bit of `bits`, ascending, as base + its place.
template <typename Visit>
void for_each_bit(std::uint64_t bits, std::size_t base, const Visit& visit) {
  for (; bits != 0; bits &= bits - 1) visit(base + static_cast<std::size_t>(std::countr_zero(bits)));
}

}  // namespace

void TouchedFeatures::collect(std::span<const std::uint32_t> ids, std::size_t columns) {
  if (rank_.size() < columns) {
    rank_.resize(columns);
    marked_.resize(columns / kBits + 1);
    words_.resize(marked_.size() / kBits + 1);
  }
  for (const std::uint32_t id : ids) {
    const std::size_t word = id / kBits;
    marked_[word] |= std::uint64_t{1} << id % kBits;
    words_[word / kBits] |= std::uint64_t{1} << word % kBits;
  }
  ids_.clear();
  for (std::size_t group = 0; group < words_.size(); ++group) {
    for_each_bit(words_[group], group * kBits, [&](std::size_t word) {
      for_each_bit(marked_[word], word * kBits, [&](std::size_t id) {
        rank_[id] = static_cast<std::uint32_t>(ids_.size());
        ids_.push_back(static_cast<std::uint32_t>(id));
      });
      marked_[word] = 0;
    });
    words_[group] = 0;
  }
}

}  // namespace krige::trainer
