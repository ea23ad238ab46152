// What a shard promises its workers, held by its process: bounded delay, range push and pull, server functions.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/rng.h"
#include "tests/trainer/member_process.h"
#include "trainer/job_text.h"
#include "trainer/shard/shard.h"

namespace krige::trainer {
namespace {

TrainJob job_of(TrainMode mode, std::uint32_t workers, std::int64_t staleness = 0) {
  TrainJob job;
  job.data.path = "unused";
  job.mode = mode;
  job.staleness = staleness;
  job.workers = workers;
  job.epochs = 1000;
  job.batch_size = 1;
  job.optimizer = OptimizerKind::sgd;
  job.learning_rate = 1;
  return job;
}

// A shard's process with its first weights, and the test as all its workers.
class ShardProcess {
 public:
  ShardProcess(const TrainJob& job, std::vector<float> weights, const ShardOptions& options = {})
      : process_(loop_.loop(), static_cast<std::size_t>(job.workers),
                 [&options](const MemberArguments& arguments) { return run_shard(arguments, options); }),
        keys_(weights.size()),
        peers_(static_cast<std::size_t>(job.workers)) {
    control_ = process_.control([](const Frame&) -> Status { return {}; });
    control_->send(MemberProcess::kJob, Assignment{0, 0, 0, job_text(job)});
    Begin begin;
    begin.train_rows = 1000;
    begin.weights = weights;
    control_->send(MemberProcess::kJob, begin);
    for (std::size_t w = 0; w < peers_.size(); ++w)
      peers_[w].channel = process_.link(w, [this, w](const Frame& frame) { return on_frame(peers_[w], frame); });
  }

  template <typename Message>
  void send(std::uint32_t worker, const Message& message) {
    peers_[worker].channel->send(MemberProcess::kJob, message);
  }
  void send(std::uint32_t worker, const KeyedPush& message) {
    peers_[worker].channel->send(MemberProcess::kJob, message, {&message.values, 1});
  }
  void pull(std::uint32_t worker, std::uint64_t clock) { send(worker, Pull{worker, 0, clock, 0}); }
  // The whole minibatch `clock` of ssp or asp; also a pull for the next.
  void push(std::uint32_t worker, std::uint64_t clock, std::span<const float> gradient,
            std::optional<std::uint64_t> sequence = {}) {
    Push message;
    message.worker = worker;
    message.sequence = sequence.value_or(clock);
    message.clock = clock;
    message.rows = 1;
    message.nodes = {{0, 0}};
    message.values = gradient;
    peers_[worker].channel->send(MemberProcess::kJob, message, {&gradient, 1});
  }

  struct Answer {
    std::uint64_t version = 0, clock = 0, min_clock = 0;
    std::vector<float> weights;
  };
  [[nodiscard]] std::optional<Answer> next_answer(std::uint32_t worker) {
    Peer& peer = peers_[worker];
    if (!loop_.run_until([&] { return !peer.answers.empty(); })) return std::nullopt;
    Answer first = peer.answers.front();
    peer.answers.erase(peer.answers.begin());
    return first;
  }
  // Messages to a worker keep their order: what is not there when a later call is answered was not sent before it.
  [[nodiscard]] bool stalls(std::uint32_t worker) {
    const std::uint64_t sequence = peers_[worker].next_call++;
    send(worker, Call{worker, 0, sequence, "scale", {0, 0}, kOne});
    return loop_.run_until([&] { return peers_[worker].called.contains(sequence); }) && peers_[worker].answers.empty();
  }
  // Nothing: not answered in time; else whether it was applied, now or before.
  [[nodiscard]] std::optional<Called> answer_to_call(std::uint32_t worker, std::uint64_t sequence) {
    Peer& peer = peers_[worker];
    if (!loop_.run_until([&] { return peer.called.contains(sequence); })) return std::nullopt;
    const Called answer = peer.called.at(sequence);
    peer.called.erase(sequence);
    return answer;
  }
  [[nodiscard]] std::size_t keys() const { return keys_; }

 private:
  static constexpr float kOneValue = 1;
  static constexpr std::span<const float> kOne{&kOneValue, 1};
  struct Peer {
    std::unique_ptr<Channel> channel;
    std::vector<Answer> answers;
    std::map<std::uint64_t, Called> called;
    std::uint64_t next_call = 0;
  };

  static Status on_frame(Peer& peer, const Frame& frame) {
    if (frame.type == MessageType::called) {
      KRIGE_TRY(const Called called, decode<Called>(frame));
      peer.called.emplace(called.sequence, called);
      return {};
    }
    if (frame.type == MessageType::keyed_weights) {
      KRIGE_TRY(const KeyedWeights some, decode<KeyedWeights>(frame));
      peer.answers.push_back({some.version, some.clock, some.min_clock, {some.values.begin(), some.values.end()}});
      return {};
    }
    KRIGE_TRY(const Weights all, decode<Weights>(frame));
    peer.answers.push_back({all.version, all.clock, all.min_clock, {all.weights.begin(), all.weights.end()}});
    return {};
  }

  PatientLoop loop_;
  MemberProcess process_;
  std::size_t keys_;
  std::unique_ptr<Channel> control_;
  std::vector<Peer> peers_;
};

// Li et al., OSDI 2014, section 3.4: with one worker stopped, the others stall at exactly τ + 1 minibatches.
TEST(ShardProcess, WithAStoppedWorkerTheOthersStallAtTauPlusOne) {
  for (const std::int64_t staleness : {0, 1, 3}) {
    ShardProcess shard(job_of(TrainMode::ssp, 2, staleness), {0, 0});
    const std::vector<float> gradient{1, 1};
    shard.pull(0, 0);
    shard.pull(1, 0);
    ASSERT_TRUE(shard.next_answer(1));
    const auto tau = static_cast<std::uint64_t>(staleness);
    for (std::uint64_t clock = 0; clock <= tau; ++clock) {
      const auto answer = shard.next_answer(0);
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->clock, clock);
      EXPECT_EQ(answer->min_clock, 0U);
      shard.push(0, clock, gradient);
    }
    EXPECT_TRUE(shard.stalls(0)) << "staleness " << staleness;
    shard.push(1, 0, gradient);
    const auto answer = shard.next_answer(0);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->clock, tau + 1);
    EXPECT_EQ(answer->min_clock, 1U);
    EXPECT_EQ(answer->version, tau + 2);
  }
}

TEST(ShardProcess, WithoutABoundNobodyStalls) {
  ShardProcess shard(job_of(TrainMode::asp, 2), {0});
  const std::vector<float> gradient{1};
  shard.pull(0, 0);
  for (std::uint64_t clock = 0; clock < 300; ++clock) {
    const auto answer = shard.next_answer(0);
    ASSERT_TRUE(answer);
    EXPECT_EQ(answer->clock, clock);
    EXPECT_EQ(answer->min_clock, 0U);
    shard.push(0, clock, gradient);
  }
}

TEST(ShardProcess, AMessageThatComesTwiceCountsOnce) {
  ShardProcess shard(job_of(TrainMode::asp, 1), {0, 0});
  const std::vector<float> gradient{1, -2};
  shard.pull(0, 0);
  ASSERT_TRUE(shard.next_answer(0));
  for (std::uint64_t clock = 0; clock < 3; ++clock)
    for (int copy = 0; copy < 2; ++copy) {
      shard.push(0, clock, gradient);
      const auto answer = shard.next_answer(0);
      ASSERT_TRUE(answer);
      EXPECT_EQ(answer->version, clock + 1);
      const auto steps = static_cast<float>(clock + 1);
      EXPECT_EQ(answer->weights, (std::vector<float>{-steps, 2 * steps}));
    }
}

// Ranges of a random length, the last key among them, and none at all, against the same by the whole range.
TEST(ShardProcess, PushAndPullOfSomeKeysEqualThoseOfAll) {
  constexpr std::size_t kKeys = 300;
  const std::vector<float> start(kKeys, 0.5F);
  ShardProcess some(job_of(TrainMode::asp, 1), start);
  ShardProcess all(job_of(TrainMode::asp, 1), start);
  Rng rng(3);
  KeySender sender;
  all.pull(0, 0);
  std::vector<float> whole = all.next_answer(0)->weights;
  for (std::uint64_t clock = 0; clock < 60; ++clock) {
    std::set<std::uint32_t> chosen;
    if (clock % 7 != 3)
      for (std::uint64_t n = rng.below(kKeys); n > 0; --n) chosen.insert(static_cast<std::uint32_t>(rng.below(kKeys)));
    if (clock % 5 == 0) chosen.insert(kKeys - 1);
    const std::vector<std::uint32_t> keys(chosen.begin(), chosen.end());
    some.send(0, KeyedPull{0, 0, clock, 0, sender.pack(keys)});
    const auto before = some.next_answer(0);
    ASSERT_TRUE(before);
    ASSERT_EQ(before->weights.size(), keys.size());
    std::vector<float> values(keys.size());
    std::vector<float> gradient(kKeys, 0.0F);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      EXPECT_EQ(before->weights[i], whole[keys[i]]) << "key " << keys[i];
      gradient[keys[i]] = values[i] = static_cast<float>(rng.uniform() - 0.5);
    }
    KeyedPush push;
    push.sequence = push.clock = clock;
    push.rows = 1;
    push.keys = sender.pack(keys);
    push.values = values;
    some.send(0, push);
    ASSERT_TRUE(some.next_answer(0));
    all.push(0, clock, gradient);
    const auto answer = all.next_answer(0);
    ASSERT_TRUE(answer);
    whole = answer->weights;
  }
}

// Section 3.5: calls are lost, come late and come twice; each is applied exactly once and in its worker's order.
TEST(ShardProcess, AUsersServerFunctionIsAppliedExactlyOnce) {
  ShardOptions options;
  // Depends on the order, and on how often it is called.
  options.functions["blend"] = [](std::span<float> weights, std::span<const float> a) -> Status {
    if (a.size() != 2) return fail(ErrorCode::invalid_argument, "takes a factor and a number");
    for (float& w : weights) w = w * a[0] + a[1];
    return {};
  };
  constexpr std::size_t kKeys = 16;
  constexpr std::uint64_t kCalls = 200;
  std::vector<float> expected(kKeys, 1.0F);
  ShardProcess shard(job_of(TrainMode::asp, 2), expected, options);
  Rng rng(9);
  for (std::uint64_t sequence = 0; sequence < kCalls; ++sequence) {
    const std::uint64_t begin = rng.below(kKeys + 1);
    const KeyRange keys{begin, begin + rng.below(kKeys + 1 - begin)};
    const std::vector<float> arguments{static_cast<float>(rng.uniform()), static_cast<float>(rng.uniform())};
    for (std::uint64_t k = keys.begin; k < keys.end; ++k) expected[k] = expected[k] * arguments[0] + arguments[1];
    const Call call{0, 0, sequence, "blend", keys, arguments};
    // The one before was lost: this one waits for it.
    if (rng.below(4) == 0) {
      Call early = call;
      early.sequence = sequence + 1;
      shard.send(0, early);
      const auto answer = shard.answer_to_call(0, sequence + 1);
      ASSERT_TRUE(answer && answer->error);
      EXPECT_EQ(answer->error->code, ErrorCode::unavailable);
    }
    const std::uint64_t copies = 1 + rng.below(3);
    for (std::uint64_t copy = 0; copy < copies; ++copy) {
      shard.send(0, call);
      const auto answer = shard.answer_to_call(0, sequence);
      ASSERT_TRUE(answer);
      EXPECT_FALSE(answer->error) << answer->error->message;
    }
  }
  shard.pull(0, 0);
  const auto answer = shard.next_answer(0);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->weights, expected);
  EXPECT_EQ(answer->version, 0U);
}

TEST(ShardProcess, ACallThatCannotBeIsTheCallersToKnow) {
  ShardProcess shard(job_of(TrainMode::asp, 1), {1, 2});
  const std::vector<float> one{1};
  const auto code_of = [&](const Call& call) {
    shard.send(0, call);
    const auto answer = shard.answer_to_call(0, call.sequence);
    return answer && answer->error ? answer->error->code : ErrorCode::internal;
  };
  EXPECT_EQ(code_of({0, 0, 0, "no such", {0, 1}, one}), ErrorCode::not_found);
  EXPECT_EQ(code_of({0, 0, 0, "add", {1, 3}, one}), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of({0, 0, 0, "add", {0, 2}, one}), ErrorCode::invalid_argument);
  shard.pull(0, 0);
  const auto answer = shard.next_answer(0);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->weights, (std::vector<float>{1, 2}));
}

}  // namespace
}  // namespace krige::trainer
