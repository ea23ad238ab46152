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
constexpr std::array<std::string_view, 2> kLosses{"squared", "huber"};
constexpr std::array<std::string_view, 5> kSchedules{"constant", "inverse_sqrt", "cosine", "step", "linear"};

// What the trainer of this build cannot run: an error that says so beats one in the middle of a study.
constexpr std::array<std::string_view, 2> kNotYet{"libsvm", "idx"};

template <typename Enum, std::size_t N>
void read_enum(ObjectReader& reader, std::string_view key, const std::array<std::string_view, N>& names, Enum& into) {
  const auto text = reader.one_of(key, {names.begin(), names.end()});
  if (!text) return;
  if (std::ranges::find(kNotYet, *text) != kNotYet.end())
    return reader.fault(key, fmt::format("{} is not available in this version", *text));
  into = static_cast<Enum>(std::ranges::find(names, *text) - names.begin());
}

void read_number(ObjectReader& reader, std::string_view key, double low, double high, double& into) {
  if (const auto value = reader.number_in(key, low, high)) into = *value;
}

void read_integer(ObjectReader& reader, std::string_view key, std::int64_t low, std::int64_t high, std::int64_t& into) {
  if (const auto value = reader.integer_in(key, low, high)) into = *value;
}

TrainData read_data(const OrderedJson& value, const std::string& path, Faults& faults) {
  TrainData data;
  ObjectReader reader(value, path, faults);
  reader.require("path");
  if (auto file = reader.string("path")) data.path = *file;
  if (reader.has("path") && data.path.empty()) reader.fault("path", "must name a file");
  read_enum(reader, "format", kFormats, data.format);
  reader.require("label");
  if (const OrderedJson* label = reader.raw("label")) {
    if (label->is_string())
      data.label = label->get<std::string>();
    else if (label->is_number_integer())
      data.label = label->get<std::int64_t>();
    else
      reader.fault("label", fmt::format("must be a column's name or index, is {}", label->dump()));
  }
  if (const OrderedJson* validation = reader.raw("validation")) {
    if (validation->is_string()) {
      data.validation = validation->get<std::string>();
    } else if (const auto fraction = reader.number("validation")) {
      if (*fraction >= 0 && *fraction < 1)
        data.validation = *fraction;
      else
        reader.fault("validation", fmt::format("must be a fraction in [0, 1) or a file, is {}", *fraction));
    }
  }
  data.test = reader.string("test");
  reader.finish();
  return data;
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
  read_loss(reader, job);
  read_early_stop(reader, job.early_stop, faults);
  // The driver's line search needs an objective that does not change from one evaluation to the next.
  if (job.dropout > 0 && job.mode == TrainMode::mapreduce) reader.fault("dropout", "is not for mode mapreduce");
  reader.finish();
  if (!faults.empty()) return fail(faults.error());
  return job;
}

OrderedJson to_json(const TrainJob& job) {
  OrderedJson data{{"path", job.data.path}, {"format", name(job.data.format)}};
  std::visit([&](const auto& label) { data["label"] = label; }, job.data.label);
  std::visit([&](const auto& validation) { data["validation"] = validation; }, job.data.validation);
  if (job.data.test) data["test"] = *job.data.test;
  OrderedJson json{{"model", name(job.model)},
                   {"data", std::move(data)},
                   {"mode", name(job.mode)},
                   {"staleness", job.staleness},
                   {"workers", job.workers},
                   {"shards", job.shards},
                   {"epochs", job.epochs},
                   {"batch_size", job.batch_size},
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
                   {"seed", job.seed}};
  if (job.loss) json["loss"] = name(*job.loss);
  if (job.early_stop)
    json["early_stop"] = {{"patience", job.early_stop->patience}, {"min_delta", job.early_stop->min_delta}};
  return json;
}

const std::vector<std::string>& tunable_job_fields() {
  static const std::vector<std::string> fields{
      "mode",     "staleness", "workers",  "shards",       "epochs",         "batch_size", "optimizer", "learning_rate",
      "momentum", "l1",        "l2",       "bias",         "hidden",         "activation", "dropout",   "factors",
      "model",    "seed",      "schedule", "warmup_steps", "schedule_decay", "ftrl_beta",  "loss",      "huber_delta"};
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

}  // namespace krige
