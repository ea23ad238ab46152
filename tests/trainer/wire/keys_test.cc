#include "trainer/wire/keys.h"

#include <gtest/gtest.h>

#include <numeric>

#include "base/rng.h"

namespace krige::trainer {
namespace {

using Keys = std::vector<std::uint32_t>;

TEST(Keys, TheSignatureIsOfTheWholeList) {
  // Equal for far more than any prefix, and of the same length: only the last key differs.
  Keys first(10'000);
  std::iota(first.begin(), first.end(), 0U);
  Keys second = first;
  ++second.back();
  EXPECT_NE(signature_of(first), signature_of(second));
  EXPECT_EQ(signature_of(first), signature_of(Keys(first)));
  EXPECT_NE(signature_of(Keys{}), signature_of(Keys{0}));
  EXPECT_NE(signature_of(Keys{0}), signature_of(Keys{0, 0}));
  EXPECT_NE(signature_of(Keys{1, 2}), signature_of(Keys{2, 1}));
}

TEST(Keys, ARepeatedListSendsNoKeys) {
  KeySender sender;
  KeyCache cache(100);
  const Keys keys{1, 5, 9};
  const KeyList first = sender.pack(keys);
  EXPECT_TRUE(first.with_keys);
  EXPECT_EQ(first.keys, keys);
  const KeyList again = sender.pack(keys);
  EXPECT_FALSE(again.with_keys);
  EXPECT_TRUE(again.keys.empty());
  for (const KeyList& list : {first, again, again}) {
    const auto found = cache.find(list, 10).value();
    ASSERT_TRUE(found);
    EXPECT_EQ(Keys(found->begin(), found->end()), keys);
  }
}

TEST(Keys, AMissLeadsToTheWholeList) {
  KeySender sender;
  KeyCache cache(4);
  const Keys first{0, 1, 2};
  const Keys second{3, 4, 5};
  ASSERT_TRUE(cache.find(sender.pack(first), 10).value());
  ASSERT_TRUE(cache.find(sender.pack(second), 10).value());  // the first is forgotten: four keys at most
  const KeyList short_list = sender.pack(first);
  EXPECT_FALSE(cache.find(short_list, 10).value());
  sender.on_miss(short_list.signature);
  const KeyList whole = sender.pack(first);
  EXPECT_TRUE(whole.with_keys);
  EXPECT_TRUE(cache.find(whole, 10).value());
}

TEST(Keys, TheCacheForgetsWhatWasUsedLongestAgo) {
  KeySender sender;
  KeyCache cache(6);
  const Keys lists[] = {{0, 1}, {2, 3}, {4, 5}, {6, 7}};
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(cache.find(sender.pack(lists[i]), 10).value());
  ASSERT_TRUE(cache.find(sender.pack(lists[0]), 10).value());
  ASSERT_TRUE(cache.find(sender.pack(lists[3]), 10).value());
  EXPECT_TRUE(cache.find(sender.pack(lists[0]), 10).value());
  EXPECT_FALSE(cache.find(sender.pack(lists[1]), 10).value());
}

TEST(Keys, NonsenseIsCorrupt) {
  KeyCache cache(100);
  const auto code_of = [&](const Keys& keys, KeySignature signature) {
    const auto found = cache.find({signature, true, keys}, 10);
    return found ? ErrorCode::internal : found.error().code;
  };
  for (const Keys& keys : {Keys{2, 1}, Keys{1, 1}, Keys{3, 10}, Keys{~0U}})
    EXPECT_EQ(code_of(keys, signature_of(keys)), ErrorCode::corrupt);
  EXPECT_EQ(code_of({1, 2}, signature_of(Keys{1, 3})), ErrorCode::corrupt);
  EXPECT_EQ(code_of({}, signature_of(Keys{})), ErrorCode::internal);
}

}  // namespace
}  // namespace krige::trainer
