#include "trainer/coordinator/coordinator.h"

#include <fmt/format.h>

#include <cmath>
#include <map>
#include <optional>

#include "base/log.h"
#include "trainer/checkpoint/model_file.h"
#include "trainer/coordinator/line_writer.h"
#include "trainer/coordinator/record.h"
#include "trainer/coordinator/signals.h"
#include "trainer/models/model.h"

namespace krige::trainer {
namespace {

// How often a reader of records that was too slow is tried again.
constexpr Millis kFlushInterval{20};

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
        crew_(loop_, crew_options(job, options),
              [this](Role role, std::uint32_t i, const Frame& f) { return on_frame(role, i, f); }) {}

  Status run() {
    KRIGE_TRY(signals_, Signals::take());
    loop_.watch(signals_->descriptor(), [this] { on_signals(signals_->read()); });
    loop_.every(options_.crew.timeout / 4, [this] { crew_.look_for_silence(); });
    KRIGE_CHECK(crew_.start(job_));
    run_until([this] { return finished_; });
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
    MonotonicTime ended;
    bool with_test = false;
    std::uint32_t workers = 0;
    std::vector<Evaluation> evaluations;
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
    return begin();
  }

  Status begin() {
    KRIGE_TRY(const std::unique_ptr<Model> model, make_model(job_, summary_));
    parameters_ = model->parameters();
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
    began_ = system_clock().now();
    return {};
  }

  Status on_snapshot(std::uint32_t shard, const Snapshot& snapshot) {
    const KeyRange keys = part_of(parameters_, shards(), shard);
    if (snapshot.weights.size() != keys.size() || snapshot.epoch == 0 ||
        snapshot.epoch > static_cast<std::uint64_t>(job_.epochs))
      return fail(ErrorCode::corrupt, fmt::format("shard {} sends {} weights", shard, snapshot.weights.size()));
    Epoch& epoch = epochs_[snapshot.epoch];
    epoch.weights.resize(parameters_);
    std::ranges::copy(snapshot.weights, epoch.weights.begin() + static_cast<std::ptrdiff_t>(keys.begin));
    // Without a common clock (ssp, asp) the shards' counts may differ: the least has been applied everywhere.
    epoch.step = epoch.shards == 0 ? snapshot.version : std::min(epoch.step, snapshot.version);
    if (++epoch.shards < shards()) return {};
    epoch.ended = system_clock().now();
    epoch.with_test = snapshot.epoch == static_cast<std::uint64_t>(job_.epochs);
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
    Record record;
    record.step = epoch.step;
    record.epoch = number;
    record.regression = summary_.regression();
    record.train = score(&Evaluation::train, summary_.train_rows).value_or(Score{});
    record.validation = score(&Evaluation::validation, summary_.validation_rows);
    const bool diverged = !std::isfinite(record.train.loss);
    const bool last = diverged || number == static_cast<std::uint64_t>(job_.epochs);
    if (last && !epoch.with_test && summary_.test_rows > 0) {
      epoch.with_test = true;
      ask_for_evaluation(number, epoch);
      return {};
    }
    if (last) record.test = score(&Evaluation::test, summary_.test_rows);
    const std::chrono::duration<double> trained = epoch.ended - began_;
    record.examples_per_second = static_cast<double>(summary_.train_rows * number) / std::max(trained.count(), 1e-9);
    record.elapsed_seconds = std::chrono::duration<double>(epoch.ended - started_).count();
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
  Floats final_weights_;
  bool finished_ = false;
  std::optional<Error> error_;
};

}  // namespace

Status run_training(const TrainJob& job, const CoordinatorOptions& options) { return Coordinator(job, options).run(); }

}  // namespace krige::trainer
