#include "trainer/shard/parameter_range.h"

#include <gtest/gtest.h>

#include <map>

namespace krige::trainer {
namespace {

struct FakePeers final : ShardPeers {
  struct Read {
    std::uint32_t worker;
    std::uint64_t clock;
    std::uint64_t min_clock;
    std::uint64_t version;
    std::vector<float> weights;
  };
  void send_weights(std::uint32_t worker, const Weights& w) override {
    reads.push_back({worker, w.clock, w.min_clock, w.version, {w.weights.begin(), w.weights.end()}});
  }
  void send_snapshot(const Snapshot& s) override { snapshots.emplace_back(s.epoch, s.version); }
  void send_state(const State& s) override {
    states.push_back(
        {s.clock, s.version, s.stopped, {s.weights.begin(), s.weights.end()}, {s.state.begin(), s.state.end()}});
  }

  struct Sent {
    std::uint64_t clock;
    std::uint64_t version;
    bool stopped;
    std::vector<float> weights;
    std::vector<float> state;
  };
  std::vector<Sent> states;
  std::vector<Read> reads;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> snapshots;
};

// Two keys, the second a bias; 16 rows in minibatches of 8: one micro-block of 8 rows each in bsp.
class ParameterRangeTest : public testing::Test {
 protected:
  ParameterRange& range(TrainMode mode, std::int64_t workers, std::int64_t staleness = 0, double l2 = 0) {
    TrainJob job;
    job.mode = mode;
    job.workers = workers;
    job.staleness = staleness;
    job.batch_size = 8;
    job.epochs = 3;
    job.learning_rate = 1;
    job.l2 = l2;
    const std::vector<float> start{1, 1};
    range_ = std::make_unique<ParameterRange>(job, Begin{rows_, {{0, 1}}, start}, peers_);
    return *range_;
  }
  // A push of the sum `values` over the worker's whole minibatch.
  Push push(std::uint32_t worker, std::uint64_t clock, const std::vector<float>& values) const {
    Push push;
    push.worker = worker;
    push.sequence = push.clock = clock;
    push.rows = 8;
    if (!values.empty()) push.nodes = {{0, 0}};
    push.values = values;
    return push;
  }

  std::uint64_t rows_ = 16;
  FakePeers peers_;
  std::unique_ptr<ParameterRange> range_;
  const std::vector<float> eight_{8, 8};  // a mean gradient of one
};

TEST_F(ParameterRangeTest, BspUpdatesOnceWhenTheSumIsComplete) {
  ParameterRange& range = this->range(TrainMode::bsp, 2);
  ASSERT_TRUE(range.pull({0, 0, 0, 0}));
  ASSERT_TRUE(range.pull({1, 0, 0, 0}));
  ASSERT_EQ(peers_.reads.size(), 2U);
  // The one block is the second worker's (0 · 2/2 … 1 · 1/2); the first has nothing to add.
  ASSERT_TRUE(range.push(push(0, 0, {})));
  EXPECT_EQ(peers_.reads.size(), 2U);
  EXPECT_EQ(range.version(), 0U);
  ASSERT_TRUE(range.push(push(1, 0, eight_)));
  ASSERT_EQ(peers_.reads.size(), 4U);
  EXPECT_EQ(range.version(), 1U);
  for (std::size_t i = 2; i < 4; ++i) {
    EXPECT_EQ(peers_.reads[i].weights, (std::vector<float>{0, 0}));
    EXPECT_EQ(peers_.reads[i].clock, 1U);
    EXPECT_EQ(peers_.reads[i].min_clock, 1U);
  }
}

TEST_F(ParameterRangeTest, BspGoesOnWithoutAStragglerWhoseBlocksOthersPush) {
  ParameterRange& range = this->range(TrainMode::bsp, 2);
  EXPECT_EQ(range.missing(0), (std::vector<std::uint32_t>{0}));
  EXPECT_TRUE(range.missing(1).empty());
  std::uint64_t sequence = 0;
  for (std::uint64_t clock = 0; clock < 3; ++clock) {
    Push own = push(0, clock, {});
    own.sequence = sequence++;
    ASSERT_TRUE(range.push(own));
    EXPECT_EQ(range.version(), clock);
    Push others = push(0, clock, eight_);
    others.sequence = sequence++;
    others.last = false;
    ASSERT_TRUE(range.push(others));
    EXPECT_EQ(range.version(), clock + 1);
    EXPECT_EQ(peers_.reads.back().clock, clock + 1);
  }
  const std::vector<float> weights(range.weights().begin(), range.weights().end());
  // The straggler's share comes now: too late, and it goes on where the other is.
  ASSERT_TRUE(range.push(push(1, 0, eight_)));
  EXPECT_TRUE(std::ranges::equal(range.weights(), weights));
  EXPECT_EQ(peers_.reads.back().worker, 1U);
  EXPECT_EQ(peers_.reads.back().clock, 3U);
  ASSERT_TRUE(range.push(push(1, 3, eight_)));
  EXPECT_EQ(range.version(), 4U);
  EXPECT_FALSE(range.push(push(1, 9, eight_)));
}

TEST_F(ParameterRangeTest, AMinibatchInPartsIsOneUpdate) {
  rows_ = 96;
  TrainJob job;
  job.batch_size = 96;  // blocks of 32 rows: a tree of three
  job.epochs = 3;
  job.learning_rate = 1;
  const std::vector<float> start{1, 1};
  ParameterRange range(job, Begin{rows_, {}, start}, peers_);
  Push part;
  part.rows = 96;
  part.blocks = 3;
  part.nodes = {{0, 2}};
  const std::vector<float> thirty_two{32, 32};
  part.values = thirty_two;
  part.last = false;
  ASSERT_TRUE(range.push(part));
  EXPECT_EQ(range.version(), 0U);
  EXPECT_TRUE(peers_.reads.empty());
  ASSERT_TRUE(range.push(part));  // a duplicate
  const std::vector<float> sixty_four{64, 64};
  part.sequence = 1;
  part.nodes = {{1, 0}};
  part.values = sixty_four;
  part.last = true;
  ASSERT_TRUE(range.push(part));
  EXPECT_EQ(range.version(), 1U);
  EXPECT_EQ(peers_.reads.size(), 1U);
  EXPECT_EQ(range.weights()[0], 0.0F);
}

TEST_F(ParameterRangeTest, L2LeavesTheBiasAlone) {
  ParameterRange& range = this->range(TrainMode::bsp, 1, 0, 0.25);
  ASSERT_TRUE(range.push(push(0, 0, {0, 0})));
  EXPECT_EQ(range.weights()[0], 0.75F);
  EXPECT_EQ(range.weights()[1], 1.0F);
}

TEST_F(ParameterRangeTest, BspEndsTheTrainingWhenABlockIsMissing) {
  ParameterRange& range = this->range(TrainMode::bsp, 2);
  ASSERT_TRUE(range.push(push(0, 0, {})));
  const Status pushed = range.push(push(1, 0, {}));
  ASSERT_FALSE(pushed);
  EXPECT_EQ(pushed.error().code, ErrorCode::corrupt);
}

TEST_F(ParameterRangeTest, DuplicatesAreAnsweredButNotApplied) {
  ParameterRange& range = this->range(TrainMode::asp, 2);
  ASSERT_TRUE(range.push(push(0, 0, eight_)));
  ASSERT_TRUE(range.push(push(0, 0, eight_)));
  EXPECT_EQ(range.version(), 1U);
  EXPECT_EQ(range.weights()[0], 0.0F);
  ASSERT_EQ(peers_.reads.size(), 2U);
  EXPECT_EQ(peers_.reads[1].clock, 1U);
}

TEST_F(ParameterRangeTest, SspHoldsTheFastestBackAtTheBound) {
  rows_ = 64;  // 4 minibatches of 8 an epoch for each of 2 workers
  constexpr std::uint64_t kStaleness = 2;
  ParameterRange& range = this->range(TrainMode::ssp, 2, kStaleness);
  for (std::uint64_t clock = 0; clock < 3; ++clock) ASSERT_TRUE(range.push(push(0, clock, eight_)));
  ASSERT_EQ(peers_.reads.size(), 2U);  // clocks 1 and 2; 3 is τ + 1 ahead
  EXPECT_EQ(peers_.reads.back().clock, 2U);
  ASSERT_TRUE(range.push(push(1, 0, eight_)));
  ASSERT_EQ(peers_.reads.size(), 4U);
  EXPECT_EQ(peers_.reads[2].worker, 0U);
  EXPECT_EQ(peers_.reads[2].clock, 3U);
  for (const auto& read : peers_.reads) EXPECT_LE(read.clock - read.min_clock, kStaleness);
}

TEST_F(ParameterRangeTest, AspHoldsNobodyBack) {
  rows_ = 64;
  ParameterRange& range = this->range(TrainMode::asp, 2);
  for (std::uint64_t clock = 0; clock < 12; ++clock) ASSERT_TRUE(range.push(push(0, clock, eight_)));
  EXPECT_EQ(peers_.reads.size(), 12U);
  EXPECT_TRUE(peers_.snapshots.empty());  // the other worker has not done an epoch
}

TEST_F(ParameterRangeTest, SnapshotsWhenTheSlowestHasDoneAnEpoch) {
  ParameterRange& range = this->range(TrainMode::asp, 2);  // one minibatch of 8 an epoch each
  ASSERT_TRUE(range.push(push(0, 0, eight_)));
  ASSERT_TRUE(range.push(push(0, 1, eight_)));
  EXPECT_TRUE(peers_.snapshots.empty());
  ASSERT_TRUE(range.push(push(1, 0, eight_)));
  ASSERT_TRUE(range.push(push(1, 1, eight_)));
  EXPECT_EQ(peers_.snapshots, (std::vector<std::pair<std::uint64_t, std::uint64_t>>{{1, 3}, {2, 4}}));
}

TEST_F(ParameterRangeTest, AllStopAtTheClockThatHoldSaysAndGoOnWhenTold) {
  rows_ = 64;
  ParameterRange& range = this->range(TrainMode::asp, 2);
  for (std::uint64_t clock = 0; clock < 3; ++clock) ASSERT_TRUE(range.push(push(0, clock, eight_)));
  EXPECT_EQ(range.hold(), 4U);  // worker 0 has read for minibatch 3 and will push it
  ASSERT_TRUE(range.push(push(0, 3, eight_)));
  const std::size_t reads = peers_.reads.size();
  for (std::uint64_t clock = 0; clock < 3; ++clock) ASSERT_TRUE(range.push(push(1, clock, eight_)));
  EXPECT_EQ(peers_.reads.size(), reads + 3);
  range.stop_at(5);  // another shard is further: both may do one more
  EXPECT_EQ(peers_.reads.size(), reads + 4);
  ASSERT_TRUE(range.push(push(0, 4, eight_)));
  ASSERT_TRUE(range.push(push(1, 3, eight_)));
  EXPECT_TRUE(peers_.states.empty());
  ASSERT_TRUE(range.push(push(1, 4, eight_)));
  ASSERT_EQ(peers_.states.size(), 1U);
  EXPECT_EQ(peers_.states[0].clock, 5U);
  EXPECT_EQ(peers_.states[0].version, 10U);
  EXPECT_TRUE(peers_.states[0].stopped);
  EXPECT_EQ(peers_.states[0].weights, (std::vector<float>{-9, -9}));
  EXPECT_EQ(peers_.reads.size(), reads + 5);  // nobody reads for minibatch 5
  range.stop_at(StopAt::kNever);
  EXPECT_EQ(peers_.reads.size(), reads + 7);
}

// Told at the beginning, so that no worker is beyond it, however late other messages come.
TEST_F(ParameterRangeTest, StopsWhereItsBeginSays) {
  TrainJob job;
  job.mode = TrainMode::bsp;
  job.batch_size = 8;
  job.epochs = 3;
  const std::vector<float> start{1, 1};
  Begin begin{16, {}, start};
  begin.stop_at = 2;
  ParameterRange range(job, begin, peers_);
  ASSERT_TRUE(range.push(push(0, 0, eight_)));
  ASSERT_TRUE(range.push(push(0, 1, eight_)));
  EXPECT_EQ(peers_.reads.size(), 1U);
  ASSERT_EQ(peers_.states.size(), 1U);
  EXPECT_EQ(peers_.states[0].clock, 2U);
  EXPECT_TRUE(peers_.states[0].stopped);
}

TEST_F(ParameterRangeTest, ACheckpointWaitsForTheSlowestAndARangeGoesOnFromIt) {
  TrainJob job;
  job.mode = TrainMode::asp;
  job.workers = 2;
  job.batch_size = 8;
  job.epochs = 9;
  job.learning_rate = 1;
  job.optimizer = OptimizerKind::momentum;
  job.momentum = 0.5;
  const std::vector<float> start{1, 1};
  Begin begin{16, {}, start};
  begin.checkpoint_steps = 2;
  ParameterRange range(job, begin, peers_);
  ASSERT_TRUE(range.push(push(0, 0, eight_)));
  ASSERT_TRUE(range.push(push(0, 1, eight_)));
  EXPECT_EQ(peers_.reads.size(), 1U);  // the read for minibatch 2 comes after the checkpoint
  ASSERT_TRUE(range.push(push(1, 0, eight_)));
  ASSERT_TRUE(range.push(push(1, 1, eight_)));
  ASSERT_EQ(peers_.states.size(), 1U);
  const auto saved = peers_.states[0];
  EXPECT_EQ(saved.clock, 2U);
  EXPECT_FALSE(saved.stopped);
  EXPECT_EQ(saved.state.size(), 2U);  // the velocity
  EXPECT_EQ(peers_.reads.size(), 4U);
  ASSERT_TRUE(range.push(push(0, 2, eight_)));

  Begin again{16, {}, saved.weights, saved.state, saved.version, saved.clock, 2};
  ASSERT_TRUE(ParameterRange::check(job, again));
  ParameterRange resumed(job, again, peers_);
  Push next = push(0, 2, eight_);
  ASSERT_TRUE(resumed.push(next));
  EXPECT_EQ(resumed.version(), range.version());
  EXPECT_TRUE(std::ranges::equal(resumed.weights(), range.weights()));
  again.state = again.state.first(1);
  EXPECT_FALSE(ParameterRange::check(job, again));
  again.state = saved.state;
  again.clock = 1 << 20;
  EXPECT_FALSE(ParameterRange::check(job, again));
}

TEST_F(ParameterRangeTest, NonsenseIsAnError) {
  ParameterRange& range = this->range(TrainMode::asp, 2);
  EXPECT_FALSE(range.pull({2, 0, 0, 0}));  // no such worker
  EXPECT_FALSE(range.pull({0, 1, 0, 0}));  // another incarnation
  EXPECT_FALSE(range.pull({0, 0, 1, 0}));  // another clock
  EXPECT_FALSE(range.push(push(0, 1, eight_)));
  EXPECT_FALSE(range.push(push(0, 99, eight_)));
  Push other = push(0, 0, eight_);
  other.rows = 7;
  EXPECT_FALSE(range.push(other));
  other = push(0, 0, eight_);
  other.blocks = 1u << 31;
  EXPECT_FALSE(range.push(other));
  const std::vector<float> three{1, 2, 3};
  EXPECT_FALSE(range.push(push(0, 0, three)));
  other = push(0, 0, eight_);
  other.nodes = {{9, 9}};
  EXPECT_FALSE(range.push(other));
  EXPECT_EQ(range.version(), 0U);
  EXPECT_TRUE(range.push(push(0, 0, eight_)));
}

}  // namespace
}  // namespace krige::trainer
