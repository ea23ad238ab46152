#include "trainer/worker/worker.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include "trainer/worker/gradient.h"
#include "trainer/worker/local_steps.h"

namespace krige::trainer {
namespace {

// Where a worker's time goes: into gradients, into waiting for weights, or into evaluations.
class Stopwatch {
 public:
  void begin_waiting() { turn_to(&waited_); }
  void begin_computing() { turn_to(&computed_); }
  template <typename Work>
  void evaluate(const Work& work) {
    Duration* const before = turn_to(&evaluated_);
    work();
    turn_to(before);
  }
  // Until now.
  void read(Figures& into) {
    turn_to(running_);
    const auto seconds = [](Duration time) { return std::chrono::duration<double>(time).count(); };
    into.compute_seconds = seconds(computed_);
    into.wait_seconds = seconds(waited_);
    into.evaluate_seconds = seconds(evaluated_);
  }

 private:
  using Duration = MonotonicTime::duration;
  // Gives what ran until now.
  Duration* turn_to(Duration* next) {
    const MonotonicTime now = system_clock().now();
    if (running_ != nullptr) *running_ += now - since_;
    since_ = now;
    return std::exchange(running_, next);
  }

  Duration computed_{}, waited_{}, evaluated_{};
  Duration* running_ = nullptr;
  MonotonicTime since_{};
};

// When a worker that waits offers to compute what others have not: beyond what it takes to be scheduled again, and
// beyond the differences between shares.
constexpr Millis kAssistTick{2};
constexpr Millis kLeastWait{4};
constexpr int kMostShares = 4;

class Worker {
 public:
  explicit Worker(const MemberArguments& arguments)
      : member_(arguments, [this](const Frame& frame) {
          return frame.type == MessageType::objective ? on_objective(frame) : on_evaluate(frame);
        }) {
    member_.tell_with([this] { return figures(); });
  }

  Status run() {
    Status worked = work();
    if (!worked && worked.error().code != ErrorCode::cancelled) member_.report(worked.error());
    return worked;
  }

 private:
  Status work() {
    KRIGE_CHECK(member_.join());
    progress_ = [this] { member_.keep_alive(); };
    KRIGE_TRY(data_, load_dataset(member_.job(), progress_));
    KRIGE_TRY(model_, make_model(member_.job(), data_.summary));
    if (member_.job().mode == TrainMode::mapreduce) {
      KRIGE_TRY(exact_model_, make_basic_model<double>(member_.job(), data_.summary));
      stopwatch_.begin_waiting();
      member_.send(Ready{to_text(data_.summary)});
      return member_.run_until([] { return false; });
    }
    KRIGE_CHECK(connect());
    stopwatch_.begin_waiting();
    member_.send(Ready{to_text(data_.summary)});
    const std::uint64_t rows = data_.train.size();
    const Schedule schedule(member_.job(), rows, shuffle_window(rows, data_.train.bytes_per_row()));
    GradientComputer computer(*model_, data_.train, schedule, member_.job().seed);
    std::optional<LocalSteps> local;
    if (member_.job().local_steps > 1) local.emplace(member_.job(), *model_, data_.train, schedule);
    for (ShardLink& shard : shards_) pull(shard, member_.clock());
    if (assists()) member_.every(kAssistTick, [this] { offer_to_assist(); });
    for (std::uint64_t next = member_.clock();;) {
      KRIGE_TRY(const std::uint64_t clock, weights_for(next, schedule, computer));
      if (clock >= schedule.total_steps()) break;
      const StepPlan plan = schedule.plan(clock, member_.index());
      stopwatch_.begin_computing();
      if (local) {
        const std::span<const float> change = local->compute(clock, plan, weights_, progress_);
        member_.straggle(plan.local_steps);
        stopwatch_.begin_waiting();
        push_piece(push_of(clock, plan), {{0, 0}}, change, true);
      } else {
        const MonotonicTime begun = system_clock().now();
        const TreeSum& sum = computer.compute(clock, plan, weights_, progress_);
        share_took_ = system_clock().now() - begun;
        member_.straggle(1);
        stopwatch_.begin_waiting();
        push(clock, plan, sum);
      }
      next = done_ = clock + 1;
    }
    return member_.run_until([] { return false; });
  }

  struct ShardLink {
    KeyRange keys;
    std::unique_ptr<Channel> channel;
    std::optional<std::uint64_t> weights_for;  // the clock that its keys of arriving_ are for
    std::uint64_t version = 0;
    std::uint64_t asked = 0;  // the least clock that the next weights are for
  };

  Status connect() {
    const auto shards = static_cast<std::uint64_t>(member_.job().shards);
    weights_.resize(model_->parameters());
    arriving_.resize(model_->parameters());
    shards_.resize(shards);
    for (std::uint64_t s = 0; s < shards; ++s) {
      shards_[s].keys = part_of(model_->parameters(), shards, s);
      KRIGE_TRY(shards_[s].channel,
                member_.open_link(s, SharedSlots::Side::maker, shards_[s].keys.size(),
                                  [this, s](const Frame& frame) { return on_shard_frame(shards_[s], frame); }));
    }
    return {};
  }

  void pull(ShardLink& shard, std::uint64_t clock) {
    shard.asked = clock;
    shard.channel->send(member_.job_id(), Pull{member_.index(), member_.incarnation(), clock, shard.version});
  }

  // Waits until every shard has sent the weights of one minibatch, `clock` or, in bsp where the others have done that
  // one without this worker, a later one; gives which.
  Result<std::uint64_t> weights_for(std::uint64_t clock, const Schedule& schedule, GradientComputer& computer) {
    const auto agreed = [&] {
      return std::ranges::all_of(shards_, [&](const ShardLink& shard) {
        return shard.weights_for >= clock && shard.weights_for == shards_[0].weights_for;
      });
    };
    waiting_since_ = system_clock().now();
    while (true) {
      KRIGE_CHECK(member_.run_until([&] { return agreed() || !missing_.empty(); }));
      if (agreed()) break;
      KRIGE_CHECK(assist(schedule, computer));
    }
    waiting_since_.reset();
    missing_.clear();
    offered_ = false;
    std::swap(weights_, arriving_);
    weights_clock_ = *shards_[0].weights_for;
    return weights_clock_;
  }

  // bsp: a worker that has waited for long computes what a straggler has not. Whoever pushes a block first counts; the
  // numbers are the same.
  [[nodiscard]] bool assists() const { return member_.job().mode == TrainMode::bsp && member_.job().workers > 1; }

  // The shards that have the straggler's part of the minibatch have sent the weights of the next one: it is asked for
  // by one that has not.
  void offer_to_assist() {
    if (!waiting_since_ || offered_ || !share_took_) return;
    const auto waited = system_clock().now() - *waiting_since_;
    if (waited < std::max<MonotonicTime::duration>(kLeastWait, kMostShares * *share_took_)) return;
    const auto behind = std::ranges::find(shards_, weights_clock_, &ShardLink::weights_for);
    if (behind == shards_.end()) return;
    offered_ = true;
    behind->channel->send(member_.job_id(), Assist{member_.index(), member_.incarnation(), weights_clock_});
  }

  Status on_missing(const Frame& frame) {
    KRIGE_TRY(MissingBlocks message, decode<MissingBlocks>(frame));
    if (!offered_ || message.clock != weights_clock_) return {};  // came too late
    offered_ = !message.blocks.empty();
    // From the end, where the straggler comes last, and every worker from another place.
    const auto workers = static_cast<std::size_t>(member_.job().workers);
    std::ranges::rotate(
        message.blocks,
        message.blocks.begin() + static_cast<std::ptrdiff_t>(message.blocks.size() * member_.index() / workers));
    missing_ = std::move(message.blocks);
    return {};
  }

  Status assist(const Schedule& schedule, GradientComputer& computer) {
    StepPlan plan = schedule.plan(weights_clock_, member_.index());
    plan.first_block = missing_.back();
    plan.end_block = plan.first_block + 1;
    missing_.pop_back();
    if (plan.first_block >= plan.blocks) return fail(ErrorCode::corrupt, "a shard misses a block that is not there");
    stopwatch_.begin_computing();
    push(weights_clock_, plan, computer.compute(weights_clock_, plan, weights_, progress_), Share::of_another);
    stopwatch_.begin_waiting();
    KRIGE_CHECK(member_.poll());
    if (missing_.empty()) {
      offered_ = false;
      waiting_since_ = system_clock().now();
    }
    return {};
  }

  enum class Share { own, of_another };
  // A subtree a message, so that each finds its place in a slot; a worker without a share still tells that it is done.
  void push(std::uint64_t clock, const StepPlan& plan, const TreeSum& sum, Share share = Share::own) {
    const Push message = push_of(clock, plan);
    const auto& pieces = sum.pieces();
    if (pieces.empty()) push_piece(message, {}, {}, share == Share::own);
    for (std::size_t i = 0; i < pieces.size(); ++i)
      push_piece(message, {pieces[i].node}, pieces[i].sum, share == Share::own && i + 1 == pieces.size());
  }

  [[nodiscard]] Push push_of(std::uint64_t clock, const StepPlan& plan) const {
    Push message;
    message.worker = member_.index();
    message.incarnation = member_.incarnation();
    message.clock = clock;
    message.rows = plan.rows.size();
    message.blocks = plan.blocks;
    return message;
  }

  // `values` are of all parameters, or none.
  void push_piece(Push message, std::vector<TreeNode> nodes, std::span<const float> values, bool last) {
    message.sequence = sequence_++;
    message.last = last;
    message.nodes = std::move(nodes);
    for (ShardLink& shard : shards_) {
      message.version = shard.version;
      const auto part = values.empty() ? values : values.subspan(shard.keys.begin, shard.keys.size());
      shard.channel->send(member_.job_id(), message, {&part, 1});
      ++pushes_;
      if (last) shard.asked = message.clock + 1;
    }
  }

  Status on_shard_frame(ShardLink& shard, const Frame& frame) {
    return frame.type == MessageType::missing_blocks ? on_missing(frame) : on_weights(shard, frame);
  }

  Status on_weights(ShardLink& shard, const Frame& frame) {
    KRIGE_TRY(const Weights message, decode<Weights>(frame));
    if (message.weights.size() != shard.keys.size())
      return fail(ErrorCode::corrupt,
                  fmt::format("a shard of {} keys sends {}", shard.keys.size(), message.weights.size()));
    std::memcpy(arriving_.data() + shard.keys.begin, message.weights.data(), message.weights.size_bytes());
    shard.weights_for = message.clock;
    shard.version = message.version;
    ++pulls_;
    // Another shard was not as far when it answered.
    for (ShardLink& other : shards_)
      if (other.asked < message.clock) pull(other, message.clock);
    return {};
  }

  Status on_objective(const Frame& frame) {
    KRIGE_TRY(const Objective request, decode<Objective>(frame));
    if (!exact_model_ || request.point.size() != exact_model_->parameters())
      return fail(ErrorCode::corrupt, "cannot compute the objective of another model");
    const Aligned<double> point(request.point.begin(), request.point.end());
    const auto workers = static_cast<std::uint32_t>(member_.job().workers);
    stopwatch_.begin_computing();
    sum_partitions(*exact_model_, data_.train, point, workers, member_.index(), progress_, partial_sum_);
    member_.straggle(Schedule(member_.job(), data_.train.size()).steps_per_epoch());
    stopwatch_.begin_waiting();
    Partial answer;
    answer.evaluation = request.evaluation;
    answer.partitions = partitions_of(data_.train.size());
    for (const DoubleTreeSum::Piece& piece : partial_sum_.pieces()) {
      answer.nodes.push_back(piece.node);
      answer.values.insert(answer.values.end(), piece.sum.begin(), piece.sum.end());
    }
    done_ = request.evaluation;
    member_.send(answer);
    return {};
  }

  Status on_evaluate(const Frame& frame) {
    KRIGE_TRY(const Evaluate request, decode<Evaluate>(frame));
    if (!model_ || request.weights.size() != model_->parameters())
      return fail(ErrorCode::corrupt, "cannot evaluate weights of another model");
    // A copy on an aligned address: the frame's own depends on what came before it.
    const Floats weights(request.weights.begin(), request.weights.end());
    const auto workers = static_cast<std::uint32_t>(member_.job().workers);
    const auto share = [&](const RowSet& rows) {
      return evaluate_share(*model_, rows, weights, workers, member_.index(), progress_);
    };
    Evaluation answer;
    answer.epoch = request.epoch;
    stopwatch_.evaluate([&] {
      if (member_.job().evaluate_train) answer.train = share(data_.train);
      answer.validation = share(data_.validation);
      if (request.with_test) answer.test = share(data_.test);
    });
    member_.tell();
    member_.send(answer);
    return {};
  }

  Figures figures() {
    Figures figures;
    figures.clock = done_;
    figures.pushes = pushes_;
    figures.pulls = pulls_;
    stopwatch_.read(figures);
    const Traffic traffic = member_.traffic();
    figures.socket_bytes = traffic.socket_bytes;
    figures.memory_bytes = traffic.memory_bytes;
    return figures;
  }

  Member member_;
  Progress progress_;
  Dataset data_;
  std::unique_ptr<Model> model_;
  // Those of one minibatch, whole, and those that the shards send next, each when it is there.
  Floats weights_, arriving_;
  std::uint64_t weights_clock_ = 0;
  Stopwatch stopwatch_;
  std::uint64_t sequence_ = 0;
  std::uint64_t done_ = 0;  // as Figures::clock
  std::uint64_t pushes_ = 0;
  std::uint64_t pulls_ = 0;
  std::vector<ShardLink> shards_;
  // bsp
  std::optional<MonotonicTime> waiting_since_;
  std::optional<MonotonicTime::duration> share_took_;  // the last one
  bool offered_ = false;                               // to assist, since it waits
  std::vector<std::uint32_t> missing_;                 // blocks to assist with, from the back
  std::unique_ptr<BasicModel<double>> exact_model_;    // mapreduce only
  DoubleTreeSum partial_sum_;
};

}  // namespace

Status run_worker(const MemberArguments& arguments) { return Worker(arguments).run(); }

}  // namespace krige::trainer
