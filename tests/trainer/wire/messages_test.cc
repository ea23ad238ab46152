#include "trainer/wire/messages.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.h"

namespace krige::trainer {
namespace {

using Bytes = std::vector<std::byte, CacheLineAllocator<std::byte>>;

template <typename M>
Bytes payload_of(const M& message, std::span<const float> tail = {}) {
  ByteWriter head;
  encode_head(head, message);
  Bytes bytes(head.bytes().begin(), head.bytes().end());
  const auto floats = std::as_bytes(tail);
  bytes.insert(bytes.end(), floats.begin(), floats.end());
  return bytes;
}

template <typename M>
Result<M> read(const Bytes& payload) {
  return decode<M>(Frame{M::kType, 1, payload});
}

std::vector<float> copy(std::span<const float> values) { return {values.begin(), values.end()}; }

const std::vector<float> kValues{1.5F, -2, 0.25F, 1e-30F, 5, 6};

Push example_push() {
  Push push;
  push.worker = 3;
  push.incarnation = 2;
  push.sequence = 1ULL << 40;
  push.clock = 17;
  push.version = 16;
  push.rows = 61;
  push.blocks = 4;
  push.last = false;
  push.nodes = {{1, 0}, {0, 2}};
  return push;
}

TEST(Messages, PushSurvivesTheRoundTrip) {
  const Push sent = example_push();
  const Bytes bytes = payload_of(sent, kValues);
  const Push got = read<Push>(bytes).value();
  EXPECT_EQ(got.worker, sent.worker);
  EXPECT_EQ(got.incarnation, sent.incarnation);
  EXPECT_EQ(got.sequence, sent.sequence);
  EXPECT_EQ(got.clock, sent.clock);
  EXPECT_EQ(got.version, sent.version);
  EXPECT_EQ(got.rows, sent.rows);
  EXPECT_EQ(got.blocks, sent.blocks);
  EXPECT_EQ(got.last, sent.last);
  EXPECT_EQ(got.nodes, sent.nodes);
  EXPECT_EQ(copy(got.values), kValues);
}

TEST(Messages, NumbersMayLieApartFromTheRest) {
  const Bytes head = payload_of(example_push());
  const Bytes body(std::as_bytes(std::span(kValues)).begin(), std::as_bytes(std::span(kValues)).end());
  Frame frame{MessageType::push, 1, head, 1, body.size(), body};
  EXPECT_EQ(copy(decode<Push>(frame).value().values), kValues);
  frame.body = std::span(body).first(body.size() - 2);  // not a whole number
  EXPECT_FALSE(decode<Push>(frame));
  const Bytes both = payload_of(example_push(), kValues);
  frame.payload = both;
  frame.body = body;
  EXPECT_FALSE(decode<Push>(frame));
  const Bytes pull = payload_of(Pull{});
  EXPECT_FALSE(decode<Pull>(Frame{MessageType::pull, 1, pull, 1, body.size(), body}));
}

TEST(Messages, ThoseWithKeysSurviveTheRoundTrip) {
  KeyedPush sparse;
  sparse.worker = 1;
  sparse.sequence = 4;
  sparse.rows = 8;
  sparse.node = {2, 3};
  sparse.keys = {{5, 6}, true, {1, 4, 9, 10, 11, 12}};
  const Bytes sparse_bytes = payload_of(sparse, kValues);
  const KeyedPush got = read<KeyedPush>(sparse_bytes).value();
  EXPECT_EQ(got.sequence, 4U);
  EXPECT_EQ(got.node, sparse.node);
  EXPECT_EQ(got.keys, sparse.keys);
  EXPECT_EQ(copy(got.values), kValues);
  const KeyList by_signature{{5, 6}, false, {}};
  EXPECT_EQ(read<KeyedPull>(payload_of(KeyedPull{1, 2, 3, 4, by_signature})).value().keys, by_signature);
  const KeyList contradiction{{5, 6}, false, {1}};
  EXPECT_FALSE(read<KeyedPull>(payload_of(KeyedPull{1, 2, 3, 4, contradiction})));
  const Bytes some_bytes = payload_of(KeyedWeights{9, 8, 7, {}}, kValues);
  EXPECT_EQ(copy(read<KeyedWeights>(some_bytes).value().values), kValues);
  EXPECT_EQ(read<KeyMiss>(payload_of(KeyMiss{{5, 6}})).value().signature, (KeySignature{5, 6}));
}

TEST(Messages, TheOthersSurviveTheRoundTrip) {
  const Bytes assignment_bytes = payload_of(Assignment{5, 1, 77, "{\"model\":\"mlp\"}"});
  const Assignment assignment = read<Assignment>(assignment_bytes).value();
  EXPECT_EQ(assignment.index, 5U);
  EXPECT_EQ(assignment.incarnation, 1U);
  EXPECT_EQ(assignment.clock, 77U);
  EXPECT_EQ(assignment.job, "{\"model\":\"mlp\"}");

  EXPECT_EQ(read<Ready>(payload_of(Ready{"summary"})).value().summary, "summary");

  const Bytes begin_bytes = payload_of(Begin{100, {{0, 2}, {3, 6}}, kValues}, kValues);
  const Begin begin = read<Begin>(begin_bytes).value();
  EXPECT_EQ(begin.train_rows, 100U);
  EXPECT_EQ(begin.penalized, (std::vector<KeyRange>{{0, 2}, {3, 6}}));
  EXPECT_EQ(copy(begin.weights), kValues);
  EXPECT_TRUE(begin.state.empty());
  const std::span<const float> three = std::span(kValues).first(3);
  EXPECT_EQ(begin.stop_at, StopAt::kNever);
  const Bytes resumed_bytes = payload_of(Begin{100, {{0, 2}}, three, three, 8, 9, 10, 11}, kValues);
  const Begin resumed = read<Begin>(resumed_bytes).value();
  EXPECT_EQ(copy(resumed.weights), copy(three));
  EXPECT_EQ(copy(resumed.state), copy(std::span(kValues).last(3)));
  EXPECT_EQ(resumed.version, 8U);
  EXPECT_EQ(resumed.clock, 9U);
  EXPECT_EQ(resumed.checkpoint_steps, 10U);
  EXPECT_EQ(resumed.stop_at, 11U);
  // Five numbers are no state of two keys.
  EXPECT_FALSE(read<Begin>(payload_of(Begin{100, {{0, 2}}, three.first(2)}, std::span(kValues).first(5))));

  const Bytes state_bytes = payload_of(State{5, 6, true, three}, kValues);
  const State state = read<State>(state_bytes).value();
  EXPECT_EQ(state.clock, 5U);
  EXPECT_EQ(state.version, 6U);
  EXPECT_TRUE(state.stopped);
  EXPECT_EQ(copy(state.weights), copy(three));
  EXPECT_EQ(copy(state.state), copy(std::span(kValues).last(3)));
  EXPECT_TRUE(read<Hold>(payload_of(Hold{})));
  EXPECT_EQ(read<Held>(payload_of(Held{12})).value().clock, 12U);
  EXPECT_EQ(read<StopAt>(payload_of(StopAt{13})).value().clock, 13U);

  const Pull pull = read<Pull>(payload_of(Pull{1, 2, 3, 4})).value();
  EXPECT_EQ(pull.worker, 1U);
  EXPECT_EQ(pull.incarnation, 2U);
  EXPECT_EQ(pull.clock, 3U);
  EXPECT_EQ(pull.version, 4U);

  const Bytes weights_bytes = payload_of(Weights{9, 8, 7, {}}, kValues);
  const Weights weights = read<Weights>(weights_bytes).value();
  EXPECT_EQ(weights.version, 9U);
  EXPECT_EQ(weights.clock, 8U);
  EXPECT_EQ(weights.min_clock, 7U);
  EXPECT_EQ(copy(weights.weights), kValues);

  const Bytes snapshot_bytes = payload_of(Snapshot{3, 66, {}}, kValues);
  EXPECT_EQ(read<Snapshot>(snapshot_bytes).value().version, 66U);

  const Bytes evaluate_bytes = payload_of(Evaluate{3, true, {}}, kValues);
  const Evaluate evaluate = read<Evaluate>(evaluate_bytes).value();
  EXPECT_TRUE(evaluate.with_test);
  EXPECT_EQ(copy(evaluate.weights), kValues);

  const Evaluation evaluation{2, {{0.5, 3}, {1.5, 4}}, {{2.5, 1}}, {}};
  const Evaluation got = read<Evaluation>(payload_of(evaluation)).value();
  EXPECT_EQ(got.epoch, 2U);
  EXPECT_EQ(got.train, evaluation.train);
  EXPECT_EQ(got.validation, evaluation.validation);
  EXPECT_TRUE(got.test.empty());

  const Heartbeat heartbeat{{1, 2, 3, 4, 5, 0.5, 0.25, 0.125, 7, 1ULL << 40}};
  EXPECT_EQ(read<Heartbeat>(payload_of(heartbeat)).value().figures, heartbeat.figures);

  const Failure failure = read<Failure>(payload_of(Failure{{ErrorCode::io, "no", "data.path", {}}})).value();
  EXPECT_EQ(failure.error.code, ErrorCode::io);
  EXPECT_EQ(failure.error.message, "no");
  EXPECT_EQ(failure.error.field, "data.path");
}

TEST(Messages, CallsSurviveTheRoundTrip) {
  const Bytes call_bytes = payload_of(Call{3, 1, 9, "clip", {2, 8}, {}}, kValues);
  const Call call = read<Call>(call_bytes).value();
  EXPECT_EQ(call.worker, 3U);
  EXPECT_EQ(call.incarnation, 1U);
  EXPECT_EQ(call.sequence, 9U);
  EXPECT_EQ(call.function, "clip");
  EXPECT_EQ(call.keys, (KeyRange{2, 8}));
  EXPECT_EQ(copy(call.arguments), kValues);
  const Called done = read<Called>(payload_of(Called{9, {}})).value();
  EXPECT_EQ(done.sequence, 9U);
  EXPECT_FALSE(done.error);
  const Called refused = read<Called>(payload_of(Called{10, Error{ErrorCode::not_found, "no", "f", {}}})).value();
  EXPECT_EQ(refused.error->code, ErrorCode::not_found);
  EXPECT_EQ(refused.error->message, "no");
}

TEST(Messages, OffersToAssistSurviveTheRoundTrip) {
  const Assist assist = read<Assist>(payload_of(Assist{3, 1, 9})).value();
  EXPECT_EQ(assist.worker, 3U);
  EXPECT_EQ(assist.incarnation, 1U);
  EXPECT_EQ(assist.clock, 9U);
  const MissingBlocks missing = read<MissingBlocks>(payload_of(MissingBlocks{9, {4, 7}})).value();
  EXPECT_EQ(missing.clock, 9U);
  EXPECT_EQ(missing.blocks, (std::vector<std::uint32_t>{4, 7}));
}

TEST(Messages, OfMapReduceSurviveTheRoundTrip) {
  const Objective sent{7, {1e-300, -0.1, 3}};
  const Objective got = read<Objective>(payload_of(sent)).value();
  EXPECT_EQ(got.evaluation, 7U);
  EXPECT_EQ(got.point, sent.point);
  const Partial partial{7, 5, {{1, 0}, {0, 2}}, {1, 2, 3, 4, 5, 0.1}};
  const Partial back = read<Partial>(payload_of(partial)).value();
  EXPECT_EQ(back.evaluation, 7U);
  EXPECT_EQ(back.partitions, 5U);
  EXPECT_EQ(back.nodes, partial.nodes);
  EXPECT_EQ(back.values, partial.values);
  EXPECT_TRUE(read<Partial>(payload_of(Partial{7, 5, {}, {}})));  // of a worker without a partition
}

TEST(Messages, RefuseWhatDoesNotFit) {
  EXPECT_FALSE(read<Partial>(payload_of(Partial{1, 5, {{0, 0}, {0, 1}}, {1, 2, 3}})));
  EXPECT_FALSE(read<Partial>(payload_of(Partial{1, 0, {}, {}})));
  EXPECT_FALSE(decode<Pull>(Frame{MessageType::push, 1, payload_of(Pull{})}));
  EXPECT_FALSE(read<Begin>(payload_of(Begin{1, {{0, 7}}, {}}, kValues)));  // keys behind the last
  EXPECT_FALSE(read<Begin>(payload_of(Begin{1, {{2, 1}}, {}}, kValues)));
  Push push = example_push();
  EXPECT_FALSE(read<Push>(payload_of(push, std::span(kValues).first(5))));  // five numbers for two nodes
  push.nodes.clear();
  EXPECT_FALSE(read<Push>(payload_of(push, kValues)));
  push.blocks = 0;
  EXPECT_FALSE(read<Push>(payload_of(push)));
}

// Every message type against shortened, lengthened, mutated and random bytes: a value or an error, never more.
template <typename M>
void disturb(const Bytes& good, Rng& rng) {
  for (std::size_t size = 0; size < good.size(); ++size) {
    const Bytes cut(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size));
    // Without the last four bytes a message that ends with numbers has just one fewer.
    if ((good.size() - size) % sizeof(float) != 0) {
      EXPECT_FALSE(read<M>(cut)) << size << " of " << good.size();
    }
  }
  for (int round = 0; round < 2000; ++round) {
    Bytes bad = good;
    bad.resize(bad.size() + rng.below(3) * rng.below(9));
    for (std::uint64_t n = 1 + rng.below(4); n > 0 && !bad.empty(); --n)
      bad[rng.below(bad.size())] = static_cast<std::byte>(rng.below(2) == 0 ? 0xff : rng.below(256));
    const Result<M> result = read<M>(bad);
    if (!result) {
      EXPECT_EQ(result.error().code, ErrorCode::corrupt);
    }
  }
}

TEST(Messages, MutatedBytesNeverDoHarm) {
  Rng rng(11);
  disturb<Assignment>(payload_of(Assignment{5, 1, 77, "a job"}), rng);
  disturb<Ready>(payload_of(Ready{"a summary"}), rng);
  disturb<Begin>(payload_of(Begin{100, {{0, 2}, {3, 6}}, kValues}, kValues), rng);
  disturb<State>(payload_of(State{5, 6, true, std::span(kValues).first(2)}, kValues), rng);
  KeyedPush sparse;
  sparse.keys = {{5, 6}, true, {1, 4, 9}};
  disturb<KeyedPush>(payload_of(sparse, kValues), rng);
  disturb<KeyedPull>(payload_of(KeyedPull{1, 2, 3, 4, sparse.keys}), rng);
  disturb<Pull>(payload_of(Pull{1, 2, 3, 4}), rng);
  disturb<Push>(payload_of(example_push(), kValues), rng);
  disturb<Weights>(payload_of(Weights{9, 8, 7, {}}, kValues), rng);
  disturb<Snapshot>(payload_of(Snapshot{3, 66, {}}, kValues), rng);
  disturb<Evaluate>(payload_of(Evaluate{3, true, {}}, kValues), rng);
  disturb<Evaluation>(payload_of(Evaluation{2, {{0.5, 3}}, {{2.5, 1}}, {}}), rng);
  disturb<Objective>(payload_of(Objective{3, {0.5, 2, 1e9}}), rng);
  disturb<Partial>(payload_of(Partial{7, 5, {{1, 0}, {0, 2}}, {1, 2, 3, 4}}), rng);
  disturb<Call>(payload_of(Call{3, 1, 9, "clip", {2, 8}, {}}, kValues), rng);
  disturb<Called>(payload_of(Called{10, Error{ErrorCode::not_found, "no", "f", {}}}), rng);
  disturb<Assist>(payload_of(Assist{3, 1, 9}), rng);
  disturb<MissingBlocks>(payload_of(MissingBlocks{9, {4, 7}}), rng);
  disturb<Failure>(payload_of(Failure{{ErrorCode::io, "no", "f", {}}}), rng);
}

}  // namespace
}  // namespace krige::trainer
