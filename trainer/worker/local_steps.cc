#include "trainer/worker/local_steps.h"

#include <algorithm>

namespace krige::trainer {

LocalSteps::LocalSteps(const TrainJob& job, Model& model, const RowSet& train, const Schedule& schedule)
    : model_(model),
      schedule_(schedule),
      seed_(job.seed),
      rows_(train, schedule),
      rate_(job, schedule.total_steps() * schedule.most_local_steps()),
      optimizer_(make_optimizer(job, model.parameters(), model.penalized())),
      gradient_(model.parameters()) {}

std::span<const float> LocalSteps::compute(std::uint64_t clock, const StepPlan& plan, std::span<const float> weights,
                                           const Progress& progress) {
  weights_.assign(weights.begin(), weights.end());
  for (std::uint64_t step = 0; step < plan.local_steps; ++step) {
    KeyRange rows = part_of(plan.rows.size(), plan.local_steps, step);
    rows.begin += plan.rows.begin;
    rows.end += plan.rows.begin;
    const std::uint64_t update = clock * schedule_.most_local_steps() + step;
    model_.gradient(weights_, rows_.read(plan.epoch, rows), {seed_, update, rows.begin}, gradient_);
    optimizer_->step(rate_.at(update), weights_, gradient_, static_cast<float>(1.0 / static_cast<double>(rows.size())));
    progress();
  }
  std::ranges::transform(weights_, weights, weights_.begin(), std::minus<>());
  return weights_;
}

}  // namespace krige::trainer
