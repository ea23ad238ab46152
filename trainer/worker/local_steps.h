// Minibatches that a worker steps through by itself between a pull and a push (job field local_steps; Dean et al. 2012,
// "Large scale distributed deep networks", section 4.1: n_push = n_fetch). The worker has the optimizer and its state,
// what it pushes is the change of its weights, which the shard adds.
#pragma once

#include <cstdint>
#include <memory>

#include "trainer/optimizers/learning_rate.h"
#include "trainer/optimizers/optimizer.h"
#include "trainer/worker/gradient.h"

namespace krige::trainer {

// Not to be shared between threads.
class LocalSteps {
 public:
  // The references must outlive this.
  LocalSteps(const TrainJob& job, Model& model, const RowSet& train, const Schedule& schedule);

  // The change over the minibatches of `plan`, that of `clock`, from `weights` on; valid until the next call.
  // `progress` is called once a minibatch.
  [[nodiscard]] std::span<const float> compute(std::uint64_t clock, const StepPlan& plan,
                                               std::span<const float> weights, const Progress& progress);

 private:
  Model& model_;
  const Schedule& schedule_;
  std::uint64_t seed_;
  RowReader rows_;
  LearningRate rate_;
  std::unique_ptr<Optimizer> optimizer_;
  Floats weights_;
  Floats gradient_;
};

}  // namespace krige::trainer
