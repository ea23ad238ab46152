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
// How numbers travel between the processes. automatic: shared memory, all processes being on one host.
enum class DataPlane { automatic, shm, socket };
enum class OnError { fail, skip };
enum class Missing { fail, mean, skip };
enum class Categorical { one_hot, hash };
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
  using FractionOrFile = std::variant<double, std::string>;

  std::string path;  // plain, .gz, .xz or .zst; idx: of the images
  DataFormat format = DataFormat::csv;
  // csv, tsv: a column by name, or by index from 0 (negative: from the end). idx: the file of the labels; empty: found
  // by its usual name. libsvm has none.
  std::variant<std::string, std::int64_t> label;
  std::optional<bool> header;  // csv, tsv; nullopt: told from the first lines
  OnError on_error = OnError::fail;
  Missing missing = Missing::fail;
  Categorical categorical = Categorical::one_hot;
  std::int64_t hash_bits = 18;                   // hash: 2^bits features for all columns with categories together
  std::vector<std::string> categorical_columns;  // whose numbers are names
  std::vector<std::string> ignore_columns;
  bool standardize = true;  // default: csv and tsv are, libsvm and idx are not
  // A fraction in [0, 1) of all rows, drawn by the job's seed, or a file of its own.
  FractionOrFile validation = 0.2;
  std::optional<FractionOrFile> test;
  bool stratified = false;  // the classes' shares are the same in every part
  // Validation is part `fold` of `folds`, drawn by the seed, instead of a fraction. 0: no folds.
  std::int64_t folds = 0;
  std::int64_t fold = 0;

  [[nodiscard]] bool delimited() const { return format == DataFormat::csv || format == DataFormat::tsv; }
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
  // ssp, asp: minibatches that a worker steps through by itself between a pull and a push.
  std::int64_t local_steps = 1;
  std::int64_t evaluate_every = 1;               // epochs; the last one is evaluated in any case
  bool evaluate_train = true;                    // the training rows too; else validation rows decide what diverges
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
  DataPlane transport = DataPlane::automatic;
  friend bool operator==(const TrainJob&, const TrainJob&) = default;
};

// Every fault of the job with its path below `path` ("train" in a study file). What this build cannot run is a fault
// too.
[[nodiscard]] Result<TrainJob> parse_train_job(const OrderedJson& value, const std::string& path = {});
[[nodiscard]] OrderedJson to_json(const TrainJob& job);

// The keys of a job's `data` object (not yet parsed) whose texts are paths of files.
[[nodiscard]] std::vector<std::string> data_path_keys(const OrderedJson& data);

// Whether a study's parameter of this name sets a field of the job.
[[nodiscard]] bool is_tunable_job_field(std::string_view name);
[[nodiscard]] const std::vector<std::string>& tunable_job_fields();

[[nodiscard]] std::string_view name(ModelKind model);
[[nodiscard]] std::string_view name(DataFormat format);
[[nodiscard]] std::string_view name(TrainMode mode);
[[nodiscard]] std::string_view name(OptimizerKind optimizer);
[[nodiscard]] std::string_view name(Activation activation);
[[nodiscard]] std::string_view name(DataPlane transport);
[[nodiscard]] std::string_view name(OnError on_error);
[[nodiscard]] std::string_view name(Missing missing);
[[nodiscard]] std::string_view name(Categorical categorical);
[[nodiscard]] std::string_view name(RegressionLoss loss);
[[nodiscard]] std::string_view name(RateSchedule schedule);

}  // namespace krige
