#include "trainer/coordinator/coordinator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <utility>

#include "base/fd.h"
#include "base/log.h"
#include "trainer/checkpoint/checkpoint_file.h"
#include "trainer/checkpoint/model_file.h"
#include "trainer/coordinator/cluster.h"
#include "trainer/coordinator/early_stop.h"
#include "trainer/coordinator/line_writer.h"
#include "trainer/coordinator/record.h"
#include "trainer/coordinator/signals.h"
#include "trainer/models/model.h"
#include "trainer/optimizers/driver.h"
#include "trainer/schedule.h"
#include "trainer/worker/gradient.h"

namespace krige::trainer {
namespace {

// How often a reader of records that was too slow is tried again.
constexpr Millis kFlushInterval{20};
constexpr Millis kClusterInterval{1'000};

CrewOptions crew_options(const TrainJob& job, const CoordinatorOptions& options) {
  CrewOptions crew = options.crew;
  const Transport wanted = job.transport == DataPlane::socket ? Transport::unix_sockets : Transport::shared_memory;
  crew.transport = options.transport.value_or(wanted);
  return crew;
}

class Coordinator {
 public:
  Coordinator(const TrainJob& job, const CoordinatorOptions& options)
      : job_(job),
        options_(options),
        records_(options.records_fd),
        cluster_(job),
        crew_(loop_, crew_options(job, options),
              [this](Role role, std::uint32_t i, const Frame& f) { return on_frame(role, i, f); }) {
    if (job.early_stop) best_.emplace(*job.early_stop);
  }

  Result<Ending> run() {
    KRIGE_CHECK(find_checkpoint());
    KRIGE_TRY(signals_, Signals::take());
    loop_.watch(signals_->descriptor(), [this] { on_signals(signals_->read()); });
    loop_.every(options_.crew.timeout / 4, [this] { crew_.look_for_silence(); });
    if (!options_.cluster_path.empty()) loop_.every(kClusterInterval, [this] { show_cluster(); });
    KRIGE_CHECK(crew_.start(job_, resumed_ ? resumed_->clock : 0));
    run_until([this] { return finished_ || paused_ || driving_; });
    if (driving_ && !failed()) drive();
    if (!options_.cluster_path.empty()) show_cluster();
    if (!failed() && finished_ && !options_.model_path.empty())
      note(write_model(options_.model_path, job_, summary_, final_weights_));
    if (!failed() && !records_.empty()) {
      loop_.every(kFlushInterval, [this] { note(records_.flush()); });
      run_until([this] { return records_.empty(); });
    }
    if (error_) return fail(*error_);
    if (!finished_ && !paused_ && crew_.failure()) return fail(*crew_.failure());
    return finished_ ? Ending::finished : Ending::paused;
  }

 private:
  // One epoch's weights, gathered from the shards, and what the workers say of them.
  struct Epoch {
    Floats weights;
    std::uint32_t shards = 0;
    std::uint64_t step = 0;
    std::uint64_t passes = 0;  // over the training rows
    MonotonicTime ended;
    bool with_test = false;
    std::uint32_t workers = 0;
    std::vector<Evaluation> evaluations;
    std::optional<Record> record;  // once its losses are known
  };

  [[nodiscard]] bool failed() const { return error_.has_value() || (!finished_ && !paused_ && crew_.failure()); }
  void note(Status status) {
    if (!status && !error_) error_ = status.error();
  }
  void run_until(const std::function<bool()>& done) {
    loop_.run_until([&] { return failed() || done(); });
  }

  // For people: what cannot be written is no reason to end a training.
  void show_cluster() {
    const Status shown = replace_file(options_.cluster_path, cluster_.text(started_, system_clock().now(), crew_));
    if (!shown && !std::exchange(cluster_refused_, true)) log::warning(shown.error().message);
  }

  void on_signals(const Signals::Seen& seen) {
    if (seen.stop) note(fail(ErrorCode::cancelled, fmt::format("stopped by signal {}", *seen.stop)));
    if (seen.pause) pause();
    if (seen.child) crew_.look_for_deaths();
  }

  Status on_frame(Role role, std::uint32_t index, const Frame& frame) {
    if (frame.type == MessageType::heartbeat) {
      KRIGE_TRY(const Heartbeat heartbeat, decode<Heartbeat>(frame));
      cluster_.take(role, index, heartbeat.figures);
      return {};
    }
    if (finished_ || paused_) return {};
    if (role == Role::shard) return on_shard_frame(index, frame);
    if (frame.type == MessageType::ready) {
      KRIGE_TRY(const Ready ready, decode<Ready>(frame));
      return on_ready(ready);
    }
    if (frame.type == MessageType::partial) {
      KRIGE_TRY(const Partial partial, decode<Partial>(frame));
      return on_partial(partial);
    }
    KRIGE_TRY(Evaluation evaluation, decode<Evaluation>(frame));
    return on_evaluation(index, std::move(evaluation));
  }

  Status on_shard_frame(std::uint32_t index, const Frame& frame) {
    if (frame.type == MessageType::held) {
      KRIGE_TRY(const Held held, decode<Held>(frame));
      return on_held(held);
    }
    if (frame.type == MessageType::state) {
      KRIGE_TRY(const State state, decode<State>(frame));
      return on_state(index, state);
    }
    KRIGE_TRY(const Snapshot snapshot, decode<Snapshot>(frame));
    return on_snapshot(index, snapshot);
  }

  Status on_ready(const Ready& ready) {
    if (ready_ == 0) summary_text_ = ready.summary;
    if (ready.summary != summary_text_) {
      note(fail(ErrorCode::conflict, fmt::format("{}: changed while it was read", job_.data.path)));
      return {};
    }
    if (++ready_ < job_.workers) return {};
    KRIGE_TRY(summary_, parse_data_summary(summary_text_));
    if (resumed_ && resumed_->data != summary_text_) {
      note(fail(ErrorCode::conflict, fmt::format("{}: the checkpoint is of other data than {} holds now",
                                                 options_.checkpoint.path, job_.data.path)));
      return {};
    }
    if ((job_.early_stop || !job_.evaluate_train) && summary_.validation_rows == 0) {
      note(fail(ErrorCode::invalid_argument, "needs validation rows (data.validation)",
                job_.early_stop ? "early_stop" : "evaluate_train"));
      return {};
    }
    return begin();
  }

  Status begin() {
    KRIGE_TRY(const std::unique_ptr<Model> model, make_model(job_, summary_));
    parameters_ = model->parameters();
    if (resumed_ && resumed_->weights.size() != parameters_) {
      note(fail(ErrorCode::conflict, fmt::format("{}: the checkpoint has {} parameters, the model {}",
                                                 options_.checkpoint.path, resumed_->weights.size(), parameters_)));
      return {};
    }
    if (job_.mode == TrainMode::mapreduce) {
      began_ = system_clock().now();
      driving_ = true;
      return {};
    }
    steps_per_epoch_ = Schedule(job_, summary_.train_rows).steps_per_epoch();
    const Floats weights = resumed_ ? std::move(resumed_->weights) : model->initial_weights(job_.seed);
    const std::span<const float> state = resumed_ ? std::span<const float>(resumed_->state) : std::span<const float>();
    if (resumed_) rows_before_ = resumed_->clock * summary_.train_rows / steps_per_epoch_;
    if (resumed_ && resumed_->clock >= clock_of_pause()) {
      paused_ = true;  // it was there already
      return {};
    }
    for (std::uint32_t s = 0; s < shards(); ++s) {
      const KeyRange keys = part_of(parameters_, shards(), s);
      Begin message;
      message.stop_at = clock_of_pause();
      message.train_rows = summary_.train_rows;
      for (const KeyRange& range : model->penalized()) {
        const KeyRange common{std::max(range.begin, keys.begin), std::min(range.end, keys.end)};
        if (common.begin < common.end)
          message.penalized.push_back({common.begin - keys.begin, common.end - keys.begin});
      }
      message.weights = std::span<const float>(weights).subspan(keys.begin, keys.size());
      Floats own_state;
      for (std::size_t at = 0; at < state.size(); at += parameters_) {
        const auto array = state.subspan(at + keys.begin, keys.size());
        own_state.insert(own_state.end(), array.begin(), array.end());
      }
      message.state = own_state;
      message.version = resumed_ ? resumed_->version : 0;
      message.clock = resumed_ ? resumed_->clock : 0;
      if (!options_.checkpoint.path.empty())
        message.checkpoint_steps = steps_per_epoch_ * static_cast<std::uint64_t>(options_.checkpoint.every);
      crew_.send(Role::shard, s, message);
    }
    began_ = system_clock().now();
    if (pause_wanted_) ask_to_hold();
    return {};
  }

  [[nodiscard]] std::uint64_t clock_of_pause() const {
    const std::optional<std::int64_t>& epochs = options_.checkpoint.pause_after;
    if (!epochs || *epochs >= job_.epochs) return StopAt::kNever;
    return steps_per_epoch_ * static_cast<std::uint64_t>(*epochs);
  }

  Status find_checkpoint() {
    const CheckpointOptions& wanted = options_.checkpoint;
    if (!wanted.path.empty() && (job_.mode == TrainMode::mapreduce || job_.early_stop))
      return fail(ErrorCode::unsupported, "checkpoints are not for mode mapreduce or early_stop", "--checkpoint");
    if (!wanted.path.empty() && job_.local_steps > 1 && job_.optimizer != OptimizerKind::sgd)
      return fail(ErrorCode::unsupported,
                  fmt::format("checkpoints are not for local_steps with {}, whose state the workers have",
                              name(job_.optimizer)),
                  "--checkpoint");
    if (!wanted.resume) return {};
    auto found = read_checkpoint(wanted.path);
    if (!found && found.error().code == ErrorCode::not_found) {
      log::info(fmt::format("{}: there is no checkpoint yet, the training begins", wanted.path));
      return {};
    }
    if (!found) return fail(found.error());
    if (Status same = check_same_job(*found, job_); !same)
      return fail(same.error().code, fmt::format("{}: {}", wanted.path, same.error().message));
    resumed_ = std::move(*found);
    return {};
  }

  void pause() {
    if (options_.checkpoint.path.empty()) return log::warning("cannot pause: --checkpoint does not say where to");
    if (std::exchange(pause_wanted_, true) || steps_per_epoch_ == 0) return;
    ask_to_hold();
  }
  void ask_to_hold() {
    for (std::uint32_t s = 0; s < shards(); ++s) crew_.send(Role::shard, s, Hold{});
  }

  // All shards hold: the furthest decides. A training that can only stop at its end ends.
  Status on_held(const Held& held) {
    stop_at_ = std::max(stop_at_, held.clock);
    if (++held_ < shards()) return {};
    const std::uint64_t end = steps_per_epoch_ * static_cast<std::uint64_t>(job_.epochs);
    for (std::uint32_t s = 0; s < shards(); ++s)
      crew_.send(Role::shard, s, StopAt{stop_at_ < end ? stop_at_ : StopAt::kNever});
    return {};
  }

  // A checkpoint that is being gathered from the shards.
  struct Gathering {
    Checkpoint checkpoint;
    std::uint32_t shards = 0;
    std::size_t arrays = 0;
  };

  Status on_state(std::uint32_t shard, const State& state) {
    const KeyRange keys = part_of(parameters_, shards(), shard);
    Gathering& gathering = gatherings_[{state.clock, state.stopped}];
    Checkpoint& into = gathering.checkpoint;
    const std::size_t arrays = keys.size() == 0 ? gathering.arrays : state.state.size() / keys.size();
    if (state.weights.size() != keys.size() || (gathering.shards > 0 && into.version != state.version))
      return fail(ErrorCode::corrupt, fmt::format("shard {} sends a state that does not fit the others'", shard));
    gathering.arrays = std::max(gathering.arrays, arrays);
    into.weights.resize(parameters_);
    into.state.resize(gathering.arrays * parameters_);
    const auto begin = static_cast<std::ptrdiff_t>(keys.begin);
    std::ranges::copy(state.weights, into.weights.begin() + begin);
    for (std::size_t a = 0; keys.size() > 0 && a < arrays; ++a)
      std::ranges::copy(state.state.subspan(a * keys.size(), keys.size()),
                        into.state.begin() + static_cast<std::ptrdiff_t>(a * parameters_) + begin);
    into.clock = state.clock;
    into.version = state.version;
    ++gathering.shards;
    write_checkpoints();
    return {};
  }

  // Only when the records of all epochs before it have been written: a resumed training goes on with the next.
  void write_checkpoints() {
    while (!gatherings_.empty()) {
      auto& [when, gathering] = *gatherings_.begin();
      const auto [clock, stopped] = when;
      const bool evaluated = epochs_.empty() || epochs_.begin()->first > clock / steps_per_epoch_;
      if (gathering.shards < shards() || !evaluated) return;
      if (!finished_ && clock < steps_per_epoch_ * static_cast<std::uint64_t>(job_.epochs)) {
        gathering.checkpoint.job = job_;
        gathering.checkpoint.data = summary_text_;
        gathering.checkpoint.steps_per_epoch = steps_per_epoch_;
        note(write_checkpoint(options_.checkpoint.path, gathering.checkpoint));
        paused_ = stopped && !error_;
      }
      gatherings_.erase(gatherings_.begin());
    }
  }

  // mapreduce: this process is the driver. Its callbacks wait on the loop, where signals, deaths and silence end them.
  void drive() {
    const auto model = make_basic_model<double>(job_, summary_);
    if (!model) return note(fail(model.error()));
    const Floats initial = (*model)->initial_weights(job_.seed);
    std::vector<double> w(initial.begin(), initial.end());
    const DriverCalls calls{
        [this](std::span<const double> at, std::span<double> gradient) { return mean_loss(at, gradient); },
        [this](std::uint64_t iteration, std::span<const double> at) {
          close_iteration();
          open_iteration(iteration, at);
          return !finished_ && !failed();
        }};
    const Status minimized = minimize(job_, (*model)->penalized(), w, calls);
    if (failed() || finished_) return;
    note(minimized);
    if (epochs_.empty()) open_iteration(1, w);  // the first weights are the best
    driven_ = true;
    close_iteration();
  }

  Result<double> mean_loss(std::span<const double> w, std::span<double> gradient) {
    driver_sum_.reset(partitions_of(summary_.train_rows), w.size() + 1);
    ++evaluation_;
    partials_ = 0;
    const Objective request{evaluation_, {w.begin(), w.end()}};
    for (std::uint32_t i = 0; i < job_.workers; ++i) crew_.send(Role::worker, i, request);
    run_until([this] { return partials_ == job_.workers; });
    if (failed()) return fail(ErrorCode::cancelled, "the training has ended");  // why, is noted elsewhere
    if (!driver_sum_.complete()) return fail(ErrorCode::corrupt, "the workers' partial sums do not cover the rows");
    const auto& sum = driver_sum_.pieces()[0].sum;
    const double share = 1.0 / static_cast<double>(summary_.train_rows);
    for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] = sum[i] * share;
    return sum.back() * share;
  }

  Status on_partial(const Partial& partial) {
    const std::size_t width = parameters_ + 1;
    if (!driving_ || partial.evaluation != evaluation_ || partial.partitions != partitions_of(summary_.train_rows) ||
        partial.values.size() != partial.nodes.size() * width)
      return fail(ErrorCode::corrupt, "a partial sum of another evaluation");
    for (std::size_t i = 0; i < partial.nodes.size(); ++i)
      KRIGE_CHECK(driver_sum_.add(partial.nodes[i], std::span(partial.values).subspan(i * width, width)));
    ++partials_;
    return {};
  }

  void open_iteration(std::uint64_t iteration, std::span<const double> w) {
    Epoch& epoch = epochs_[iteration];
    epoch.weights.resize(w.size());
    std::ranges::transform(w, epoch.weights.begin(), [](double weight) { return static_cast<float>(weight); });
    epoch.step = iteration;
    epoch.passes = evaluation_;
    epoch.ended = system_clock().now();
  }

  // An iteration is evaluated when the next one is done: only then it is known whether it was the last, which is
  // evaluated in any case.
  void close_iteration() {
    if (epochs_.empty() || failed()) return;
    if (!driven_ && !is_evaluated(job_, epochs_.begin()->first)) return epochs_.clear();
    ask_for_evaluation(epochs_.begin()->first, epochs_.begin()->second);
    run_until([this] { return epochs_.empty(); });
  }

  Status on_snapshot(std::uint32_t shard, const Snapshot& snapshot) {
    const KeyRange keys = part_of(parameters_, shards(), shard);
    if (snapshot.weights.size() != keys.size() || snapshot.epoch == 0 ||
        snapshot.epoch > static_cast<std::uint64_t>(job_.epochs))
      return fail(ErrorCode::corrupt, fmt::format("shard {} sends {} weights", shard, snapshot.weights.size()));
    if (last_epoch_) return {};
    Epoch& epoch = epochs_[snapshot.epoch];
    epoch.weights.resize(parameters_);
    std::ranges::copy(snapshot.weights, epoch.weights.begin() + static_cast<std::ptrdiff_t>(keys.begin));
    // Without a common clock (ssp, asp) the shards' counts may differ: the least has been applied everywhere.
    epoch.step = epoch.shards == 0 ? snapshot.version : std::min(epoch.step, snapshot.version);
    if (++epoch.shards < shards()) return {};
    epoch.ended = system_clock().now();
    epoch.passes = snapshot.epoch;
    // With an early stop the tested weights are those of the best epoch, which is not known yet.
    epoch.with_test = !best_ && snapshot.epoch == static_cast<std::uint64_t>(job_.epochs);
    ask_for_evaluation(snapshot.epoch, epoch);
    return {};
  }

  void ask_for_evaluation(std::uint64_t number, Epoch& epoch) {
    epoch.workers = 0;
    epoch.evaluations.assign(static_cast<std::size_t>(job_.workers), {});
    for (std::uint32_t w = 0; w < epoch.evaluations.size(); ++w)
      crew_.send(Role::worker, w, Evaluate{number, epoch.with_test, epoch.weights});
  }

  Status on_evaluation(std::uint32_t worker, Evaluation evaluation) {
    const auto found = epochs_.find(evaluation.epoch);
    if (found == epochs_.end() || found->second.evaluations.empty())
      return fail(ErrorCode::corrupt, fmt::format("worker {} evaluates epoch {} unasked", worker, evaluation.epoch));
    // While the last epoch is tested, the members may be further on.
    if (last_epoch_ && last_epoch_ != evaluation.epoch) return {};
    Epoch& epoch = found->second;
    epoch.evaluations[worker] = std::move(evaluation);
    if (++epoch.workers < epoch.evaluations.size()) return {};
    return finish_epoch(found->first, epoch);
  }

  Status finish_epoch(std::uint64_t number, Epoch& epoch) {
    const auto score = [&](std::vector<BlockSum> Evaluation::*set, std::uint64_t rows) {
      std::vector<BlockSum> all;
      for (const Evaluation& share : epoch.evaluations) all.insert(all.end(), (share.*set).begin(), (share.*set).end());
      return score_of(all, rows, summary_.regression());
    };
    if (!epoch.record) {
      Record& record = epoch.record.emplace();
      record.step = epoch.step;
      record.epoch = number;
      record.regression = summary_.regression();
      if (job_.evaluate_train) record.train = score(&Evaluation::train, summary_.train_rows);
      record.validation = score(&Evaluation::validation, summary_.validation_rows);
      const std::chrono::duration<double> trained = epoch.ended - began_;
      record.examples_per_second =
          static_cast<double>(summary_.train_rows * epoch.passes - rows_before_) / std::max(trained.count(), 1e-9);
      record.elapsed_seconds = std::chrono::duration<double>(epoch.ended - started_).count();
      if (best_ && best_->observe(number, record.validation->loss)) final_weights_ = epoch.weights;
    }
    Record& record = *epoch.record;
    const bool diverged = !std::isfinite((record.train ? record.train : record.validation)->loss);
    const bool last =
        diverged || driven_ || (best_ && best_->exhausted()) || number == static_cast<std::uint64_t>(job_.epochs);
    if (last) last_epoch_ = number;
    if (last && best_ && best_->epoch() > 0) {
      record.best_epoch = best_->epoch();
      epoch.weights = final_weights_;
    }
    if (last && !epoch.with_test && summary_.test_rows > 0) {
      epoch.with_test = true;
      ask_for_evaluation(number, epoch);
      return {};
    }
    if (last) record.spent = cluster_.of_workers();
    if (last) record.test = score(&Evaluation::test, summary_.test_rows);
    note(records_.put(to_text(record)));
    if (diverged) log::warning(fmt::format("the loss is not a number after epoch {}: the training ends here", number));
    if (last) final_weights_ = std::move(epoch.weights);
    finished_ = last;
    epochs_.erase(number);
    write_checkpoints();
    return {};
  }

  [[nodiscard]] std::uint32_t shards() const { return static_cast<std::uint32_t>(job_.shards); }

  const MonotonicTime started_ = system_clock().now();
  TrainJob job_;
  CoordinatorOptions options_;
  LineWriter records_;
  Cluster cluster_;
  bool cluster_refused_ = false;  // which was said once
  std::optional<Signals> signals_;
  EventLoop loop_;
  Crew crew_;
  std::optional<Checkpoint> resumed_;
  bool pause_wanted_ = false;
  std::uint32_t held_ = 0;
  std::uint64_t stop_at_ = 0;
  std::map<std::pair<std::uint64_t, bool>, Gathering> gatherings_;  // by clock, and whether all stop there
  bool paused_ = false;
  std::int64_t ready_ = 0;
  std::string summary_text_;
  DataSummary summary_;
  std::size_t parameters_ = 0;
  std::uint64_t steps_per_epoch_ = 0;  // 0: not begun
  std::uint64_t rows_before_ = 0;      // trained on before this process
  MonotonicTime began_{};
  std::map<std::uint64_t, Epoch> epochs_;  // not yet evaluated
  std::optional<BestEpoch> best_;          // with early_stop
  Floats final_weights_;                   // so far: the best epoch's
  std::optional<std::uint64_t> last_epoch_;
  bool finished_ = false;
  // mapreduce only
  bool driving_ = false;  // the driver has begun
  bool driven_ = false;   // and has done its last iteration
  std::uint64_t evaluation_ = 0;
  std::int64_t partials_ = 0;  // workers that have answered it
  DoubleTreeSum driver_sum_;
  std::optional<Error> error_;
};

}  // namespace

Result<Ending> run_training(const TrainJob& job, const CoordinatorOptions& options) {
  return Coordinator(job, options).run();
}

}  // namespace krige::trainer
