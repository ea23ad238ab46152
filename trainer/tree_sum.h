// The fixed binary tree in which the gradients of a minibatch's micro-blocks are summed. Floating-point addition is not
// associative: only a tree that depends on the number of blocks alone, and on nothing else, gives the same bits for
// every number of workers.
//
// Node (level, index) covers blocks [index · 2^level, min(blocks, (index + 1) · 2^level)). Its sum is left child +
// right child; a left child without a sibling is passed up as it is. Nodes may come in any order and from anywhere:
// addition commutes. The numbers are f32 for the servers, f64 for the driver of mapreduce.
#pragma once

#include <bit>
#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "trainer/floats.h"

namespace krige::trainer {

struct TreeNode {
  std::uint32_t level = 0;
  std::uint32_t index = 0;
  friend bool operator==(const TreeNode&, const TreeNode&) = default;
};

// The node that covers all of `blocks` ≥ 1.
[[nodiscard]] inline TreeNode root_of(std::uint32_t blocks) {
  return {static_cast<std::uint32_t>(std::bit_width(blocks - 1U)), 0};
}

// Not to be shared between threads.
template <typename T>
class BasicTreeSum {
 public:
  // Forgets everything; the next sum has `blocks` ≥ 1 leaves of `width` numbers.
  void reset(std::uint32_t blocks, std::size_t width);
  // Adds a node's sum, `width` numbers, and joins it with what is there. invalid_argument: a node that is not in the
  // tree or covers blocks that are in already.
  [[nodiscard]] Status add(TreeNode node, std::span<const T> values);
  // The same without a copy: what `values` holds afterwards is `width` numbers of no meaning.
  [[nodiscard]] Status take(TreeNode node, Aligned<T>& values);

  // For sums of which a part may come twice, from two workers that computed the same. Whether all blocks of a node are
  // in; a node that is not in the tree is not.
  [[nodiscard]] bool covers(TreeNode node) const;
  // Takes out what lies within a node that is not covered, so that it can be added as a whole.
  void drop_within(TreeNode node);
  // Blocks that are not in, ascending; not more than `most`.
  [[nodiscard]] std::vector<std::uint32_t> missing(std::size_t most) const;

  struct Piece {
    TreeNode node;
    Aligned<T> sum;
  };
  // The largest complete subtrees so far, in the order of blocks.
  [[nodiscard]] const std::vector<Piece>& pieces() const { return pieces_; }
  // Whether the root is there: then pieces() is the one sum over all blocks.
  [[nodiscard]] bool complete() const;

 private:
  // `fill` moves the values into a new piece's buffer.
  template <typename Fill>
  [[nodiscard]] Status join(TreeNode node, std::span<const T> values, const Fill& fill);
  [[nodiscard]] KeyRange blocks_of(TreeNode node) const;
  [[nodiscard]] TreeNode promoted(TreeNode node) const;

  std::uint32_t blocks_ = 0;
  std::uint32_t root_level_ = 0;
  std::size_t width_ = 0;
  std::vector<Piece> pieces_;
  std::vector<Aligned<T>> spare_;  // buffers of joined pieces, used again
};
using TreeSum = BasicTreeSum<float>;
using DoubleTreeSum = BasicTreeSum<double>;

}  // namespace krige::trainer
