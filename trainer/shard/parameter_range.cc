#include "trainer/shard/parameter_range.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace krige::trainer {
namespace {

// Of the blocks of a minibatch that an idle worker is told.
constexpr std::size_t kMostMissing = 1024;

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
      checkpoint_steps_(begin.checkpoint_steps),
      stop_at_(begin.stop_at) {
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
  const bool possible =
      schedule_.shared_minibatches() ? request.clock <= min_clock_ + 1 : request.clock == worker->clock;
  if (!possible)
    return fail(ErrorCode::corrupt, fmt::format("worker {} asks for minibatch {}, its clock is {}", request.worker,
                                                request.clock, worker->clock));
  worker->clock = std::max(worker->clock, request.clock);
  worker->waiting = true;
  answer_who_may_read();
  return {};
}

Status ParameterRange::push(const Push& gradient) {
  KRIGE_TRY(WorkerState * worker, known(gradient.worker, gradient.incarnation));
  if (gradient.sequence >= worker->next_sequence) {
    KRIGE_CHECK(schedule_.shared_minibatches() ? push_share(*worker, gradient) : push_own(*worker, gradient));
    worker->next_sequence = gradient.sequence + 1;
  }
  if (gradient.last) worker->waiting = true;
  answer_who_may_read();
  return {};
}

Status ParameterRange::push_own(WorkerState& worker, const Push& gradient) {
  if (gradient.clock != worker.clock || gradient.clock >= schedule_.total_steps()) return of_another_clock(gradient);
  KRIGE_CHECK(apply_own(gradient));
  if (!gradient.last) return {};
  ++worker.clock;
  const std::uint64_t before = std::exchange(min_clock_, std::ranges::min(workers_, {}, &WorkerState::clock).clock);
  if (min_clock_ > before) on_clock();
  return {};
}

// A share of a minibatch that is done, because others have computed it too, comes too late and changes nothing.
Status ParameterRange::push_share(WorkerState& worker, const Push& gradient) {
  if (gradient.clock > min_clock_ || gradient.clock >= schedule_.total_steps()) return of_another_clock(gradient);
  if (gradient.last) worker.clock = std::max(worker.clock, gradient.clock + 1);
  if (gradient.clock < min_clock_) return {};
  KRIGE_TRY(const auto sum, with_share(gradient));
  if (sum) {
    update(*sum, gradient.rows);
    ++min_clock_;
    on_clock();
  } else if (std::ranges::all_of(workers_, [this](const WorkerState& w) { return w.clock > min_clock_; })) {
    return fail(ErrorCode::corrupt, "the workers' gradients do not cover the minibatch");
  }
  return {};
}

Status ParameterRange::of_another_clock(const Push& gradient) const {
  return fail(ErrorCode::corrupt, fmt::format("worker {} pushes for minibatch {}, its clock is {}", gradient.worker,
                                              gradient.clock, workers_[gradient.worker].clock));
}

void ParameterRange::on_clock() {
  if (evaluated_after(min_clock_)) peers_.send_snapshot({min_clock_ / schedule_.steps_per_epoch(), version_, weights_});
  cross_boundary();
}

// The shape is checked against what the schedule says, so that nothing a peer claims decides how much is allocated.
Status ParameterRange::check_shape(const Push& gradient, const StepPlan& plan) const {
  if (gradient.blocks == plan.blocks && gradient.rows == plan.rows.size() &&
      gradient.values.size() == gradient.nodes.size() * weights_.size())
    return {};
  return fail(ErrorCode::corrupt, fmt::format("worker {} pushes a gradient of another shape", gradient.worker));
}

// The sum over the whole minibatch, once it is complete.
Result<std::optional<std::span<const float>>> ParameterRange::with_share(const Push& gradient) {
  begin_sum(gradient.clock);
  KRIGE_CHECK(check_shape(gradient, schedule_.plan(gradient.clock, gradient.worker)));
  if (is_whole(gradient) && sum_.pieces().empty()) return gradient.values;  // applied from where it lies
  for (std::size_t i = 0; i < gradient.nodes.size(); ++i) {
    const TreeNode node = gradient.nodes[i];
    if (sum_.covers(node)) continue;
    sum_.drop_within(node);
    if (Status added = sum_.add(node, gradient.values.subspan(i * weights_.size(), weights_.size())); !added)
      return fail(ErrorCode::corrupt, fmt::format("worker {}: {}", gradient.worker, added.error().message));
  }
  if (!sum_.complete()) return std::nullopt;
  return std::span<const float>(sum_.pieces()[0].sum);
}

void ParameterRange::begin_sum(std::uint64_t clock) {
  if (sum_clock_ == clock) return;
  sum_.reset(schedule_.plan(clock, 0).blocks, weights_.size());
  sum_clock_ = clock;
}

std::vector<std::uint32_t> ParameterRange::missing(std::uint64_t clock) {
  if (!schedule_.shared_minibatches() || clock != min_clock_ || clock >= schedule_.total_steps()) return {};
  begin_sum(clock);
  return sum_.missing(kMostMissing);
}

bool ParameterRange::is_whole(const Push& gradient) {
  return gradient.nodes.size() == 1 && gradient.nodes[0] == root_of(gradient.blocks);
}

Status ParameterRange::apply_own(const Push& gradient) {
  KRIGE_CHECK(check_shape(gradient, schedule_.plan(gradient.clock, gradient.worker)));
  if (gradient.rows == 0) return {};
  if (!gradient.last || !is_whole(gradient))
    return fail(ErrorCode::corrupt, "a worker's gradient does not cover its minibatch");
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
  if (worker.clock > min_clock_ && worker.clock - min_clock_ > staleness_) return false;
  return clock_of_read(worker) < std::min({hold_at_, stop_at_, boundary()});
}

// In bsp who was overtaken goes on with the minibatch that the others are at.
std::uint64_t ParameterRange::clock_of_read(const WorkerState& worker) const {
  return schedule_.shared_minibatches() ? min_clock_ : worker.clock;
}

std::uint64_t ParameterRange::hold() {
  // Who has an answer already will push once more.
  const std::uint64_t furthest =
      schedule_.shared_minibatches() ? min_clock_ + 1 : std::ranges::max(workers_, {}, &WorkerState::clock).clock + 1;
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
    peers_.send_weights(w, {version_, clock_of_read(worker), min_clock_, weights_});
  }
}

}  // namespace krige::trainer
