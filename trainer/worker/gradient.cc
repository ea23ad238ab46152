#include "trainer/worker/gradient.h"

#include <algorithm>
#include <cassert>

namespace krige::trainer {
namespace {

constexpr std::uint64_t kEvaluationRows = 256;
constexpr std::uint64_t kPartitionRows = 512;

}  // namespace

GradientComputer::GradientComputer(Model& model, const RowSet& train, const Schedule& schedule, std::uint64_t seed)
    : model_(model), schedule_(schedule), seed_(seed), rows_(train, schedule), gradient_(model.parameters()) {}

Examples RowReader::read(std::uint64_t epoch, KeyRange places) {
  if (epoch != epoch_) {
    order_ = schedule_.order(epoch);
    epoch_ = epoch;
  }
  rows_.resize(places.size());
  for (std::uint64_t i = 0; i < places.size(); ++i) rows_[i] = order_[places.begin + i];
  for (const KeyRange& opened : order_.take_opened()) train_.will_need(opened);
  return train_.gather(rows_, buffers_);
}

const TreeSum& GradientComputer::compute(std::uint64_t clock, const StepPlan& plan, std::span<const float> weights,
                                         const Progress& progress) {
  sum_.reset(plan.blocks, gradient_.size());
  for (std::uint32_t b = plan.first_block; b < plan.end_block; ++b) {
    const KeyRange rows = schedule_.block(plan, b);
    if (rows.size() == 0) continue;
    model_.gradient(weights, rows_.read(plan.epoch, rows), {seed_, clock, rows.begin}, gradient_);
    [[maybe_unused]] const Status added = sum_.take({0, b}, gradient_);
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
  const KeyRange blocks = part_of((rows.size() + kEvaluationRows - 1) / kEvaluationRows, workers, worker);
  for (std::uint64_t b = blocks.begin; b < blocks.end; ++b) {
    const std::size_t begin = b * kEvaluationRows;
    const std::size_t count = std::min<std::size_t>(kEvaluationRows, rows.size() - begin);
    sums.push_back(model.evaluate(weights, rows.slice(begin, count, buffers)));
    progress();
  }
  return sums;
}

std::uint32_t partitions_of(std::uint64_t train_rows) {
  return static_cast<std::uint32_t>((train_rows + kPartitionRows - 1) / kPartitionRows);
}

void sum_partitions(BasicModel<double>& model, const RowSet& train, std::span<const double> weights,
                    std::uint32_t workers, std::uint32_t worker, const Progress& progress, DoubleTreeSum& sum) {
  const std::uint32_t partitions = partitions_of(train.size());
  sum.reset(partitions, weights.size() + 1);
  Aligned<double> values(weights.size() + 1);
  RowBuffers buffers;
  const KeyRange mine = part_of(partitions, workers, worker);
  for (std::uint64_t p = mine.begin; p < mine.end; ++p) {
    const std::uint64_t begin = p * kPartitionRows;
    const std::uint64_t count = std::min<std::uint64_t>(train.size() - begin, kPartitionRows);
    values.back() = model
                        .evaluate_with_gradient(weights, train.slice(begin, count, buffers),
                                                std::span(values).first(weights.size()))
                        .loss;
    [[maybe_unused]] const Status added = sum.add({0, static_cast<std::uint32_t>(p)}, values);
    assert(added);  // each partition is added once
    progress();
  }
}

}  // namespace krige::trainer
