// A shard's part of the parameters: weights, the optimizer's state beside them, clocks, and what it has seen of each
// worker. It knows no sockets: messages go in, answers come out through ShardPeers.
//
// Consistency (Ho et al. 2013): a worker that has done c minibatches reads weights only when c − min_clock ≤ τ,
// min_clock being the fewest that any worker has done; ssp has the job's staleness τ, asp none, and both update at each
// push. With local steps the workers have the optimizer, and a push is a change that is added.
//
// bsp is τ = 0 with one update a minibatch, when the sum over its blocks is complete, whoever has computed which: the
// blocks of a straggler can be computed by workers that have done their own, the first to come counts, and the bits are
// the same. min_clock is then the minibatch that is being summed.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/error.h"
#include "base/train_job.h"
#include "trainer/optimizers/learning_rate.h"
#include "trainer/optimizers/optimizer.h"
#include "trainer/schedule.h"
#include "trainer/tree_sum.h"
#include "trainer/wire/messages.h"

namespace krige::trainer {

// Where answers go. The spans are valid during the call.
class ShardPeers {
 public:
  virtual ~ShardPeers() = default;
  virtual void send_weights(std::uint32_t worker, const Weights& weights) = 0;
  // All workers have done epoch `snapshot.epoch` (from 1), one that is evaluated.
  virtual void send_snapshot(const Snapshot& snapshot) = 0;
  virtual void send_state(const State& state) = 0;
};

// Not to be shared between threads.
class ParameterRange {
 public:
  // `peers` must outlive this. The weights are those of the range, `begin.penalized` the keys that l1 and l2
  // apply to.
  // corrupt: the state is not that of the job's optimizer.
  [[nodiscard]] static Status check(const TrainJob& job, const Begin& begin);
  // `begin` has passed check().
  ParameterRange(const TrainJob& job, const Begin& begin, ShardPeers& peers);

  // Errors are a peer's nonsense (corrupt): another worker, a gradient of another length, a clock that is not the
  // worker's.
  [[nodiscard]] Status pull(const Pull& request);
  // A push that was seen already changes nothing and is answered again.
  [[nodiscard]] Status push(const Push& gradient);

  // bsp: some of the blocks of minibatch `clock` that nobody has pushed yet, ascending; none where it is not the one
  // being summed.
  [[nodiscard]] std::vector<std::uint32_t> missing(std::uint64_t clock);

  // Gives no reads for later minibatches than the one it returns, which is the least that all workers can stop at.
  [[nodiscard]] std::uint64_t hold();
  // All workers stop at this clock, and the state is sent when they have; StopAt::kNever ends hold().
  void stop_at(std::uint64_t clock);

  [[nodiscard]] std::uint64_t version() const { return version_; }
  // The fewest minibatches that any worker has done.
  [[nodiscard]] std::uint64_t min_clock() const { return min_clock_; }
  [[nodiscard]] std::span<const float> weights() const { return weights_; }
  // For server functions, between two updates: what they write is what the next reads give. Not an update by its
  // number, on which learning rates depend.
  [[nodiscard]] std::span<float> writable_weights() { return weights_; }

 private:
  struct WorkerState {
    std::uint32_t incarnation = 0;
    std::uint64_t next_sequence = 0;
    std::uint64_t clock = 0;  // minibatches done
    bool waiting = false;     // for weights
  };

  [[nodiscard]] Result<WorkerState*> known(std::uint32_t worker, std::uint32_t incarnation);
  [[nodiscard]] Status push_own(WorkerState& worker, const Push& gradient);
  [[nodiscard]] Status push_share(WorkerState& worker, const Push& gradient);
  [[nodiscard]] Status of_another_clock(const Push& gradient) const;
  [[nodiscard]] Status check_shape(const Push& gradient, const StepPlan& plan) const;
  [[nodiscard]] Result<std::optional<std::span<const float>>> with_share(const Push& gradient);
  void begin_sum(std::uint64_t clock);
  [[nodiscard]] Status apply_own(const Push& gradient);
  [[nodiscard]] static bool is_whole(const Push& gradient);
  void on_clock();
  void update(std::span<const float> sum, std::uint64_t rows);
  void add_change(std::span<const float> change);
  // Whether an epoch whose weights are evaluated ends at this clock.
  [[nodiscard]] bool evaluated_after(std::uint64_t clock) const;
  void answer_who_may_read();
  [[nodiscard]] bool may_read(const WorkerState& worker) const;
  [[nodiscard]] std::uint64_t clock_of_read(const WorkerState& worker) const;
  [[nodiscard]] std::uint64_t boundary() const { return std::min(next_checkpoint_, stop_at_); }
  void cross_boundary();

  TrainJob job_;
  Schedule schedule_;
  ShardPeers& peers_;
  std::uint64_t staleness_;
  Floats weights_;
  std::unique_ptr<Optimizer> optimizer_;
  LearningRate rate_;
  TreeSum sum_;  // bsp: of what has come of minibatch sum_clock_
  std::optional<std::uint64_t> sum_clock_;
  std::vector<WorkerState> workers_;
  std::uint64_t version_ = 0;
  std::uint64_t min_clock_ = 0;
  std::uint64_t checkpoint_steps_;
  std::uint64_t next_checkpoint_ = StopAt::kNever;
  std::uint64_t hold_at_ = StopAt::kNever;
  std::uint64_t stop_at_ = StopAt::kNever;
};

}  // namespace krige::trainer
