#include "trainer/tree_sum.h"

#include <gtest/gtest.h>

#include <set>

#include "base/rng.h"

namespace krige::trainer {
namespace {

constexpr std::size_t kWidth = 5;

std::vector<Floats> random_leaves(std::uint32_t blocks, Rng& rng) {
  std::vector<Floats> leaves(blocks, Floats(kWidth));
  for (Floats& leaf : leaves)
    for (float& value : leaf) value = static_cast<float>(rng.normal() * std::exp(4 * rng.normal()));
  return leaves;
}

// The definition of the tree, in its plainest form: a node's sum is the left child's plus the right child's.
Floats sum_of(const std::vector<Floats>& leaves, std::uint32_t level, std::uint32_t index) {
  if (level == 0) return leaves[index];
  Floats left = sum_of(leaves, level - 1, 2 * index);
  if ((std::uint64_t{2} * index + 1) << (level - 1) >= leaves.size()) return left;
  const Floats right = sum_of(leaves, level - 1, 2 * index + 1);
  for (std::size_t i = 0; i < kWidth; ++i) left[i] += right[i];
  return left;
}

Floats root_of(const std::vector<Floats>& leaves) {
  std::uint32_t level = 0;
  while ((std::size_t{1} << level) < leaves.size()) ++level;
  return sum_of(leaves, level, 0);
}

// Each part of the blocks is summed apart, as by a worker, and the pieces are joined in a random order, as by a shard.
Floats in_parts(const std::vector<Floats>& leaves, std::uint32_t parts, Rng& rng) {
  const auto blocks = static_cast<std::uint32_t>(leaves.size());
  std::vector<TreeSum::Piece> pieces;
  TreeSum sum;
  for (std::uint32_t p = 0; p < parts; ++p) {
    const KeyRange share = part_of(blocks, parts, p);
    sum.reset(blocks, kWidth);
    for (auto b = static_cast<std::uint32_t>(share.begin); b < share.end; ++b) EXPECT_TRUE(sum.add({0, b}, leaves[b]));
    pieces.insert(pieces.end(), sum.pieces().begin(), sum.pieces().end());
  }
  rng.shuffle(std::span(pieces));
  sum.reset(blocks, kWidth);
  for (const TreeSum::Piece& piece : pieces) {
    EXPECT_FALSE(sum.complete());
    EXPECT_TRUE(sum.add(piece.node, piece.sum));
  }
  EXPECT_TRUE(sum.complete());
  return sum.pieces().at(0).sum;
}

TEST(TreeSum, IsTheSameTreeForAnyPartition) {
  Rng rng(3);
  for (std::uint32_t blocks = 1; blocks <= 40; ++blocks) {
    const std::vector<Floats> leaves = random_leaves(blocks, rng);
    const Floats expected = root_of(leaves);
    for (std::uint32_t parts = 1; parts <= 9; ++parts)
      EXPECT_EQ(in_parts(leaves, parts, rng), expected) << blocks << " blocks in " << parts;
  }
}

TEST(TreeSum, TheTestWouldSeeAnotherOrder) {
  Rng rng(3);
  const std::vector<Floats> leaves = random_leaves(40, rng);
  Floats one_by_one(kWidth);
  for (const Floats& leaf : leaves)
    for (std::size_t i = 0; i < kWidth; ++i) one_by_one[i] += leaf[i];
  EXPECT_NE(one_by_one, root_of(leaves));
}

TEST(TreeSum, RefusesWhatIsNotInTheTreeOrAddedTwice) {
  TreeSum sum;
  sum.reset(6, 1);
  const float one[] = {1};
  const float two[] = {1, 2};
  EXPECT_TRUE(sum.add({1, 1}, one));  // blocks 2, 3
  EXPECT_FALSE(sum.add({1, 1}, one));
  EXPECT_FALSE(sum.add({0, 3}, one));  // inside
  EXPECT_FALSE(sum.add({2, 0}, one));  // around
  EXPECT_FALSE(sum.add({3, 0}, one));  // around, the root
  EXPECT_FALSE(sum.add({0, 6}, one));  // behind the last block
  EXPECT_FALSE(sum.add({4, 0}, one));  // above the root
  EXPECT_FALSE(sum.add({31, 0xffffffff}, one));
  EXPECT_FALSE(sum.add({0, 0}, two));
  EXPECT_TRUE(sum.add({1, 0}, one));
  EXPECT_TRUE(sum.add({1, 2}, one));  // blocks 4, 5: stands for (2, 1)
  ASSERT_TRUE(sum.complete());
  EXPECT_EQ(sum.pieces()[0].sum, Floats{3});
}

// Workers that compute the same blocks, each its own part of them: whoever comes first, the sum is the same.
TEST(TreeSum, WhatComesTwiceMakesNoDifference) {
  Rng rng(4);
  for (int round = 0; round < 300; ++round) {
    const auto blocks = static_cast<std::uint32_t>(1 + rng.below(40));
    const std::vector<Floats> leaves = random_leaves(blocks, rng);
    TreeSum all;
    all.reset(blocks, kWidth);
    std::set<std::uint32_t> in;
    while (!all.complete()) {
      const auto begin = static_cast<std::uint32_t>(rng.below(blocks));
      const auto end = static_cast<std::uint32_t>(begin + 1 + rng.below(blocks - begin));
      TreeSum part;
      part.reset(blocks, kWidth);
      for (std::uint32_t b = begin; b < end; ++b) ASSERT_TRUE(part.add({0, b}, leaves[b]));
      for (const TreeSum::Piece& piece : part.pieces()) {
        if (all.covers(piece.node)) continue;
        all.drop_within(piece.node);
        ASSERT_TRUE(all.add(piece.node, piece.sum));
      }
      for (std::uint32_t b = begin; b < end; ++b) in.insert(b);
      std::vector<std::uint32_t> missing;
      for (std::uint32_t b = 0; b < blocks; ++b)
        if (!in.contains(b)) missing.push_back(b);
      ASSERT_EQ(all.missing(blocks), missing);
      ASSERT_LE(all.missing(1).size(), 1U);
    }
    ASSERT_EQ(all.pieces()[0].sum, root_of(leaves));
  }
}

TEST(TreeSum, CoversOnlyWhatIsInTheTree) {
  TreeSum sum;
  sum.reset(6, 1);
  ASSERT_TRUE(sum.add({1, 2}, std::vector<float>{1}));  // stands for (2, 1)
  EXPECT_TRUE(sum.covers({2, 1}));
  EXPECT_TRUE(sum.covers({0, 5}));
  EXPECT_FALSE(sum.covers({0, 6}));
  EXPECT_FALSE(sum.covers({3, 0}));
  EXPECT_FALSE(sum.covers({40, 0}));
  sum.drop_within({40, 0});
  EXPECT_EQ(sum.missing(100), (std::vector<std::uint32_t>{0, 1, 2, 3}));
}

}  // namespace
}  // namespace krige::trainer
