// A worker's share of one minibatch: the gradients of its micro-blocks, summed as far as the fixed tree allows.
#pragma once

#include <cstdint>
#include <memory>

#include "base/error.h"
#include "trainer/data/dataset.h"
#include "trainer/models/model.h"
#include "trainer/schedule.h"
#include "trainer/tree_sum.h"

namespace krige::trainer {

// Not to be shared between threads.
class GradientComputer {
 public:
  // The references must outlive this.
  GradientComputer(Model& model, const RowSet& train, const Schedule& schedule);

  // The sum over the plan's blocks of this worker; valid until the next call. `progress` is called once a block.
  [[nodiscard]] const TreeSum& compute(const StepPlan& plan, std::span<const float> weights, const Progress& progress);

 private:
  Model& model_;
  const RowSet& train_;
  const Schedule& schedule_;
  std::uint64_t epoch_ = ~std::uint64_t{0};
  EpochOrder order_;                   // of epoch_
  std::vector<std::uint32_t> places_;  // of one block
  RowBuffers buffers_;
  Floats densified_;
  Floats gradient_;
  TreeSum sum_;
};

// Sums over the share of worker `worker` in the blocks of `rows`: fixed blocks, so that the coordinator's total over
// all workers does not depend on their number.
[[nodiscard]] std::vector<BlockSum> evaluate_share(Model& model, const RowSet& rows, std::span<const float> weights,
                                                   std::uint32_t workers, std::uint32_t worker,
                                                   const Progress& progress);

}  // namespace krige::trainer
