#include "trainer/shard/keyed_link.h"

#include <fmt/format.h>

namespace krige::trainer {

Result<std::variant<Push, KeyMiss>> KeyedLink::push(const KeyedPush& message) {
  KRIGE_TRY(const auto keys, cache_.find(message.keys, keys_));
  if (!keys) return KeyMiss{message.keys.signature};
  if (keys->size() != message.values.size())
    return fail(ErrorCode::corrupt, fmt::format("{} numbers for {} keys", message.values.size(), keys->size()));
  gradient_.resize(keys_, 0.0F);
  for (const std::uint32_t key : filled_) gradient_[key] = 0;
  filled_.assign(keys->begin(), keys->end());
  for (std::size_t i = 0; i < filled_.size(); ++i) gradient_[filled_[i]] = message.values[i];
  asked_ = filled_;
  Push push;
  push.worker = message.worker;
  push.incarnation = message.incarnation;
  push.sequence = message.sequence;
  push.clock = message.clock;
  push.version = message.version;
  push.rows = message.rows;
  push.blocks = message.blocks;
  push.last = message.last;
  push.nodes = {message.node};
  push.values = gradient_;
  return push;
}

Result<std::variant<Pull, KeyMiss>> KeyedLink::pull(const KeyedPull& message) {
  KRIGE_TRY(const auto keys, cache_.find(message.keys, keys_));
  if (!keys) return KeyMiss{message.keys.signature};
  asked_.emplace(keys->begin(), keys->end());
  return Pull{message.worker, message.incarnation, message.clock, message.version};
}

KeyedWeights KeyedLink::answer(const Weights& all) {
  values_.resize(asked_->size());
  for (std::size_t i = 0; i < values_.size(); ++i) values_[i] = all.weights[(*asked_)[i]];
  return {all.version, all.clock, all.min_clock, values_};
}

}  // namespace krige::trainer
