#include "trainer/shard/parameter_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace krige::trainer {
namespace {

std::uint64_t staleness_of(const TrainJob& job) {
  if (job.mode == TrainMode::bsp) return 0;
  return job.mode == TrainMode::ssp ? static_cast<std::uint64_t>(job.staleness)
                                    : std::numeric_limits<std::uint64_t>::max();
}

}  // namespace

ParameterRange::ParameterRange(const TrainJob& job, const Begin& begin, ShardPeers& peers)
    : job_(job),
      schedule_(job, begin.train_rows),
      peers_(peers),
      staleness_(staleness_of(job)),
      weights_(begin.weights.begin(), begin.weights.end()),
      gradient_(begin.weights.size()),
      penalized_(begin.penalized),
      optimizer_(make_optimizer(job, begin.weights.size(), begin.penalized)),
      rate_(job, schedule_.total_updates()),
      workers_(static_cast<std::size_t>(job.workers)) {}

Result<ParameterRange::WorkerState*> ParameterRange::known(std::uint32_t worker, std::uint32_t incarnation) {
  if (worker >= workers_.size()) return fail(ErrorCode::corrupt, fmt::format("there is no worker {}", worker));
  if (incarnation != workers_[worker].incarnation)
    return fail(ErrorCode::corrupt, fmt::format("worker {} has no incarnation {}", worker, incarnation));
  return &workers_[worker];
}

Status ParameterRange::pull(const Pull& request) {
  KRIGE_TRY(WorkerState * worker, known(request.worker, request.incarnation));
  if (request.clock != worker->clock)
    return fail(ErrorCode::corrupt, fmt::format("worker {} asks for minibatch {}, its clock is {}", request.worker,
                                                request.clock, worker->clock));
  worker->waiting = true;
  answer_who_may_read();
  return {};
}

Status ParameterRange::push(const Push& gradient) {
  KRIGE_TRY(WorkerState * worker, known(gradient.worker, gradient.incarnation));
  if (gradient.sequence >= worker->next_sequence) {
    if (gradient.clock != worker->clock || gradient.clock >= schedule_.total_steps())
      return fail(ErrorCode::corrupt, fmt::format("worker {} pushes for minibatch {}, its clock is {}", gradient.worker,
                                                  gradient.clock, worker->clock));
    KRIGE_CHECK(take(gradient));
    worker->next_sequence = gradient.sequence + 1;
    ++worker->clock;
    const std::uint64_t before = std::exchange(min_clock_, std::ranges::min(workers_, {}, &WorkerState::clock).clock);
    if (schedule_.shared_minibatches() && min_clock_ > before) {
      if (!sum_.complete()) return fail(ErrorCode::corrupt, "the workers' gradients do not cover the minibatch");
      update(sum_.pieces()[0].sum, gradient.rows);
    }
    if (min_clock_ > before && min_clock_ % schedule_.steps_per_epoch() == 0)
      peers_.send_snapshot({min_clock_ / schedule_.steps_per_epoch(), version_, weights_});
  }
  worker->waiting = true;
  answer_who_may_read();
  return {};
}

// The shape is checked against what the schedule says, so that nothing a peer claims decides how much is allocated.
Status ParameterRange::take(const Push& gradient) {
  const StepPlan plan = schedule_.plan(gradient.clock, gradient.worker);
  if (gradient.blocks != plan.blocks || gradient.rows != plan.rows.size() ||
      gradient.values.size() != gradient.nodes.size() * weights_.size())
    return fail(ErrorCode::corrupt, fmt::format("worker {} pushes a gradient of another shape", gradient.worker));
  const bool first = !schedule_.shared_minibatches() ||
                     std::ranges::none_of(workers_, [&](const WorkerState& w) { return w.clock > gradient.clock; });
  if (first) sum_.reset(plan.blocks, weights_.size());
  for (std::size_t i = 0; i < gradient.nodes.size(); ++i)
    if (Status added = sum_.add(gradient.nodes[i], gradient.values.subspan(i * weights_.size(), weights_.size()));
        !added)
      return fail(ErrorCode::corrupt, fmt::format("worker {}: {}", gradient.worker, added.error().message));
  if (schedule_.shared_minibatches() || gradient.rows == 0) return {};
  if (!sum_.complete()) return fail(ErrorCode::corrupt, "a worker's gradient does not cover its minibatch");
  update(sum_.pieces()[0].sum, gradient.rows);
  return {};
}

void ParameterRange::update(std::span<const float> sum, std::uint64_t rows) {
  const auto share = static_cast<float>(1.0 / static_cast<double>(rows));
  for (std::size_t i = 0; i < gradient_.size(); ++i) gradient_[i] = sum[i] * share;
  if (const auto l2 = static_cast<float>(job_.l2); l2 > 0)
    for (const KeyRange& range : penalized_)
      for (std::size_t i = range.begin; i < range.end; ++i) gradient_[i] += l2 * weights_[i];
  optimizer_->step(rate_.at(version_), weights_, gradient_);
  ++version_;
}

void ParameterRange::answer_who_may_read() {
  for (std::uint32_t w = 0; w < workers_.size(); ++w) {
    WorkerState& worker = workers_[w];
    if (!worker.waiting || worker.clock - min_clock_ > staleness_) continue;
    worker.waiting = false;
    peers_.send_weights(w, {version_, worker.clock, min_clock_, weights_});
  }
}

}  // namespace krige::trainer
