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

Status ParameterRange::check(const TrainJob& job, const Begin& begin) {
  const Schedule schedule(job, begin.train_rows);
  const std::size_t arrays = make_optimizer(job, 0, {})->state().size();
  const bool fresh = begin.state.empty() && begin.clock == 0;
  if ((fresh || begin.state.size() == arrays * begin.weights.size()) && begin.clock < schedule.total_steps()) return {};
  return fail(ErrorCode::corrupt, fmt::format("{} numbers at minibatch {} are not the state of {} keys",
                                              begin.state.size(), begin.clock, begin.weights.size()));
}

ParameterRange::ParameterRange(const TrainJob& job, const Begin& begin, ShardPeers& peers)
    : job_(job),
      schedule_(job, begin.train_rows),
      peers_(peers),
      staleness_(staleness_of(job)),
      weights_(begin.weights.begin(), begin.weights.end()),
      optimizer_(make_optimizer(job, begin.weights.size(), begin.penalized)),
      rate_(job, schedule_.total_updates()),
      workers_(static_cast<std::size_t>(job.workers)),
      version_(begin.version),
      min_clock_(begin.clock),
      checkpoint_steps_(begin.checkpoint_steps) {
  for (WorkerState& worker : workers_) worker.clock = begin.clock;
  if (!begin.state.empty()) {
    auto from = begin.state.begin();
    for (const std::span<float> array : optimizer_->state())
      from = std::ranges::copy_n(from, static_cast<std::ptrdiff_t>(array.size()), array.begin()).in;
  }
  if (begin.version > 0) optimizer_->resume(begin.version, rate_.at(begin.version - 1));
  if (checkpoint_steps_ > 0) next_checkpoint_ = (min_clock_ / checkpoint_steps_ + 1) * checkpoint_steps_;
}

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
    KRIGE_CHECK(schedule_.shared_minibatches() ? add_to_sum(gradient) : apply_own(gradient));
    worker->next_sequence = gradient.sequence + 1;
    if (!gradient.last) return {};
    ++worker->clock;
    const std::uint64_t before = std::exchange(min_clock_, std::ranges::min(workers_, {}, &WorkerState::clock).clock);
    if (schedule_.shared_minibatches() && min_clock_ > before) {
      KRIGE_TRY(const auto sum, sum_of_all(gradient));
      update(sum, gradient.rows);
    }
    if (min_clock_ > before && evaluated_after(min_clock_))
      peers_.send_snapshot({min_clock_ / schedule_.steps_per_epoch(), version_, weights_});
    if (min_clock_ > before) cross_boundary();
  }
  if (!gradient.last) return {};
  worker->waiting = true;
  answer_who_may_read();
  return {};
}

// The shape is checked against what the schedule says, so that nothing a peer claims decides how much is allocated.
Status ParameterRange::check_shape(const Push& gradient, const StepPlan& plan) const {
  if (gradient.blocks == plan.blocks && gradient.rows == plan.rows.size() &&
      gradient.values.size() == gradient.nodes.size() * weights_.size())
    return {};
  return fail(ErrorCode::corrupt, fmt::format("worker {} pushes a gradient of another shape", gradient.worker));
}

Status ParameterRange::add_to_sum(const Push& gradient) {
  const StepPlan plan = schedule_.plan(gradient.clock, gradient.worker);
  KRIGE_CHECK(check_shape(gradient, plan));
  if (sum_clock_ != gradient.clock) {
    sum_.reset(plan.blocks, weights_.size());
    sum_clock_ = gradient.clock;
  }
  if (stands_alone(gradient)) return {};
  for (std::size_t i = 0; i < gradient.nodes.size(); ++i)
    if (Status added = sum_.add(gradient.nodes[i], gradient.values.subspan(i * weights_.size(), weights_.size()));
        !added)
      return fail(ErrorCode::corrupt, fmt::format("worker {}: {}", gradient.worker, added.error().message));
  return {};
}

bool ParameterRange::is_whole(const Push& gradient) {
  return gradient.last && gradient.nodes.size() == 1 && gradient.nodes[0] == root_of(gradient.blocks);
}

// The whole minibatch, and nobody has anything to add: it can be applied from where it lies.
bool ParameterRange::stands_alone(const Push& gradient) const {
  return is_whole(gradient) && sum_.pieces().empty() &&
         std::ranges::count_if(workers_, [&](const WorkerState& w) { return w.clock <= gradient.clock; }) <= 1;
}

Result<std::span<const float>> ParameterRange::sum_of_all(const Push& last) const {
  if (is_whole(last) && sum_.pieces().empty()) return last.values;
  if (!sum_.complete()) return fail(ErrorCode::corrupt, "the workers' gradients do not cover the minibatch");
  return std::span<const float>(sum_.pieces()[0].sum);
}

Status ParameterRange::apply_own(const Push& gradient) {
  KRIGE_CHECK(check_shape(gradient, schedule_.plan(gradient.clock, gradient.worker)));
  if (gradient.rows == 0) return {};
  if (!is_whole(gradient)) return fail(ErrorCode::corrupt, "a worker's gradient does not cover its minibatch");
  if (job_.local_steps > 1)
    add_change(gradient.values);
  else
    update(gradient.values, gradient.rows);
  return {};
}

void ParameterRange::add_change(std::span<const float> change) {
  for (std::size_t i = 0; i < weights_.size(); ++i) weights_[i] += change[i];
  ++version_;
}

void ParameterRange::update(std::span<const float> sum, std::uint64_t rows) {
  const auto share = static_cast<float>(1.0 / static_cast<double>(rows));
  optimizer_->step(rate_.at(version_), weights_, sum, share);
  ++version_;
}

bool ParameterRange::evaluated_after(std::uint64_t clock) const {
  const std::uint64_t epoch = clock / schedule_.steps_per_epoch();
  return clock % schedule_.steps_per_epoch() == 0 && is_evaluated(job_, epoch);
}

// Before a checkpoint everybody waits for the slowest: so that the state belongs to one clock.
bool ParameterRange::may_read(const WorkerState& worker) const {
  if (worker.clock - min_clock_ > staleness_ || worker.clock >= std::min(hold_at_, stop_at_)) return false;
  return worker.clock < boundary();
}

std::uint64_t ParameterRange::hold() {
  // Who has an answer already will push once more.
  const std::uint64_t furthest = std::ranges::max(workers_, {}, &WorkerState::clock).clock + 1;
  hold_at_ = std::min(furthest, schedule_.total_steps());
  return hold_at_;
}

void ParameterRange::stop_at(std::uint64_t clock) {
  stop_at_ = clock;
  hold_at_ = StopAt::kNever;
  cross_boundary();
  answer_who_may_read();
}

void ParameterRange::cross_boundary() {
  if (min_clock_ < boundary()) return;
  Floats state;
  for (const std::span<float> array : optimizer_->state()) state.insert(state.end(), array.begin(), array.end());
  peers_.send_state({min_clock_, version_, min_clock_ == stop_at_, weights_, state});
  if (next_checkpoint_ <= min_clock_) next_checkpoint_ = min_clock_ + checkpoint_steps_;
}

void ParameterRange::answer_who_may_read() {
  for (std::uint32_t w = 0; w < workers_.size(); ++w) {
    WorkerState& worker = workers_[w];
    if (!worker.waiting || !may_read(worker)) continue;
    worker.waiting = false;
    peers_.send_weights(w, {version_, worker.clock, min_clock_, weights_});
  }
}

}  // namespace krige::trainer
