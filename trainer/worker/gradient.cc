#include "trainer/worker/gradient.h"

#include <algorithm>
#include <cassert>

namespace krige::trainer {
namespace {

constexpr std::uint64_t kEvaluationRows = 256;

// The models take dense rows.
Examples as_model_takes(const Examples& rows, Floats& features) {
  return rows.sparse() ? densified(rows, features) : rows;
}

}  // namespace

GradientComputer::GradientComputer(Model& model, const RowSet& train, const Schedule& schedule)
    : model_(model), train_(train), schedule_(schedule), gradient_(model.parameters()) {}

const TreeSum& GradientComputer::compute(const StepPlan& plan, std::span<const float> weights,
                                         const Progress& progress) {
  if (plan.epoch != epoch_) {
    order_ = schedule_.order(plan.epoch);
    epoch_ = plan.epoch;
  }
  sum_.reset(plan.blocks, gradient_.size());
  for (std::uint32_t b = plan.first_block; b < plan.end_block; ++b) {
    const KeyRange rows = schedule_.block(plan, b);
    if (rows.size() == 0) continue;
    places_.resize(rows.size());
    for (std::uint64_t i = 0; i < rows.size(); ++i) places_[i] = order_[rows.begin + i];
    for (const KeyRange& opened : order_.take_opened()) train_.will_need(opened);
    const Examples block = as_model_takes(train_.gather(places_, buffers_), densified_);
    model_.gradient(weights, block, gradient_);
    [[maybe_unused]] const Status added = sum_.add({0, b}, gradient_);
    assert(added);  // each block of the plan is added once
    progress();
  }
  return sum_;
}

std::vector<BlockSum> evaluate_share(Model& model, const RowSet& rows, std::span<const float> weights,
                                     std::uint32_t workers, std::uint32_t worker, const Progress& progress) {
  std::vector<BlockSum> sums;
  if (rows.size() == 0) return sums;
  RowBuffers buffers;
  Floats features;
  const KeyRange blocks = part_of((rows.size() + kEvaluationRows - 1) / kEvaluationRows, workers, worker);
  for (std::uint64_t b = blocks.begin; b < blocks.end; ++b) {
    const std::size_t begin = b * kEvaluationRows;
    const std::size_t count = std::min<std::size_t>(kEvaluationRows, rows.size() - begin);
    const Examples block = as_model_takes(rows.slice(begin, count, buffers), features);
    sums.push_back(model.evaluate(weights, block));
    progress();
  }
  return sums;
}

}  // namespace krige::trainer
