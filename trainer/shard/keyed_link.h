// What a shard does with the messages of one worker that name keys: turns them into those for the whole range, and its
// answers into those for the keys asked for. Only the keys touched travel; for the parameter range nothing is new.
#pragma once

#include <optional>
#include <span>
#include <variant>

#include "base/error.h"
#include "trainer/floats.h"
#include "trainer/wire/keys.h"
#include "trainer/wire/messages.h"

namespace krige::trainer {

// Not to be shared between threads.
class KeyedLink {
 public:
  // Of a shard with `keys` keys.
  explicit KeyedLink(std::uint64_t keys) : keys_(keys), cache_(8 * keys + kLeastCached) {}

  // The push over the whole range, zero where no value came; valid until the next call. KeyMiss: send that back, and
  // the worker sends the push again with its list; nothing has happened. corrupt: lengths that do not fit, or keys.
  [[nodiscard]] Result<std::variant<Push, KeyMiss>> push(const KeyedPush& message);
  [[nodiscard]] Result<std::variant<Pull, KeyMiss>> pull(const KeyedPull& message);
  // Whether the worker's last request named keys; then the answer is of these, valid until the next call.
  [[nodiscard]] bool asked() const { return asked_.has_value(); }
  [[nodiscard]] KeyedWeights answer(const Weights& all);
  // A request for the whole range came.
  void forget() { asked_.reset(); }

 private:
  static constexpr std::size_t kLeastCached = 1 << 16;

  std::uint64_t keys_;
  Floats gradient_;                    // zero, but for filled_; empty until the first push
  std::vector<std::uint32_t> filled_;  // by the last push
  KeyCache cache_;
  std::optional<std::vector<std::uint32_t>> asked_;
  Floats values_;
};

}  // namespace krige::trainer
