// The training job: what the tuner hands to the trainer, and the file of `krige train`. Field names are the users'
// contract.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/json.h"

namespace krige {

enum class ModelKind { linear, logistic, softmax, fm, mlp };
enum class DataFormat { csv, tsv, libsvm, idx };
enum class TrainMode { bsp, ssp, asp, mapreduce };
enum class OptimizerKind { sgd, momentum, adagrad, adam, ftrl, lbfgs };
enum class Activation { relu, tanh };
enum class RegressionLoss { squared, huber };
enum class RateSchedule { constant, inverse_sqrt, cosine, step, linear };

// Ends a training after `patience` epochs in which the validation loss has not fallen by more than `min_delta`; the
// weights of the best epoch are kept.
struct EarlyStop {
  std::int64_t patience = 3;
  double min_delta = 0;
  friend bool operator==(const EarlyStop&, const EarlyStop&) = default;
};

struct TrainData {
  std::string path;  // text, possibly .gz
  DataFormat format = DataFormat::csv;
  std::variant<std::string, std::int64_t> label;  // column by name, or by index from 0 (negative: from the end)
  // A fraction in [0, 1) of the rows, drawn by the job's seed, or a file of its own.
  std::variant<double, std::string> validation = 0.2;
  std::optional<std::string> test;
  friend bool operator==(const TrainData&, const TrainData&) = default;
};

// Valid by construction: parse_train_job is the only way to make one from outside.
// Objective: mean loss + l2/2·‖w‖² + l1·‖w‖₁, the bias not penalized. Losses: squared/2 or Huber's, log loss,
// cross-entropy.
struct TrainJob {
  ModelKind model = ModelKind::logistic;
  TrainData data;
  TrainMode mode = TrainMode::bsp;
  std::int64_t staleness = 2;  // ssp: how many clocks the fastest worker may be ahead of the slowest
  std::int64_t workers = 1;
  std::int64_t shards = 1;
  std::int64_t epochs = 10;
  std::int64_t batch_size = 64;  // the global minibatch in bsp, each worker's own in ssp and asp; 0: the full batch
  OptimizerKind optimizer = OptimizerKind::sgd;  // in mapreduce: lbfgs (the default there) or sgd
  double learning_rate = 0.1;
  RateSchedule schedule = RateSchedule::constant;
  std::int64_t warmup_steps = 0;  // updates over which the rate rises to learning_rate
  double schedule_decay = 0.1;    // schedule: step
  double momentum = 0.9;
  double ftrl_beta = 1;
  double l1 = 0;
  double l2 = 0;
  bool bias = true;
  std::optional<EarlyStop> early_stop;
  // Of a numeric label. Given for an fm or mlp it says that the label is a number, whatever it looks like.
  std::optional<RegressionLoss> loss;
  double huber_delta = 1;
  std::vector<std::int64_t> hidden{64};  // widths of the mlp's hidden layers
  Activation activation = Activation::relu;
  double dropout = 0;
  std::int64_t factors = 8;
  std::uint64_t seed = 0;
  friend bool operator==(const TrainJob&, const TrainJob&) = default;
};

// Every fault of the job with its path below `path` ("train" in a study file). What this build cannot run is a fault
// too.
[[nodiscard]] Result<TrainJob> parse_train_job(const OrderedJson& value, const std::string& path = {});
[[nodiscard]] OrderedJson to_json(const TrainJob& job);

// Whether a study's parameter of this name sets a field of the job.
[[nodiscard]] bool is_tunable_job_field(std::string_view name);
[[nodiscard]] const std::vector<std::string>& tunable_job_fields();

[[nodiscard]] std::string_view name(ModelKind model);
[[nodiscard]] std::string_view name(DataFormat format);
[[nodiscard]] std::string_view name(TrainMode mode);
[[nodiscard]] std::string_view name(OptimizerKind optimizer);
[[nodiscard]] std::string_view name(Activation activation);
[[nodiscard]] std::string_view name(RegressionLoss loss);
[[nodiscard]] std::string_view name(RateSchedule schedule);

}  // namespace krige
