// The gradient of a minibatch that touches few of many keys, without a pass over all of them: its cost is that of the
// rows' non-zeros.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "trainer/floats.h"

namespace krige::trainer {

// The distinct feature ids of a block of sparse rows in ascending order, and the rank of each. A bitmap over the ids
// marks them, and one over its words says where to look: ascending order without a sort, about a nanosecond a non-zero.
// Buffers are kept between calls.
class TouchedFeatures {
 public:
  // All `ids` are below `columns`.
  void collect(std::span<const std::uint32_t> ids, std::size_t columns);
  [[nodiscard]] const std::vector<std::uint32_t>& ids() const { return ids_; }
  // Of an id that was collected.
  [[nodiscard]] std::uint32_t rank(std::uint32_t id) const { return rank_[id]; }

 private:
  std::vector<std::uint64_t> marked_;  // all zero between calls
  std::vector<std::uint64_t> words_;   // which of marked_ are not zero
  std::vector<std::uint32_t> ids_;
  std::vector<std::uint32_t> rank_;  // valid for ids_ only
};

// Ascending, distinct keys of a model's flat parameter vector with the gradient at each; it is zero at all others.
template <typename T>
struct BasicSparseGradient {
  std::vector<std::uint32_t> keys;
  Aligned<T> values;
  TouchedFeatures touched;  // scratch of the model that fills this
};
using SparseGradient = BasicSparseGradient<float>;

}  // namespace krige::trainer
