#include "trainer/worker/gradient.h"

#include <algorithm>
#include <cassert>

namespace krige::trainer {
namespace {

constexpr std::uint64_t kEvaluationRows = 256;

}  // namespace

GradientComputer::GradientComputer(Model& model, const Rows& train, const Schedule& schedule)
    : model_(model), train_(train), schedule_(schedule), gradient_(model.parameters()) {}

const TreeSum& GradientComputer::compute(const StepPlan& plan, std::span<const float> weights,
                                         const Progress& progress) {
  if (plan.epoch != epoch_) {
    order_ = schedule_.order(plan.epoch);
    epoch_ = plan.epoch;
  }
  sum_.reset(plan.blocks, gradient_.size());
  const std::size_t width = train_.features.size() / train_.size();
  for (std::uint32_t b = plan.first_block; b < plan.end_block; ++b) {
    const KeyRange rows = schedule_.block(plan, b);
    if (rows.size() == 0) continue;
    features_.resize(rows.size() * width);
    targets_.resize(rows.size());
    for (std::uint64_t i = 0; i < rows.size(); ++i) {
      const std::uint32_t row = order_[rows.begin + i];
      std::copy_n(train_.features.data() + row * width, width, features_.data() + i * width);
      targets_[i] = train_.targets[row];
    }
    Examples block;
    block.columns = width;
    block.features = features_;
    block.targets = targets_;
    model_.gradient(weights, block, gradient_);
    [[maybe_unused]] const Status added = sum_.add({0, b}, gradient_);
    assert(added);  // each block of the plan is added once
    progress();
  }
  return sum_;
}

std::vector<BlockSum> evaluate_share(Model& model, const Rows& rows, std::span<const float> weights,
                                     std::uint32_t workers, std::uint32_t worker, const Progress& progress) {
  std::vector<BlockSum> sums;
  if (rows.size() == 0) return sums;
  const std::size_t width = rows.features.size() / rows.size();
  const KeyRange blocks = part_of((rows.size() + kEvaluationRows - 1) / kEvaluationRows, workers, worker);
  for (std::uint64_t b = blocks.begin; b < blocks.end; ++b) {
    const std::size_t begin = b * kEvaluationRows;
    const std::size_t count = std::min<std::size_t>(kEvaluationRows, rows.size() - begin);
    Examples block;
    block.columns = width;
    block.features = std::span(rows.features).subspan(begin * width, count * width);
    block.targets = std::span(rows.targets).subspan(begin, count);
    sums.push_back(model.evaluate(weights, block));
    progress();
  }
  return sums;
}

}  // namespace krige::trainer
