#include "trainer/tree_sum.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <utility>

namespace krige::trainer {

template <typename T>
void BasicTreeSum<T>::reset(std::uint32_t blocks, std::size_t width) {
  if (width != width_) spare_.clear();
  for (Piece& piece : pieces_)
    if (piece.sum.size() == width) spare_.push_back(std::move(piece.sum));
  pieces_.clear();
  blocks_ = blocks;
  width_ = width;
  root_level_ = static_cast<std::uint32_t>(std::bit_width(blocks - 1U));
}

template <typename T>
KeyRange BasicTreeSum<T>::blocks_of(TreeNode node) const {
  const std::uint64_t begin = static_cast<std::uint64_t>(node.index) << node.level;
  return {begin, std::min<std::uint64_t>(blocks_, begin + (std::uint64_t{1} << node.level))};
}

// A left child whose sibling would begin behind the last block stands for its parent.
template <typename T>
TreeNode BasicTreeSum<T>::promoted(TreeNode node) const {
  while (node.level < root_level_ && node.index % 2 == 0 &&
         (static_cast<std::uint64_t>(node.index + 1) << node.level) >= blocks_)
    node = {node.level + 1, node.index / 2};
  return node;
}

template <typename T>
bool BasicTreeSum<T>::complete() const {
  return pieces_.size() == 1 && pieces_[0].node == TreeNode{root_level_, 0};
}

template <typename T>
bool BasicTreeSum<T>::covers(TreeNode node) const {
  if (node.level > root_level_ || blocks_of(node).begin >= blocks_) return false;
  const KeyRange blocks = blocks_of(node);
  return std::ranges::any_of(pieces_, [&](const Piece& piece) {
    const KeyRange there = blocks_of(piece.node);
    return there.begin <= blocks.begin && blocks.end <= there.end;
  });
}

template <typename T>
void BasicTreeSum<T>::drop_within(TreeNode node) {
  if (node.level > root_level_) return;
  const KeyRange blocks = blocks_of(node);
  std::erase_if(pieces_, [&](Piece& piece) {
    const KeyRange there = blocks_of(piece.node);
    const bool within = blocks.begin <= there.begin && there.end <= blocks.end;
    if (within) spare_.push_back(std::move(piece.sum));
    return within;
  });
}

template <typename T>
std::vector<std::uint32_t> BasicTreeSum<T>::missing(std::size_t most) const {
  std::vector<std::uint32_t> blocks;
  auto piece = pieces_.begin();
  for (std::uint64_t b = 0; b < blocks_ && blocks.size() < most;) {
    if (piece != pieces_.end() && blocks_of(piece->node).begin == b)
      b = blocks_of((piece++)->node).end;
    else
      blocks.push_back(static_cast<std::uint32_t>(b++));
  }
  return blocks;
}

template <typename T>
Status BasicTreeSum<T>::add(TreeNode node, std::span<const T> values) {
  return join(node, values, [&](Aligned<T>& into) { into.assign(values.begin(), values.end()); });
}

template <typename T>
Status BasicTreeSum<T>::take(TreeNode node, Aligned<T>& values) {
  return join(node, values, [&](Aligned<T>& into) {
    into.resize(values.size());
    into.swap(values);
  });
}

template <typename T>
template <typename Fill>
Status BasicTreeSum<T>::join(TreeNode node, std::span<const T> values, const Fill& fill) {
  if (node.level > root_level_ || blocks_of(node).begin >= blocks_ || values.size() != width_)
    return fail(ErrorCode::invalid_argument,
                fmt::format("node ({}, {}) with {} numbers is not in a tree over {} blocks of {}", node.level,
                            node.index, values.size(), blocks_, width_));
  node = promoted(node);
  const KeyRange covered = blocks_of(node);
  auto at =
      std::ranges::lower_bound(pieces_, covered.begin, {}, [&](const Piece& p) { return blocks_of(p.node).begin; });
  const bool overlaps_next = at != pieces_.end() && blocks_of(at->node).begin < covered.end;
  const bool overlaps_previous = at != pieces_.begin() && blocks_of(std::prev(at)->node).end > covered.begin;
  if (overlaps_next || overlaps_previous)
    return fail(ErrorCode::invalid_argument, fmt::format("node ({}, {}) was added twice", node.level, node.index));

  const auto add_into = [](Aligned<T>& sum, std::span<const T> other) {
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += other[i];
  };
  const auto sibling_of = [](TreeNode n) { return TreeNode{n.level, n.index ^ 1U}; };
  const auto is_neighbour = [&](auto it) { return it != pieces_.end() && it->node == sibling_of(node); };
  auto previous = at == pieces_.begin() ? pieces_.end() : std::prev(at);
  auto joined = is_neighbour(previous) ? previous : is_neighbour(at) ? at : pieces_.end();
  if (joined == pieces_.end()) {
    Aligned<T> copy;
    if (!spare_.empty()) {
      copy = std::move(spare_.back());
      spare_.pop_back();
    }
    fill(copy);
    pieces_.insert(at, Piece{node, std::move(copy)});
    return {};
  }
  add_into(joined->sum, values);
  // The parent may complete its own parent in turn.
  while (true) {
    joined->node = promoted({joined->node.level + 1, joined->node.index / 2});
    node = joined->node;
    if (node.level == root_level_) return {};
    auto left = node.index % 2 == 0 ? joined : joined == pieces_.begin() ? pieces_.end() : std::prev(joined);
    if (left == pieces_.end()) return {};
    auto right = std::next(left);
    if (right == pieces_.end() || left->node != TreeNode{node.level, node.index & ~1U} ||
        right->node != TreeNode{node.level, node.index | 1U})
      return {};
    add_into(left->sum, right->sum);
    spare_.push_back(std::move(right->sum));
    joined = std::prev(pieces_.erase(right));
  }
}

template class BasicTreeSum<float>;
template class BasicTreeSum<double>;

}  // namespace krige::trainer
