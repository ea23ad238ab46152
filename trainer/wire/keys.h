// Key lists of sparse messages and the cache that spares sending a list twice (Li et al., OSDI 2014, section 3.2): a
// list that the receiver has seen is sent as its signature only, and a receiver that no longer has it asks for it.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "base/error.h"

namespace krige::trainer {

// 128 bits over every key of the list and its length. A signature of a part of the list would take two lists that
// differ behind that part for one, and apply values to the wrong keys, silently.
struct KeySignature {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend auto operator<=>(const KeySignature&, const KeySignature&) = default;
};
[[nodiscard]] KeySignature signature_of(std::span<const std::uint32_t> keys);

// A list as it travels: with its keys, or by its signature alone.
struct KeyList {
  KeySignature signature;
  bool with_keys = false;
  std::vector<std::uint32_t> keys;
  friend bool operator==(const KeyList&, const KeyList&) = default;
};

// The receiver's side. Holds at most `capacity_keys` keys, the lists used last. Not to be shared between threads.
class KeyCache {
 public:
  explicit KeyCache(std::size_t capacity_keys) : capacity_(capacity_keys) {}
  // The list's keys, strictly ascending and below `keys`; valid until the next call. Nothing: a miss, ask for the list.
  // corrupt: keys out of order or out of range, or a list that its signature is not of.
  [[nodiscard]] Result<std::optional<std::span<const std::uint32_t>>> find(const KeyList& list, std::uint64_t keys);

 private:
  struct Entry {
    KeySignature signature;
    std::vector<std::uint32_t> keys;
  };
  std::size_t capacity_;
  std::size_t held_ = 0;
  std::list<Entry> lists_;  // used last first
  std::map<KeySignature, std::list<Entry>::iterator> found_;
};

// The sender's side: what the receiver was given. Not to be shared between threads.
class KeySender {
 public:
  [[nodiscard]] KeyList pack(std::span<const std::uint32_t> keys);
  // The receiver does not have it (any more): the next pack() sends the keys.
  void on_miss(const KeySignature& signature) { given_.erase(signature); }

 private:
  std::set<KeySignature> given_;
};

}  // namespace krige::trainer
