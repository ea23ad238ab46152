#include "trainer/wire/messages.h"

#include <fmt/format.h>

namespace krige::trainer {
namespace {

void put_sums(ByteWriter& to, const std::vector<BlockSum>& sums) {
  to.put(static_cast<std::uint64_t>(sums.size()));
  for (const BlockSum& sum : sums) {
    to.put(sum.loss);
    to.put(sum.score);
  }
}

std::vector<BlockSum> get_sums(ByteReader& from) {
  std::vector<BlockSum> sums(from.count(2 * sizeof(double)));
  for (BlockSum& sum : sums) {
    sum.loss = from.get<double>();
    sum.score = from.get<double>();
  }
  return sums;
}

void put_keys(ByteWriter& to, const KeyList& list) {
  to.put(list.signature.low);
  to.put(list.signature.high);
  to.put(static_cast<std::uint8_t>(list.with_keys ? 1 : 0));
  to.put(static_cast<std::uint64_t>(list.keys.size()));
  for (const std::uint32_t key : list.keys) to.put(key);
}

Status get_keys(ByteReader& from, KeyList& list) {
  list.signature.low = from.get<std::uint64_t>();
  list.signature.high = from.get<std::uint64_t>();
  const auto with_keys = from.get<std::uint8_t>();
  list.keys.resize(from.count(sizeof(std::uint32_t)));
  for (std::uint32_t& key : list.keys) key = from.get<std::uint32_t>();
  list.with_keys = with_keys == 1;
  if (with_keys > 1 || (!list.with_keys && !list.keys.empty()))
    return fail(ErrorCode::corrupt, "a list of keys that is neither whole nor left out");
  return {};
}

// The numbers at a message's end are the weights and as many optimizer arrays.
Status split_state(std::span<const float> all, std::uint64_t keys, std::span<const float>& weights,
                   std::span<const float>& state) {
  if (keys > all.size() || (keys == 0 ? !all.empty() : all.size() % keys != 0))
    return fail(ErrorCode::corrupt, fmt::format("{} numbers are not the state of {} keys", all.size(), keys));
  weights = all.first(keys);
  state = all.subspan(keys);
  return {};
}

void put_nodes(ByteWriter& to, const std::vector<TreeNode>& nodes) {
  to.put(static_cast<std::uint64_t>(nodes.size()));
  for (const TreeNode& node : nodes) {
    to.put(node.level);
    to.put(node.index);
  }
}

std::vector<TreeNode> get_nodes(ByteReader& from) {
  std::vector<TreeNode> nodes(from.count(2 * sizeof(std::uint32_t)));
  for (TreeNode& node : nodes) {
    node.level = from.get<std::uint32_t>();
    node.index = from.get<std::uint32_t>();
  }
  return nodes;
}

template <typename P>
void put_push(ByteWriter& to, const P& m) {
  to.put(m.worker);
  to.put(m.incarnation);
  to.put(m.sequence);
  to.put(m.clock);
  to.put(m.version);
  to.put(m.rows);
  to.put(m.blocks);
  to.put(static_cast<std::uint32_t>(m.last ? 1 : 0));
}

void put_error(ByteWriter& to, const Error& error) {
  to.put(static_cast<std::uint8_t>(error.code));
  to.put(error.message);
  to.put(error.field);
}

Status get_error(ByteReader& from, Error& error) {
  const auto code = from.get<std::uint8_t>();
  error.message = from.text();
  error.field = from.text();
  if (code > static_cast<std::uint8_t>(ErrorCode::internal)) return fail(ErrorCode::corrupt, "an unknown error code");
  error.code = static_cast<ErrorCode>(code);
  return {};
}

// A number of values for each node.
Status check_nodes(std::uint32_t leaves, std::size_t nodes, std::size_t values) {
  if (leaves == 0) return fail(ErrorCode::corrupt, "a minibatch without blocks");
  if (nodes == 0 ? values > 0 : values % nodes != 0)
    return fail(ErrorCode::corrupt, fmt::format("{} numbers for {} nodes", values, nodes));
  return {};
}

// One overload a message: fills `m`; a value that no message has is an error, everything about lengths is the reader's.
Status read(ByteReader& from, Assignment& m) {
  m.index = from.get<std::uint32_t>();
  m.incarnation = from.get<std::uint32_t>();
  m.clock = from.get<std::uint64_t>();
  m.job = from.text();
  return {};
}

Status read(ByteReader& from, Ready& m) {
  m.summary = from.text();
  return {};
}

Status read(ByteReader& from, Begin& m) {
  m.train_rows = from.get<std::uint64_t>();
  m.version = from.get<std::uint64_t>();
  m.clock = from.get<std::uint64_t>();
  m.checkpoint_steps = from.get<std::uint64_t>();
  m.stop_at = from.get<std::uint64_t>();
  const auto keys = from.get<std::uint64_t>();
  m.penalized.resize(from.count(2 * sizeof(std::uint64_t)));
  for (KeyRange& range : m.penalized) {
    range.begin = from.get<std::uint64_t>();
    range.end = from.get<std::uint64_t>();
  }
  from.align();
  KRIGE_CHECK(split_state(from.floats(), keys, m.weights, m.state));
  for (const KeyRange& range : m.penalized)
    if (range.begin > range.end || range.end > m.weights.size())
      return fail(ErrorCode::corrupt, fmt::format("keys {} to {} are not the shard's", range.begin, range.end));
  return {};
}

Status read(ByteReader& from, Pull& m) {
  m.worker = from.get<std::uint32_t>();
  m.incarnation = from.get<std::uint32_t>();
  m.clock = from.get<std::uint64_t>();
  m.version = from.get<std::uint64_t>();
  return {};
}

// What Push and KeyedPush have in common.
template <typename P>
Status get_push(ByteReader& from, P& m) {
  m.worker = from.get<std::uint32_t>();
  m.incarnation = from.get<std::uint32_t>();
  m.sequence = from.get<std::uint64_t>();
  m.clock = from.get<std::uint64_t>();
  m.version = from.get<std::uint64_t>();
  m.rows = from.get<std::uint64_t>();
  m.blocks = from.get<std::uint32_t>();
  const auto last = from.get<std::uint32_t>();
  m.last = last == 1;
  if (last > 1) return fail(ErrorCode::corrupt, "a flag that is neither 0 nor 1");
  if (m.blocks == 0) return fail(ErrorCode::corrupt, "a minibatch without blocks");
  return {};
}

Status read(ByteReader& from, Push& m) {
  KRIGE_CHECK(get_push(from, m));
  m.nodes = get_nodes(from);
  from.align();
  m.values = from.floats();
  return check_nodes(m.blocks, m.nodes.size(), m.values.size());
}

Status read(ByteReader& from, Weights& m) {
  m.version = from.get<std::uint64_t>();
  m.clock = from.get<std::uint64_t>();
  m.min_clock = from.get<std::uint64_t>();
  m.weights = from.floats();
  return {};
}

Status read(ByteReader& from, Snapshot& m) {
  m.epoch = from.get<std::uint64_t>();
  m.version = from.get<std::uint64_t>();
  m.weights = from.floats();
  return {};
}

Status read(ByteReader& from, Evaluate& m) {
  m.epoch = from.get<std::uint64_t>();
  const auto with_test = from.get<std::uint8_t>();
  from.align();
  m.weights = from.floats();
  if (with_test > 1) return fail(ErrorCode::corrupt, "a flag that is neither 0 nor 1");
  m.with_test = with_test == 1;
  return {};
}

Status read(ByteReader& from, Evaluation& m) {
  m.epoch = from.get<std::uint64_t>();
  m.train = get_sums(from);
  m.validation = get_sums(from);
  m.test = get_sums(from);
  return {};
}

Status read(ByteReader& from, Heartbeat& m) {
  Figures& figures = m.figures;
  for (std::uint64_t* one :
       {&figures.clock, &figures.pushes, &figures.pulls, &figures.staleness_sum, &figures.staleness_max})
    *one = from.get<std::uint64_t>();
  for (double* one : {&figures.compute_seconds, &figures.wait_seconds, &figures.evaluate_seconds})
    *one = from.get<double>();
  figures.socket_bytes = from.get<std::uint64_t>();
  figures.memory_bytes = from.get<std::uint64_t>();
  return {};
}

Status read(ByteReader& from, Failure& m) { return get_error(from, m.error); }

Status read(ByteReader&, Hold&) { return {}; }

Status read(ByteReader& from, Held& m) {
  m.clock = from.get<std::uint64_t>();
  return {};
}

Status read(ByteReader& from, StopAt& m) {
  m.clock = from.get<std::uint64_t>();
  return {};
}

Status read(ByteReader& from, State& m) {
  m.clock = from.get<std::uint64_t>();
  m.version = from.get<std::uint64_t>();
  const auto keys = from.get<std::uint64_t>();
  const auto stopped = from.get<std::uint8_t>();
  from.align();
  KRIGE_CHECK(split_state(from.floats(), keys, m.weights, m.state));
  if (stopped > 1) return fail(ErrorCode::corrupt, "a flag that is neither 0 nor 1");
  m.stopped = stopped == 1;
  return {};
}

Status read(ByteReader& from, KeyedPush& m) {
  KRIGE_CHECK(get_push(from, m));
  m.node.level = from.get<std::uint32_t>();
  m.node.index = from.get<std::uint32_t>();
  KRIGE_CHECK(get_keys(from, m.keys));
  from.align();
  m.values = from.floats();
  return {};
}

Status read(ByteReader& from, KeyedPull& m) {
  m.worker = from.get<std::uint32_t>();
  m.incarnation = from.get<std::uint32_t>();
  m.clock = from.get<std::uint64_t>();
  m.version = from.get<std::uint64_t>();
  return get_keys(from, m.keys);
}

Status read(ByteReader& from, KeyedWeights& m) {
  m.version = from.get<std::uint64_t>();
  m.clock = from.get<std::uint64_t>();
  m.min_clock = from.get<std::uint64_t>();
  m.values = from.floats();
  return {};
}

Status read(ByteReader& from, KeyMiss& m) {
  m.signature.low = from.get<std::uint64_t>();
  m.signature.high = from.get<std::uint64_t>();
  return {};
}

Status read(ByteReader& from, Call& m) {
  m.worker = from.get<std::uint32_t>();
  m.incarnation = from.get<std::uint32_t>();
  m.sequence = from.get<std::uint64_t>();
  m.function = from.text();
  m.keys.begin = from.get<std::uint64_t>();
  m.keys.end = from.get<std::uint64_t>();
  from.align();
  m.arguments = from.floats();
  return {};
}

Status read(ByteReader& from, Called& m) {
  m.sequence = from.get<std::uint64_t>();
  const auto failed = from.get<std::uint8_t>();
  if (failed > 1) return fail(ErrorCode::corrupt, "a flag that is neither 0 nor 1");
  return failed == 0 ? Status{} : get_error(from, m.error.emplace());
}

Status read(ByteReader& from, Assist& m) {
  m.worker = from.get<std::uint32_t>();
  m.incarnation = from.get<std::uint32_t>();
  m.clock = from.get<std::uint64_t>();
  return {};
}

Status read(ByteReader& from, MissingBlocks& m) {
  m.clock = from.get<std::uint64_t>();
  m.blocks.resize(from.count(sizeof(std::uint32_t)));
  for (std::uint32_t& block : m.blocks) block = from.get<std::uint32_t>();
  return {};
}

Status read(ByteReader& from, Objective& m) {
  m.evaluation = from.get<std::uint64_t>();
  m.point = from.doubles();
  return {};
}

Status read(ByteReader& from, Partial& m) {
  m.evaluation = from.get<std::uint64_t>();
  m.partitions = from.get<std::uint32_t>();
  m.nodes = get_nodes(from);
  m.values = from.doubles();
  return check_nodes(m.partitions, m.nodes.size(), m.values.size());
}

}  // namespace

void encode_head(ByteWriter& to, const Assignment& m) {
  to.put(m.index);
  to.put(m.incarnation);
  to.put(m.clock);
  to.put(m.job);
}

void encode_head(ByteWriter& to, const Ready& m) { to.put(m.summary); }

void encode_head(ByteWriter& to, const Begin& m) {
  to.put(m.train_rows);
  to.put(m.version);
  to.put(m.clock);
  to.put(m.checkpoint_steps);
  to.put(m.stop_at);
  to.put(static_cast<std::uint64_t>(m.weights.size()));
  to.put(static_cast<std::uint64_t>(m.penalized.size()));
  for (const KeyRange& range : m.penalized) {
    to.put(range.begin);
    to.put(range.end);
  }
  to.align();
}

void encode_head(ByteWriter& to, const Pull& m) {
  to.put(m.worker);
  to.put(m.incarnation);
  to.put(m.clock);
  to.put(m.version);
}

void encode_head(ByteWriter& to, const Push& m) {
  put_push(to, m);
  put_nodes(to, m.nodes);
  to.align();
}

void encode_head(ByteWriter& to, const Weights& m) {
  to.put(m.version);
  to.put(m.clock);
  to.put(m.min_clock);
}

void encode_head(ByteWriter& to, const Snapshot& m) {
  to.put(m.epoch);
  to.put(m.version);
}

void encode_head(ByteWriter& to, const Evaluate& m) {
  to.put(m.epoch);
  to.put(static_cast<std::uint8_t>(m.with_test ? 1 : 0));
  to.align();
}

void encode_head(ByteWriter& to, const Evaluation& m) {
  to.put(m.epoch);
  put_sums(to, m.train);
  put_sums(to, m.validation);
  put_sums(to, m.test);
}

void encode_head(ByteWriter& to, const Heartbeat& m) {
  const Figures& figures = m.figures;
  for (const std::uint64_t one :
       {figures.clock, figures.pushes, figures.pulls, figures.staleness_sum, figures.staleness_max})
    to.put(one);
  for (const double one : {figures.compute_seconds, figures.wait_seconds, figures.evaluate_seconds}) to.put(one);
  to.put(figures.socket_bytes);
  to.put(figures.memory_bytes);
}

void encode_head(ByteWriter& to, const Failure& m) { put_error(to, m.error); }

void encode_head(ByteWriter&, const Hold&) {}
void encode_head(ByteWriter& to, const Held& m) { to.put(m.clock); }
void encode_head(ByteWriter& to, const StopAt& m) { to.put(m.clock); }

void encode_head(ByteWriter& to, const State& m) {
  to.put(m.clock);
  to.put(m.version);
  to.put(static_cast<std::uint64_t>(m.weights.size()));
  to.put(static_cast<std::uint8_t>(m.stopped ? 1 : 0));
  to.align();
}

void encode_head(ByteWriter& to, const KeyedPush& m) {
  put_push(to, m);
  to.put(m.node.level);
  to.put(m.node.index);
  put_keys(to, m.keys);
  to.align();
}

void encode_head(ByteWriter& to, const KeyedPull& m) {
  to.put(m.worker);
  to.put(m.incarnation);
  to.put(m.clock);
  to.put(m.version);
  put_keys(to, m.keys);
}

void encode_head(ByteWriter& to, const KeyedWeights& m) {
  to.put(m.version);
  to.put(m.clock);
  to.put(m.min_clock);
}

void encode_head(ByteWriter& to, const KeyMiss& m) {
  to.put(m.signature.low);
  to.put(m.signature.high);
}

void encode_head(ByteWriter& to, const Call& m) {
  to.put(m.worker);
  to.put(m.incarnation);
  to.put(m.sequence);
  to.put(m.function);
  to.put(m.keys.begin);
  to.put(m.keys.end);
  to.align();
}

void encode_head(ByteWriter& to, const Called& m) {
  to.put(m.sequence);
  to.put(static_cast<std::uint8_t>(m.error ? 1 : 0));
  if (m.error) put_error(to, *m.error);
}

void encode_head(ByteWriter& to, const Assist& m) {
  to.put(m.worker);
  to.put(m.incarnation);
  to.put(m.clock);
}

void encode_head(ByteWriter& to, const MissingBlocks& m) {
  to.put(m.clock);
  to.put(static_cast<std::uint64_t>(m.blocks.size()));
  for (const std::uint32_t block : m.blocks) to.put(block);
}

void encode_head(ByteWriter& to, const Objective& m) {
  to.put(m.evaluation);
  to.put(std::span<const double>(m.point));
}

void encode_head(ByteWriter& to, const Partial& m) {
  to.put(m.evaluation);
  to.put(m.partitions);
  put_nodes(to, m.nodes);
  to.put(std::span<const double>(m.values));
}

template <typename M>
Result<M> decode(const Frame& frame) {
  if (frame.type != M::kType)
    return fail(ErrorCode::corrupt,
                fmt::format("a message of type {} has no place here", static_cast<int>(frame.type)));
  M message;
  ByteReader reader(frame.payload, frame.body);
  const Status read_values = read(reader, message);
  KRIGE_CHECK(reader.finish());
  if (!read_values) return fail(read_values.error());
  return message;
}

template Result<Assignment> decode(const Frame&);
template Result<Ready> decode(const Frame&);
template Result<Begin> decode(const Frame&);
template Result<Pull> decode(const Frame&);
template Result<Push> decode(const Frame&);
template Result<Weights> decode(const Frame&);
template Result<Snapshot> decode(const Frame&);
template Result<Evaluate> decode(const Frame&);
template Result<Evaluation> decode(const Frame&);
template Result<Heartbeat> decode(const Frame&);
template Result<Failure> decode(const Frame&);
template Result<Hold> decode(const Frame&);
template Result<Held> decode(const Frame&);
template Result<StopAt> decode(const Frame&);
template Result<State> decode(const Frame&);
template Result<KeyedPush> decode(const Frame&);
template Result<KeyedPull> decode(const Frame&);
template Result<KeyedWeights> decode(const Frame&);
template Result<KeyMiss> decode(const Frame&);
template Result<Call> decode(const Frame&);
template Result<Called> decode(const Frame&);
template Result<Assist> decode(const Frame&);
template Result<MissingBlocks> decode(const Frame&);
template Result<Objective> decode(const Frame&);
template Result<Partial> decode(const Frame&);

}  // namespace krige::trainer
