#include "trainer/shard/keyed_link.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/rng.h"
#include "trainer/shard/parameter_range.h"

namespace krige::trainer {
namespace {

constexpr std::uint64_t kKeys = 40;

struct LastAnswer final : ShardPeers {
  void send_weights(std::uint32_t, const Weights& w) override {
    weights.assign(w.weights.begin(), w.weights.end());
    version = w.version;
  }
  void send_snapshot(const Snapshot&) override {}
  void send_state(const State&) override {}
  std::vector<float> weights;
  std::uint64_t version = 0;
};

TrainJob job() {
  TrainJob job;
  job.mode = TrainMode::asp;
  job.batch_size = 1;
  job.epochs = 1000;
  job.optimizer = OptimizerKind::adagrad;
  return job;
}

KeyedPush keyed_push(std::uint64_t clock, KeyList keys, std::span<const float> values) {
  KeyedPush push;
  push.sequence = push.clock = clock;
  push.rows = 1;
  push.keys = std::move(keys);
  push.values = values;
  return push;
}

// Pushes and pulls by keys leave the same weights as those of the whole range, key by key, the last key and an empty
// list included.
TEST(KeyedLink, EqualsTheWholeRange) {
  Rng rng(5);
  const std::vector<float> start(kKeys, 1.0F);
  LastAnswer keyed_answers;
  LastAnswer whole_answers;
  ParameterRange keyed(job(), Begin{1, {}, start}, keyed_answers);
  ParameterRange whole(job(), Begin{1, {}, start}, whole_answers);
  KeyedLink link(kKeys);
  KeySender sender;
  for (std::uint64_t clock = 0; clock < 200; ++clock) {
    std::set<std::uint32_t> chosen;
    for (std::uint64_t n = rng.below(6); n > 0; --n) chosen.insert(static_cast<std::uint32_t>(rng.below(kKeys)));
    if (clock % 10 == 0) chosen.insert(kKeys - 1);
    const std::vector<std::uint32_t> keys(chosen.begin(), chosen.end());
    std::vector<float> values;
    Push dense;
    dense.sequence = dense.clock = clock;
    dense.rows = 1;
    dense.nodes = {{0, 0}};
    std::vector<float> gradient(kKeys, 0.0F);
    for (const std::uint32_t key : keys) {
      values.push_back(static_cast<float>(rng.normal()));
      gradient[key] = values.back();
    }
    dense.values = gradient;
    ASSERT_TRUE(whole.push(dense));
    const auto translated = link.push(keyed_push(clock, sender.pack(keys), values)).value();
    ASSERT_TRUE(std::holds_alternative<Push>(translated));
    ASSERT_TRUE(keyed.push(std::get<Push>(translated)));
    ASSERT_TRUE(link.asked());
    const KeyedWeights answer = link.answer({keyed_answers.version, clock + 1, clock + 1, keyed_answers.weights});
    ASSERT_EQ(answer.values.size(), keys.size());
    for (std::size_t i = 0; i < keys.size(); ++i) EXPECT_EQ(answer.values[i], whole_answers.weights[keys[i]]);
  }
  EXPECT_TRUE(std::ranges::equal(keyed.weights(), whole.weights()));
}

TEST(KeyedLink, AMissChangesNothingAndNamesTheList) {
  KeyedLink link(kKeys);
  const std::vector<std::uint32_t> keys{1, 2};
  const std::vector<float> values{3, 4};
  const KeyList unknown{signature_of(keys), false, {}};
  const auto pushed = link.push(keyed_push(0, unknown, values)).value();
  ASSERT_TRUE(std::holds_alternative<KeyMiss>(pushed));
  EXPECT_EQ(std::get<KeyMiss>(pushed).signature, signature_of(keys));
  EXPECT_TRUE(std::holds_alternative<KeyMiss>(link.pull({0, 0, 0, 0, unknown}).value()));
  EXPECT_FALSE(link.asked());
  const auto pulled = link.pull({0, 0, 7, 6, {signature_of(keys), true, keys}}).value();
  ASSERT_TRUE(std::holds_alternative<Pull>(pulled));
  EXPECT_EQ(std::get<Pull>(pulled).clock, 7U);
  EXPECT_TRUE(link.asked());
  EXPECT_TRUE(std::holds_alternative<Push>(link.push(keyed_push(0, unknown, values)).value()));
  link.forget();
  EXPECT_FALSE(link.asked());
}

TEST(KeyedLink, LengthsThatDoNotFitAreCorrupt) {
  KeyedLink link(kKeys);
  KeySender sender;
  const std::vector<std::uint32_t> keys{1, 2};
  const std::vector<float> three{1, 2, 3};
  const auto pushed = link.push(keyed_push(0, sender.pack(keys), three));
  ASSERT_FALSE(pushed);
  EXPECT_EQ(pushed.error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace krige::trainer
