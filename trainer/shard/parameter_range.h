// A shard's part of the parameters: weights, the optimizer's state beside them, clocks, and what it has seen of each
// worker. It knows no sockets: messages go in, answers come out through ShardPeers.
//
// Consistency (Ho et al. 2013): a worker that has done c minibatches reads weights only when c − min_clock ≤ τ,
// min_clock being the fewest that any worker has done. bsp is τ = 0 with one update a minibatch, when all workers have
// pushed their share; ssp has the job's staleness, asp none; both update at each push.
#pragma once

#include <cstdint>
#include <memory>
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
  // All workers have done epoch `snapshot.epoch` (from 1).
  virtual void send_snapshot(const Snapshot& snapshot) = 0;
};

// Not to be shared between threads.
class ParameterRange {
 public:
  // `peers` must outlive this. The weights are those of the range, `begin.penalized` the keys that l1 and l2 apply to.
  ParameterRange(const TrainJob& job, const Begin& begin, ShardPeers& peers);

  // Errors are a peer's nonsense (corrupt): another worker, a gradient of another length, a clock that is not the
  // worker's.
  [[nodiscard]] Status pull(const Pull& request);
  // A push that was seen already changes nothing and is answered again.
  [[nodiscard]] Status push(const Push& gradient);

  [[nodiscard]] std::uint64_t version() const { return version_; }
  [[nodiscard]] std::span<const float> weights() const { return weights_; }

 private:
  struct WorkerState {
    std::uint32_t incarnation = 0;
    std::uint64_t next_sequence = 0;
    std::uint64_t clock = 0;
    bool waiting = false;  // for weights
  };

  [[nodiscard]] Result<WorkerState*> known(std::uint32_t worker, std::uint32_t incarnation);
  [[nodiscard]] Status take(const Push& gradient);
  void update(std::span<const float> sum, std::uint64_t rows);
  void answer_who_may_read();

  TrainJob job_;
  Schedule schedule_;
  ShardPeers& peers_;
  std::uint64_t staleness_;
  Floats weights_;
  Floats gradient_;
  std::vector<KeyRange> penalized_;
  std::unique_ptr<Optimizer> optimizer_;
  LearningRate rate_;
  TreeSum sum_;
  std::vector<WorkerState> workers_;
  std::uint64_t version_ = 0;
  std::uint64_t min_clock_ = 0;
};

}  // namespace krige::trainer
