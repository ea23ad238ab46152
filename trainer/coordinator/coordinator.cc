#include "trainer/coordinator/coordinator.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "base/log.h"
#include "trainer/checkpoint/model_file.h"
#include "trainer/coordinator/early_stop.h"
#include "trainer/coordinator/line_writer.h"
#include "trainer/coordinator/record.h"
#include "trainer/coordinator/signals.h"
#include "trainer/models/model.h"
#include "trainer/optimizers/driver.h"
#include "trainer/worker/gradient.h"

namespace krige::trainer {
namespace {

// How often a reader of records that was too slow is tried again.
constexpr Millis kFlushInterval{20};

class Coordinator {
 public:
  Coordinator(const TrainJob& job, const CoordinatorOptions& options)
      : job_(job),
        options_(options),
        records_(options.records_fd),
        crew_(loop_, options.crew,
              [this](Role role, std::uint32_t i, const Frame& f) { return on_frame(role, i, f); }) {
    if (job.early_stop) best_.emplace(*job.early_stop);
  }

  Status run() {
    KRIGE_TRY(signals_, Signals::take());
    loop_.watch(signals_->descriptor(), [this] { on_signals(signals_->read()); });
    loop_.every(options_.crew.timeout / 4, [this] { crew_.look_for_silence(); });
    KRIGE_CHECK(crew_.start(job_));
    run_until([this] { return finished_ || driving_; });
    if (driving_ && !failed()) drive();
    if (!failed() && !options_.model_path.empty())
      note(write_model(options_.model_path, job_, summary_, final_weights_));
    if (!failed() && !records_.empty()) {
      loop_.every(kFlushInterval, [this] { note(records_.flush()); });
      run_until([this] { return records_.empty(); });
    }
    if (error_) return fail(*error_);
    if (!finished_ && crew_.failure()) return fail(*crew_.failure());
    return {};
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

  [[nodiscard]] bool failed() const { return error_.has_value() || (!finished_ && crew_.failure()); }
  void note(Status status) {
    if (!status && !error_) error_ = status.error();
  }
  void run_until(const std::function<bool()>& done) {
    loop_.run_until([&] { return failed() || done(); });
  }

  void on_signals(const Signals::Seen& seen) {
    if (seen.stop) note(fail(ErrorCode::cancelled, fmt::format("stopped by signal {}", *seen.stop)));
    if (seen.child) crew_.look_for_deaths();
  }

  Status on_frame(Role role, std::uint32_t index, const Frame& frame) {
    if (finished_) return {};
    if (role == Role::shard) {
      KRIGE_TRY(const Snapshot snapshot, decode<Snapshot>(frame));
      return on_snapshot(index, snapshot);
    }
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

  Status on_ready(const Ready& ready) {
    if (ready_ == 0) summary_text_ = ready.summary;
    if (ready.summary != summary_text_) {
      note(fail(ErrorCode::conflict, fmt::format("{}: changed while it was read", job_.data.path)));
      return {};
    }
    if (++ready_ < job_.workers) return {};
    KRIGE_TRY(summary_, parse_data_summary(summary_text_));
    if (job_.early_stop && summary_.validation_rows == 0) {
      note(fail(ErrorCode::invalid_argument, "needs validation rows (data.validation)", "early_stop"));
      return {};
    }
    return begin();
  }

  Status begin() {
    KRIGE_TRY(const std::unique_ptr<Model> model, make_model(job_, summary_));
    parameters_ = model->parameters();
    began_ = system_clock().now();
    if (job_.mode == TrainMode::mapreduce) {
      driving_ = true;
      return {};
    }
    const Floats weights = model->initial_weights(job_.seed);
    for (std::uint32_t s = 0; s < shards(); ++s) {
      const KeyRange keys = part_of(parameters_, shards(), s);
      Begin message;
      message.train_rows = summary_.train_rows;
      for (const KeyRange& range : model->penalized()) {
        const KeyRange common{std::max(range.begin, keys.begin), std::min(range.end, keys.end)};
        if (common.begin < common.end)
          message.penalized.push_back({common.begin - keys.begin, common.end - keys.begin});
      }
      message.weights = std::span<const float>(weights).subspan(keys.begin, keys.size());
      crew_.send(Role::shard, s, message);
    }
    return {};
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

  // An iteration is evaluated when the next one is done: only then it is known whether it was the last.
  void close_iteration() {
    if (epochs_.empty() || failed()) return;
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
      record.train = score(&Evaluation::train, summary_.train_rows).value_or(Score{});
      record.validation = score(&Evaluation::validation, summary_.validation_rows);
      const std::chrono::duration<double> trained = epoch.ended - began_;
      record.examples_per_second =
          static_cast<double>(summary_.train_rows * epoch.passes) / std::max(trained.count(), 1e-9);
      record.elapsed_seconds = std::chrono::duration<double>(epoch.ended - started_).count();
      if (best_ && best_->observe(number, record.validation->loss)) final_weights_ = epoch.weights;
    }
    Record& record = *epoch.record;
    const bool diverged = !std::isfinite(record.train.loss);
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
    if (last) record.test = score(&Evaluation::test, summary_.test_rows);
    note(records_.put(to_text(record)));
    if (diverged) log::warning(fmt::format("the loss is not a number after epoch {}: the training ends here", number));
    if (last) final_weights_ = std::move(epoch.weights);
    finished_ = last;
    epochs_.erase(number);
    return {};
  }

  [[nodiscard]] std::uint32_t shards() const { return static_cast<std::uint32_t>(job_.shards); }

  const MonotonicTime started_ = system_clock().now();
  TrainJob job_;
  CoordinatorOptions options_;
  LineWriter records_;
  std::optional<Signals> signals_;
  EventLoop loop_;
  Crew crew_;
  std::int64_t ready_ = 0;
  std::string summary_text_;
  DataSummary summary_;
  std::size_t parameters_ = 0;
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

Status run_training(const TrainJob& job, const CoordinatorOptions& options) { return Coordinator(job, options).run(); }

}  // namespace krige::trainer
