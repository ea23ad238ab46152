#include "trainer/transport/shared_slots.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <vector>

namespace krige::trainer {
namespace {

using Side = SharedSlots::Side;
using Pieces = std::vector<std::span<const float>>;

constexpr std::size_t kSlotBytes = 100;  // 25 numbers

class SharedSlotsTest : public testing::Test {
 protected:
  std::vector<float> read(SharedSlots& from, unsigned slot, std::size_t numbers) {
    const auto bytes = from.get(slot, numbers * sizeof(float)).value();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(bytes.data()) % 64, 0U);
    std::vector<float> values(numbers);
    std::memcpy(values.data(), bytes.data(), bytes.size());
    return values;
  }

  UniqueFd memory_ = SharedSlots::create().value();
  SharedSlots maker_ = SharedSlots::open(memory_, Side::maker, kSlotBytes).value();
  SharedSlots taker_ = SharedSlots::open(memory_, Side::taker, kSlotBytes).value();
  const std::vector<float> three_{1, 2, 3};
  const std::vector<float> two_{4, 5};
};

TEST_F(SharedSlotsTest, PiecesArriveAsOneInBothDirections) {
  const unsigned there = maker_.put(Pieces{three_, {}, two_}).value();
  const unsigned back = taker_.put(Pieces{two_}).value();
  EXPECT_EQ(read(taker_, there, 5), (std::vector<float>{1, 2, 3, 4, 5}));
  EXPECT_EQ(read(maker_, back, 2), two_);
}

TEST_F(SharedSlotsTest, ASlotIsWrittenAgainOnlyAfterItsRelease) {
  const unsigned first = maker_.put(Pieces{three_}).value();
  const unsigned second = maker_.put(Pieces{two_}).value();
  EXPECT_NE(first, second);
  EXPECT_FALSE(maker_.put(Pieces{two_}));
  EXPECT_EQ(read(taker_, first, 3), three_);
  taker_.release(first);
  EXPECT_EQ(maker_.put(Pieces{two_}), first);
  EXPECT_EQ(read(taker_, second, 2), two_);
}

TEST_F(SharedSlotsTest, WhatDoesNotFitOrIsNothingIsNotPut) {
  EXPECT_TRUE(maker_.put(Pieces{std::vector<float>(25)}));
  EXPECT_FALSE(maker_.put(Pieces{std::vector<float>(26)}));
  EXPECT_FALSE(maker_.put(Pieces{}));
}

TEST_F(SharedSlotsTest, AClaimOfThePeerThatCannotBeIsCorrupt) {
  const unsigned slot = maker_.put(Pieces{three_}).value();
  const auto code = [](const auto& result) { return result ? ErrorCode::internal : result.error().code; };
  EXPECT_EQ(code(taker_.get(SharedSlots::kSlots, 4)), ErrorCode::corrupt);
  EXPECT_EQ(code(taker_.get(~0U, 4)), ErrorCode::corrupt);
  EXPECT_EQ(code(taker_.get(slot, kSlotBytes + 1)), ErrorCode::corrupt);
  EXPECT_EQ(code(taker_.get(slot, ~std::uint64_t{0})), ErrorCode::corrupt);
  EXPECT_EQ(code(taker_.get(1 - slot, 4)), ErrorCode::corrupt);  // not published
  taker_.release(slot);
  EXPECT_EQ(code(taker_.get(slot, 4)), ErrorCode::corrupt);
}

TEST_F(SharedSlotsTest, NonsenseInTheMemoryIsNoFreeSlotAndNothingWorse) {
  void* all = ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory_.get(), 0);
  ASSERT_NE(all, MAP_FAILED);
  std::memset(all, 0xff, 512);
  EXPECT_FALSE(maker_.put(Pieces{three_}));
  EXPECT_FALSE(taker_.get(0, 4));
  ::munmap(all, 4096);
}

TEST_F(SharedSlotsTest, NobodyCanCutTheMemoryUnderItsReaders) {
  EXPECT_NE(::ftruncate(memory_.get(), 0), 0);
  EXPECT_FALSE(SharedSlots::open(memory_, Side::taker, kSlotBytes * 2));
  const UniqueFd unsized = SharedSlots::create().value();
  const auto opened = SharedSlots::open(unsized, Side::taker, kSlotBytes);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::corrupt);
  // Of the right size, but not for good.
  struct stat info {};
  ASSERT_EQ(::fstat(memory_.get(), &info), 0);
  ASSERT_EQ(::ftruncate(unsized.get(), info.st_size), 0);
  EXPECT_FALSE(SharedSlots::open(unsized, Side::taker, kSlotBytes));
}

}  // namespace
}  // namespace krige::trainer
