#include "base/train_job.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace krige {
namespace {

constexpr std::int64_t kMaxProcesses = 64;
constexpr std::int64_t kMaxWidth = 1 << 20;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Names in the order of the enumerators.
constexpr std::array<std::string_view, 5> kModels{"linear", "logistic", "softmax", "fm", "mlp"};
constexpr std::array<std::string_view, 4> kFormats{"csv", "tsv", "libsvm", "idx"};
constexpr std::array<std::string_view, 4> kModes{"bsp", "ssp", "asp", "mapreduce"};
constexpr std::array<std::string_view, 6> kOptimizers{"sgd", "momentum", "adagrad", "adam", "ftrl", "lbfgs"};
constexpr std::array<std::string_view, 2> kActivations{"relu", "tanh"};
constexpr std::array<std::string_view, 3> kTransports{"auto", "shm", "socket"};
constexpr std::array<std::string_view, 2> kOnErrors{"fail", "skip"};
constexpr std::array<std::string_view, 3> kMissing{"fail", "mean", "skip"};
constexpr std::array<std::string_view, 2> kCategoricals{"one_hot", "hash"};
constexpr std::array<std::string_view, 2> kLosses{"squared", "huber"};
constexpr std::array<std::string_view, 5> kSchedules{"constant", "inverse_sqrt", "cosine", "step", "linear"};

template <typename Enum, std::size_t N>
void read_enum(ObjectReader& reader, std::string_view key, const std::array<std::string_view, N>& names, Enum& into) {
  const auto text = reader.one_of(key, {names.begin(), names.end()});
  if (!text) return;
  into = static_cast<Enum>(std::ranges::find(names, *text) - names.begin());
}

void read_number(ObjectReader& reader, std::string_view key, double low, double high, double& into) {
  if (const auto value = reader.number_in(key, low, high)) into = *value;
}

void read_integer(ObjectReader& reader, std::string_view key, std::int64_t low, std::int64_t high, std::int64_t& into) {
  if (const auto value = reader.integer_in(key, low, high)) into = *value;
}

void read_label(ObjectReader& reader, TrainData& data) {
  if (data.delimited()) reader.require("label");
  const OrderedJson* label = reader.raw("label");
  if (label == nullptr) return;
  if (data.format == DataFormat::libsvm)
    reader.fault("label", "libsvm has its label at the beginning of each line");
  else if (label->is_string())
    data.label = label->get<std::string>();
  else if (label->is_number_integer() && data.delimited())
    data.label = label->get<std::int64_t>();
  else
    reader.fault("label",
                 fmt::format("must be {}, is {}",
                             data.delimited() ? "a column's name or index" : "the file of the labels", label->dump()));
}

std::optional<TrainData::FractionOrFile> read_fraction_or_file(ObjectReader& reader, std::string_view key) {
  const OrderedJson* value = reader.raw(key);
  if (value == nullptr) return std::nullopt;
  if (value->is_string()) return value->get<std::string>();
  const auto fraction = reader.number(key);
  if (!fraction) return std::nullopt;
  if (*fraction >= 0 && *fraction < 1) return *fraction;
  reader.fault(key, fmt::format("must be a fraction in [0, 1) or a file, is {}", *fraction));
  return std::nullopt;
}

void read_names(ObjectReader& reader, std::string_view key, std::vector<std::string>& into) {
  const OrderedJson* value = reader.raw(key);
  if (value == nullptr) return;
  const bool good =
      value->is_array() && std::ranges::all_of(*value, [](const OrderedJson& item) { return item.is_string(); });
  if (!good) return reader.fault(key, "must be a list of columns' names");
  into = value->get<std::vector<std::string>>();
}

// What only delimited text has.
void read_columns(ObjectReader& reader, TrainData& data) {
  for (const std::string_view key :
       {"header", "missing", "categorical", "hash_bits", "categorical_columns", "ignore_columns"})
    if (reader.has(key) && !data.delimited()) reader.fault(key, "is for csv and tsv");
  data.header = reader.boolean("header");
  read_enum(reader, "missing", kMissing, data.missing);
  read_enum(reader, "categorical", kCategoricals, data.categorical);
  read_integer(reader, "hash_bits", 1, 24, data.hash_bits);
  read_names(reader, "categorical_columns", data.categorical_columns);
  read_names(reader, "ignore_columns", data.ignore_columns);
}

void read_split(ObjectReader& reader, TrainData& data) {
  if (const auto validation = read_fraction_or_file(reader, "validation")) data.validation = *validation;
  data.test = read_fraction_or_file(reader, "test");
  data.stratified = reader.boolean("stratified").value_or(false);
  read_integer(reader, "folds", 2, 1'000'000, data.folds);
  if (data.folds == 0) {
    if (reader.raw("fold") != nullptr) reader.fault("fold", "needs folds");
    return;
  }
  read_integer(reader, "fold", 0, data.folds - 1, data.fold);
  if (reader.has("validation")) reader.fault("validation", "folds say what it is");
}

TrainData read_data(const OrderedJson& value, const std::string& path, Faults& faults) {
  TrainData data;
  ObjectReader reader(value, path, faults);
  reader.require("path");
  if (auto file = reader.string("path")) data.path = *file;
  if (reader.has("path") && data.path.empty()) reader.fault("path", "must name a file");
  read_enum(reader, "format", kFormats, data.format);
  read_label(reader, data);
  read_enum(reader, "on_error", kOnErrors, data.on_error);
  read_columns(reader, data);
  data.standardize = reader.boolean("standardize").value_or(data.delimited());
  read_split(reader, data);
  reader.finish();
  return data;
}

OrderedJson data_to_json(const TrainData& data) {
  OrderedJson json{{"path", data.path}, {"format", name(data.format)}};
  const auto* file = std::get_if<std::string>(&data.label);
  if (data.delimited() || (data.format == DataFormat::idx && file != nullptr && !file->empty()))
    std::visit([&](const auto& label) { json["label"] = label; }, data.label);
  json["on_error"] = name(data.on_error);
  if (data.delimited()) {
    if (data.header) json["header"] = *data.header;
    json["missing"] = name(data.missing);
    json["categorical"] = name(data.categorical);
    json["hash_bits"] = data.hash_bits;
    json["categorical_columns"] = data.categorical_columns;
    json["ignore_columns"] = data.ignore_columns;
  }
  json["standardize"] = data.standardize;
  if (data.folds > 0) {
    json["folds"] = data.folds;
    json["fold"] = data.fold;
  } else {
    std::visit([&](const auto& validation) { json["validation"] = validation; }, data.validation);
  }
  if (data.test) std::visit([&](const auto& test) { json["test"] = test; }, *data.test);
  json["stratified"] = data.stratified;
  return json;
}

void read_hidden(ObjectReader& reader, std::vector<std::int64_t>& hidden) {
  const OrderedJson* value = reader.raw("hidden");
  if (value == nullptr) return;
  if (!value->is_array()) {
    if (const auto width = reader.integer_in("hidden", 1, kMaxWidth)) hidden = {*width};
    return;
  }
  hidden.clear();
  for (std::size_t i = 0; i < value->size(); ++i) {
    const OrderedJson& width = (*value)[i];
    if (width.is_number_integer() && width.get<double>() >= 1 && width.get<double>() <= static_cast<double>(kMaxWidth))
      hidden.push_back(width.get<std::int64_t>());
    else
      reader.fault(fmt::format("hidden[{}]", i),
                   fmt::format("must be a width from 1 to {}, is {}", kMaxWidth, width.dump()));
  }
  if (value->empty()) reader.fault("hidden", "must have at least one layer");
}

void read_loss(ObjectReader& reader, TrainJob& job) {
  if (reader.has("loss")) read_enum(reader, "loss", kLosses, job.loss.emplace());
  read_number(reader, "huber_delta", std::numeric_limits<float>::min(), kInfinity, job.huber_delta);
  if (job.loss && (job.model == ModelKind::logistic || job.model == ModelKind::softmax))
    reader.fault("loss", fmt::format("is for numeric labels, {} has classes", name(job.model)));
}

void read_early_stop(ObjectReader& reader, std::optional<EarlyStop>& into, Faults& faults) {
  const OrderedJson* value = reader.raw("early_stop");
  if (value == nullptr || value->is_null()) return;
  ObjectReader fields(*value, reader.path("early_stop"), faults);
  EarlyStop stop;
  read_integer(fields, "patience", 1, 1'000'000'000, stop.patience);
  read_number(fields, "min_delta", 0, kInfinity, stop.min_delta);
  fields.finish();
  into = stop;
}

void read_optimizer(ObjectReader& reader, TrainJob& job) {
  if (job.mode == TrainMode::mapreduce) job.optimizer = OptimizerKind::lbfgs;
  read_enum(reader, "optimizer", kOptimizers, job.optimizer);
  const bool of_driver = job.optimizer == OptimizerKind::lbfgs;
  if (job.mode == TrainMode::mapreduce && !of_driver && job.optimizer != OptimizerKind::sgd)
    reader.fault("optimizer", fmt::format("must be lbfgs or sgd in mode mapreduce, is {}", name(job.optimizer)));
  if (job.mode != TrainMode::mapreduce && of_driver) reader.fault("optimizer", "lbfgs is for mode mapreduce");
  read_number(reader, "learning_rate", 0, kInfinity, job.learning_rate);
  read_enum(reader, "schedule", kSchedules, job.schedule);
  read_integer(reader, "warmup_steps", 0, std::int64_t{1} << 40, job.warmup_steps);
  read_number(reader, "schedule_decay", 0, 1, job.schedule_decay);
  read_number(reader, "momentum", 0, 1, job.momentum);
  read_number(reader, "ftrl_beta", 0, kInfinity, job.ftrl_beta);
  if (job.optimizer == OptimizerKind::ftrl && job.learning_rate == 0)
    reader.fault("learning_rate", "must be above 0 for ftrl");
}

}  // namespace

Result<TrainJob> parse_train_job(const OrderedJson& value, const std::string& path) {
  TrainJob job;
  Faults faults;
  ObjectReader reader(value, path, faults);
  reader.require("model");
  read_enum(reader, "model", kModels, job.model);
  reader.require("data");
  if (const OrderedJson* data = reader.raw("data")) job.data = read_data(*data, reader.path("data"), faults);
  read_enum(reader, "mode", kModes, job.mode);
  read_integer(reader, "staleness", 0, 1'000'000, job.staleness);
  read_integer(reader, "workers", 1, kMaxProcesses, job.workers);
  read_integer(reader, "shards", 1, kMaxProcesses, job.shards);
  read_integer(reader, "epochs", 1, 1'000'000'000, job.epochs);
  read_integer(reader, "batch_size", 0, std::int64_t{1} << 31, job.batch_size);
  read_integer(reader, "local_steps", 1, 1'000'000, job.local_steps);
  if (job.local_steps > 1 && job.mode != TrainMode::ssp && job.mode != TrainMode::asp)
    reader.fault("local_steps", fmt::format("is for modes ssp and asp, not {}", name(job.mode)));
  read_integer(reader, "evaluate_every", 1, 1'000'000'000, job.evaluate_every);
  if (const auto train = reader.boolean("evaluate_train")) job.evaluate_train = *train;
  read_optimizer(reader, job);
  read_number(reader, "l1", 0, kInfinity, job.l1);
  read_number(reader, "l2", 0, kInfinity, job.l2);
  if (const auto bias = reader.boolean("bias")) job.bias = *bias;
  read_hidden(reader, job.hidden);
  read_enum(reader, "activation", kActivations, job.activation);
  read_number(reader, "dropout", 0, 0.99, job.dropout);
  read_integer(reader, "factors", 1, 4096, job.factors);
  if (const auto seed = reader.integer_in("seed", 0, std::numeric_limits<std::int64_t>::max()))
    job.seed = static_cast<std::uint64_t>(*seed);
  read_enum(reader, "transport", kTransports, job.transport);
  read_loss(reader, job);
  read_early_stop(reader, job.early_stop, faults);
  // The driver's line search needs an objective that does not change from one evaluation to the next.
  if (job.dropout > 0 && job.mode == TrainMode::mapreduce) reader.fault("dropout", "is not for mode mapreduce");
  reader.finish();
  if (!faults.empty()) return fail(faults.error());
  return job;
}

OrderedJson to_json(const TrainJob& job) {
  OrderedJson json{{"model", name(job.model)},
                   {"data", data_to_json(job.data)},
                   {"mode", name(job.mode)},
                   {"staleness", job.staleness},
                   {"workers", job.workers},
                   {"shards", job.shards},
                   {"epochs", job.epochs},
                   {"batch_size", job.batch_size},
                   {"local_steps", job.local_steps},
                   {"evaluate_every", job.evaluate_every},
                   {"evaluate_train", job.evaluate_train},
                   {"optimizer", name(job.optimizer)},
                   {"learning_rate", job.learning_rate},
                   {"schedule", name(job.schedule)},
                   {"warmup_steps", job.warmup_steps},
                   {"schedule_decay", job.schedule_decay},
                   {"momentum", job.momentum},
                   {"ftrl_beta", job.ftrl_beta},
                   {"l1", job.l1},
                   {"l2", job.l2},
                   {"bias", job.bias},
                   {"hidden", job.hidden},
                   {"activation", name(job.activation)},
                   {"dropout", job.dropout},
                   {"factors", job.factors},
                   {"huber_delta", job.huber_delta},
                   {"seed", job.seed},
                   {"transport", name(job.transport)}};
  if (job.loss) json["loss"] = name(*job.loss);
  if (job.early_stop)
    json["early_stop"] = {{"patience", job.early_stop->patience}, {"min_delta", job.early_stop->min_delta}};
  return json;
}

std::vector<std::string> data_path_keys(const OrderedJson& data) {
  std::vector<std::string> keys;
  for (const char* key : {"path", "validation", "test"})
    if (data.contains(key) && data[key].is_string()) keys.emplace_back(key);
  if (data.contains("label") && data["label"].is_string() && data.value("format", OrderedJson()) == "idx")
    keys.emplace_back("label");
  return keys;
}

const std::vector<std::string>& tunable_job_fields() {
  static const std::vector<std::string> fields{
      "mode",           "staleness", "workers",     "shards",     "epochs", "batch_size", "optimizer",
      "learning_rate",  "momentum",  "l1",          "l2",         "bias",   "hidden",     "activation",
      "dropout",        "factors",   "local_steps", "model",      "seed",   "schedule",   "warmup_steps",
      "schedule_decay", "ftrl_beta", "loss",        "huber_delta"};
  return fields;
}

bool is_tunable_job_field(std::string_view name) {
  return std::ranges::find(tunable_job_fields(), name) != tunable_job_fields().end();
}

std::string_view name(ModelKind model) { return kModels[static_cast<std::size_t>(model)]; }
std::string_view name(DataFormat format) { return kFormats[static_cast<std::size_t>(format)]; }
std::string_view name(TrainMode mode) { return kModes[static_cast<std::size_t>(mode)]; }
std::string_view name(OptimizerKind optimizer) { return kOptimizers[static_cast<std::size_t>(optimizer)]; }
std::string_view name(RegressionLoss loss) { return kLosses[static_cast<std::size_t>(loss)]; }
std::string_view name(RateSchedule schedule) { return kSchedules[static_cast<std::size_t>(schedule)]; }
std::string_view name(Activation activation) { return kActivations[static_cast<std::size_t>(activation)]; }
std::string_view name(DataPlane transport) { return kTransports[static_cast<std::size_t>(transport)]; }
std::string_view name(OnError on_error) { return kOnErrors[static_cast<std::size_t>(on_error)]; }
std::string_view name(Missing missing) { return kMissing[static_cast<std::size_t>(missing)]; }
std::string_view name(Categorical categorical) { return kCategoricals[static_cast<std::size_t>(categorical)]; }

}  // namespace krige
