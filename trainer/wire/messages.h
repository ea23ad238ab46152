// The messages as values. Each has kType, encode_head (everything but the numbers at its end) and a strict decode.
// Spans in a decoded message are views into the frame.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "trainer/floats.h"
#include "trainer/tree_sum.h"
#include "trainer/wire/bytes.h"
#include "trainer/wire/frame.h"
#include "trainer/wire/keys.h"

namespace krige::trainer {

struct Assignment {
  static constexpr MessageType kType = MessageType::assignment;
  std::uint32_t index = 0;
  std::uint32_t incarnation = 0;
  std::uint64_t clock = 0;  // minibatches that were done before
  std::string job;          // JSON
};

struct Ready {
  static constexpr MessageType kType = MessageType::ready;
  std::string summary;  // JSON of DataSummary
};

struct Begin {
  static constexpr MessageType kType = MessageType::begin;
  std::uint64_t train_rows = 0;
  std::vector<KeyRange> penalized;  // of this shard's keys, from its first
  std::span<const float> weights;
  // Where a training goes on that was stopped; else nothing.
  std::span<const float> state{};  // the optimizer's arrays, one after the other
  std::uint64_t version = 0;
  std::uint64_t clock = 0;
  std::uint64_t checkpoint_steps = 0;  // state is sent whenever all workers have done a multiple of so many; 0: never
  std::uint64_t stop_at = ~std::uint64_t{0};  // as StopAt; here, since workers may be far when a later message comes
};

// A worker that has done `clock` minibatches asks for weights. `version` is the one it saw last.
struct Pull {
  static constexpr MessageType kType = MessageType::pull;
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
  std::uint64_t clock = 0;
  std::uint64_t version = 0;
};

// Gradients of minibatch `clock`, summed over rows as far as the tree of `blocks` leaves allows; the last one of a
// minibatch is also a pull for clock + 1. (job, worker, incarnation, sequence) is its identity: a second one is
// ignored.
struct Push {
  static constexpr MessageType kType = MessageType::push;
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
  std::uint64_t sequence = 0;
  std::uint64_t clock = 0;
  std::uint64_t version = 0;  // that the gradient was computed with
  std::uint64_t rows = 0;     // of the whole minibatch
  std::uint32_t blocks = 1;
  bool last = true;
  std::vector<TreeNode> nodes;
  std::span<const float> values;  // nodes × keys of the shard
};

struct Weights {
  static constexpr MessageType kType = MessageType::weights;
  std::uint64_t version = 0;    // updates applied
  std::uint64_t clock = 0;      // of the asking worker
  std::uint64_t min_clock = 0;  // of all workers, when it was read
  std::span<const float> weights;
};

struct Snapshot {
  static constexpr MessageType kType = MessageType::snapshot;
  std::uint64_t epoch = 0;
  std::uint64_t version = 0;
  std::span<const float> weights;
};

struct Evaluate {
  static constexpr MessageType kType = MessageType::evaluate;
  std::uint64_t epoch = 0;
  bool with_test = false;
  std::span<const float> weights;
};

// Sums over one block of rows: the loss, and the number of right answers or the squared errors.
struct BlockSum {
  double loss = 0;
  double score = 0;
  friend bool operator==(const BlockSum&, const BlockSum&) = default;
};

// What a member has done since it was ready. Bytes are those sent and received over all its links, the coordinator's
// and evaluations among them.
struct Figures {
  std::uint64_t clock =
      0;  // minibatches (mapreduce: evaluations of the objective); of a shard those that all have done
  std::uint64_t pushes = 0;  // a worker's messages to its shards, a shard's from its workers
  std::uint64_t pulls = 0;   // answers with weights
  // A shard's: how many minibatches the reader was ahead of the slowest worker, over all reads.
  std::uint64_t staleness_sum = 0;
  std::uint64_t staleness_max = 0;
  // A worker's.
  double compute_seconds = 0;  // in gradients
  double wait_seconds = 0;     // for the weights that they are computed with
  double evaluate_seconds = 0;
  std::uint64_t socket_bytes = 0;
  std::uint64_t memory_bytes = 0;
  friend bool operator==(const Figures&, const Figures&) = default;
};

struct Evaluation {
  static constexpr MessageType kType = MessageType::evaluation;
  std::uint64_t epoch = 0;
  std::vector<BlockSum> train, validation, test;  // this worker's share of the blocks, in order
};

struct Heartbeat {
  static constexpr MessageType kType = MessageType::heartbeat;
  Figures figures{};
};

struct Failure {
  static constexpr MessageType kType = MessageType::failure;
  Error error;
};

// To stop all workers at one clock without asking them: each shard says the least clock that it can still stop every
// worker at, giving no reads beyond it; the greatest of these is where all stop.
struct Hold {
  static constexpr MessageType kType = MessageType::hold;
};
struct Held {
  static constexpr MessageType kType = MessageType::held;
  std::uint64_t clock = 0;
};
struct StopAt {
  static constexpr MessageType kType = MessageType::stop_at;
  static constexpr std::uint64_t kNever = ~std::uint64_t{0};
  std::uint64_t clock = kNever;  // kNever: go on
};

// A shard when every worker has done `clock` minibatches and none has read more.
struct State {
  static constexpr MessageType kType = MessageType::state;
  std::uint64_t clock = 0;
  std::uint64_t version = 0;
  bool stopped = false;  // as StopAt asked: nothing comes after it
  std::span<const float> weights;
  std::span<const float> state{};  // as in Begin
};

// As Push and Pull, of the keys of a list (of the shard's, from its first); the answer is of the same keys, in their
// order. A list that the shard does not have is answered by KeyMiss, and the request counts as not sent.
struct KeyedPush {
  static constexpr MessageType kType = MessageType::keyed_push;
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
  std::uint64_t sequence = 0;
  std::uint64_t clock = 0;
  std::uint64_t version = 0;
  std::uint64_t rows = 0;
  std::uint32_t blocks = 1;
  bool last = true;
  TreeNode node;
  KeyList keys;
  std::span<const float> values;  // one a key
};

struct KeyedPull {
  static constexpr MessageType kType = MessageType::keyed_pull;
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
  std::uint64_t clock = 0;
  std::uint64_t version = 0;
  KeyList keys;
};

struct KeyedWeights {
  static constexpr MessageType kType = MessageType::keyed_weights;
  std::uint64_t version = 0;
  std::uint64_t clock = 0;
  std::uint64_t min_clock = 0;
  std::span<const float> values;
};

struct KeyMiss {
  static constexpr MessageType kType = MessageType::key_miss;
  KeySignature signature;
};

// A worker calls a function of the shard by its name (shard/server_functions.h). (job, worker, incarnation, sequence)
// is its identity: it is applied once, however often it comes.
struct Call {
  static constexpr MessageType kType = MessageType::call;
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
  std::uint64_t sequence = 0;  // of this worker's incarnation, from 0 without gaps
  std::string function;
  KeyRange keys;  // of the shard, from its first
  std::span<const float> arguments{};
};

struct Called {
  static constexpr MessageType kType = MessageType::called;
  std::uint64_t sequence = 0;
  std::optional<Error> error;  // nothing has changed; unavailable: a call before this one has not come
};

// bsp: a worker that has pushed its share of minibatch `clock` offers to compute what others have not yet.
struct Assist {
  static constexpr MessageType kType = MessageType::assist;
  std::uint32_t worker = 0;
  std::uint32_t incarnation = 0;
  std::uint64_t clock = 0;
};

struct MissingBlocks {
  static constexpr MessageType kType = MessageType::missing_blocks;
  std::uint64_t clock = 0;
  std::vector<std::uint32_t> blocks;  // some of those missing, ascending; none: the minibatch is done
};

// mapreduce: the driver's evaluation number `evaluation` (from 1) at `point`, all parameters.
struct Objective {
  static constexpr MessageType kType = MessageType::objective;
  std::uint64_t evaluation = 0;
  std::vector<double> point;
};

// A worker's part of it: the gradients of its partitions of the training rows and, behind each, the loss, summed as far
// as the tree of `partitions` leaves allows.
struct Partial {
  static constexpr MessageType kType = MessageType::partial;
  std::uint64_t evaluation = 0;
  std::uint32_t partitions = 1;
  std::vector<TreeNode> nodes;
  std::vector<double> values;  // nodes × (parameters + 1)
};

void encode_head(ByteWriter& to, const Assignment& m);
void encode_head(ByteWriter& to, const Ready& m);
void encode_head(ByteWriter& to, const Begin& m);
void encode_head(ByteWriter& to, const Pull& m);
void encode_head(ByteWriter& to, const Push& m);
void encode_head(ByteWriter& to, const Weights& m);
void encode_head(ByteWriter& to, const Snapshot& m);
void encode_head(ByteWriter& to, const Evaluate& m);
void encode_head(ByteWriter& to, const Evaluation& m);
void encode_head(ByteWriter& to, const Heartbeat& m);
void encode_head(ByteWriter& to, const Failure& m);
void encode_head(ByteWriter& to, const Hold& m);
void encode_head(ByteWriter& to, const Held& m);
void encode_head(ByteWriter& to, const StopAt& m);
void encode_head(ByteWriter& to, const State& m);
void encode_head(ByteWriter& to, const KeyedPush& m);
void encode_head(ByteWriter& to, const KeyedPull& m);
void encode_head(ByteWriter& to, const KeyedWeights& m);
void encode_head(ByteWriter& to, const KeyMiss& m);
void encode_head(ByteWriter& to, const Call& m);
void encode_head(ByteWriter& to, const Called& m);
void encode_head(ByteWriter& to, const Assist& m);
void encode_head(ByteWriter& to, const MissingBlocks& m);
void encode_head(ByteWriter& to, const Objective& m);
void encode_head(ByteWriter& to, const Partial& m);

// The payload as a message of type M. corrupt: another type, too short, too long, or a value that no M has.
template <typename M>
[[nodiscard]] Result<M> decode(const Frame& frame);

}  // namespace krige::trainer
