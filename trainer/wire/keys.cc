#include "trainer/wire/keys.h"

#include <algorithm>
#include <utility>

#include "base/rng.h"

namespace krige::trainer {
namespace {

// Signatures of lists that are not used again would otherwise only grow.
constexpr std::size_t kMaxGiven = 1 << 16;

}  // namespace

// Two chains of splitmix64's bijective mix from different starts: each key changes all that follows it.
KeySignature signature_of(std::span<const std::uint32_t> keys) {
  KeySignature s{mix64(keys.size()), mix64(~keys.size())};
  for (const std::uint32_t key : keys) {
    s.low = mix64(s.low ^ key);
    s.high = mix64(s.high + key);
  }
  return s;
}

Result<std::optional<std::span<const std::uint32_t>>> KeyCache::find(const KeyList& list, std::uint64_t keys) {
  if (const auto known = found_.find(list.signature); known != found_.end()) {
    lists_.splice(lists_.begin(), lists_, known->second);
  } else {
    if (!list.with_keys) return std::nullopt;
    if (signature_of(list.keys) != list.signature)
      return fail(ErrorCode::corrupt, "a list of keys is not what its signature says");
    if (std::ranges::adjacent_find(list.keys, std::greater_equal<>()) != list.keys.end())
      return fail(ErrorCode::corrupt, "a list of keys is not ascending");
    lists_.push_front({list.signature, list.keys});
    found_[list.signature] = lists_.begin();
    held_ += list.keys.size();
    for (; held_ > capacity_ && lists_.size() > 1; lists_.pop_back()) {
      held_ -= lists_.back().keys.size();
      found_.erase(lists_.back().signature);
    }
  }
  const std::vector<std::uint32_t>& cached = lists_.front().keys;
  if (!cached.empty() && cached.back() >= keys) return fail(ErrorCode::corrupt, "a key is not the shard's");
  return std::optional(std::span<const std::uint32_t>(cached));
}

KeyList KeySender::pack(std::span<const std::uint32_t> keys) {
  if (given_.size() >= kMaxGiven) given_.clear();
  KeyList list{signature_of(keys), false, {}};
  if (given_.insert(list.signature).second) {
    list.with_keys = true;
    list.keys.assign(keys.begin(), keys.end());
  }
  return list;
}

}  // namespace krige::trainer
