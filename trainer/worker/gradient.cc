#include "trainer/worker/gradient.h"

#include <algorithm>
#include <cassert>

namespace krige::trainer {
namespace {

constexpr std::uint64_t kEvaluationRows = 256;
constexpr std::uint64_t kPartitionRows = 512;

// Rows [begin, end) where they lie.
Examples view_of(const Rows& rows, std::uint64_t begin, std::uint64_t end) {
  Examples view;
  view.columns = rows.features.size() / rows.size();
  view.features = std::span(rows.features).subspan(begin * view.columns, (end - begin) * view.columns);
  view.targets = std::span(rows.targets).subspan(begin, end - begin);
  return view;
}

}  // namespace

GradientComputer::GradientComputer(Model& model, const Rows& train, const Schedule& schedule, std::uint64_t seed)
    : model_(model), train_(train), schedule_(schedule), seed_(seed), gradient_(model.parameters()) {}

const TreeSum& GradientComputer::compute(std::uint64_t clock, const StepPlan& plan, std::span<const float> weights,
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
    model_.gradient(weights, block, {seed_, clock, rows.begin}, gradient_);
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
  const KeyRange blocks = part_of((rows.size() + kEvaluationRows - 1) / kEvaluationRows, workers, worker);
  for (std::uint64_t b = blocks.begin; b < blocks.end; ++b) {
    const std::uint64_t begin = b * kEvaluationRows;
    const std::uint64_t end = std::min<std::uint64_t>(rows.size(), begin + kEvaluationRows);
    sums.push_back(model.evaluate(weights, view_of(rows, begin, end)));
    progress();
  }
  return sums;
}

std::uint32_t partitions_of(std::uint64_t train_rows) {
  return static_cast<std::uint32_t>((train_rows + kPartitionRows - 1) / kPartitionRows);
}

void sum_partitions(BasicModel<double>& model, const Rows& train, std::span<const double> weights,
                    std::uint32_t workers, std::uint32_t worker, const Progress& progress, DoubleTreeSum& sum) {
  const std::uint32_t partitions = partitions_of(train.size());
  sum.reset(partitions, weights.size() + 1);
  Aligned<double> values(weights.size() + 1);
  const KeyRange mine = part_of(partitions, workers, worker);
  for (std::uint64_t p = mine.begin; p < mine.end; ++p) {
    const std::uint64_t begin = p * kPartitionRows;
    const std::uint64_t end = std::min<std::uint64_t>(train.size(), begin + kPartitionRows);
    values.back() =
        model.evaluate_with_gradient(weights, view_of(train, begin, end), std::span(values).first(weights.size())).loss;
    [[maybe_unused]] const Status added = sum.add({0, static_cast<std::uint32_t>(p)}, values);
    assert(added);  // each partition is added once
    progress();
  }
}

}  // namespace krige::trainer
