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

// Gathers training rows by their places in the order of an epoch. Not to be shared between threads.
class RowReader {
 public:
  // The references must outlive this.
  RowReader(const RowSet& train, const Schedule& schedule) : train_(train), schedule_(schedule) {}
  // Valid until the next call.
  [[nodiscard]] Examples read(std::uint64_t epoch, KeyRange places);

 private:
  const RowSet& train_;
  const Schedule& schedule_;
  std::uint64_t epoch_ = ~std::uint64_t{0};
  EpochOrder order_;  // of epoch_
  std::vector<std::uint32_t> rows_;
  RowBuffers buffers_;
};

// Not to be shared between threads.
class GradientComputer {
 public:
  // The references must outlive this.
  GradientComputer(Model& model, const RowSet& train, const Schedule& schedule, std::uint64_t seed);

  // The sum over the blocks of this worker in `plan`, that of `clock`; valid until the next call. `progress` is called
  // once a block.
  [[nodiscard]] const TreeSum& compute(std::uint64_t clock, const StepPlan& plan, std::span<const float> weights,
                                       const Progress& progress);

 private:
  Model& model_;
  const Schedule& schedule_;
  std::uint64_t seed_;
  RowReader rows_;
  Floats gradient_;
  TreeSum sum_;
};

// mapreduce: the training rows in partitions of fixed size, whatever the workers.
[[nodiscard]] std::uint32_t partitions_of(std::uint64_t train_rows);
// The gradient of the sum of losses and, behind it, that sum, over the partitions of worker `worker` of `workers`;
// `sum` is over all partitions. `progress` is called once a partition.
void sum_partitions(BasicModel<double>& model, const RowSet& train, std::span<const double> weights,
                    std::uint32_t workers, std::uint32_t worker, const Progress& progress, DoubleTreeSum& sum);

// Sums over the share of worker `worker` in the blocks of `rows`: fixed blocks, so that the coordinator's total over
// all workers does not depend on their number.
[[nodiscard]] std::vector<BlockSum> evaluate_share(Model& model, const RowSet& rows, std::span<const float> weights,
                                                   std::uint32_t workers, std::uint32_t worker,
                                                   const Progress& progress);

}  // namespace krige::trainer
