#include "tuner/spec/job.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace krige::tuner {
namespace {

OrderedJson merge(OrderedJson train, const Params& params) {
  for (const auto& [name, value] : params) train[name] = to_json(value);
  return train;
}

// Values that stand for all of a parameter's: the ends of a range, each of a list.
std::vector<Value> probes(const Parameter& parameter) {
  if (!parameter.values.empty()) return parameter.values;
  return {parameter.at_quantile(0), parameter.at_quantile(1)};
}

}  // namespace

Result<TrainJob> job_at(const StudySpec& spec, const Params& params) {
  KRIGE_TRY(OrderedJson train, parse_json(*spec.train));
  OrderedJson job = merge(std::move(train), params);
  if (!job.contains("seed")) job["seed"] = spec.seed;
  return parse_train_job(job, "train");
}

void check_job(const OrderedJson& train, const Space& space, const std::vector<JobMetric>& metrics, Faults& faults) {
  if (const Result<TrainJob> plain = parse_train_job(train, "train"); !plain) return faults.add(plain.error());
  for (const Parameter& parameter : space.parameters()) {
    const std::string path = "parameters." + parameter.name;
    if (!is_tunable_job_field(parameter.name)) {
      const auto near = nearest_name(parameter.name, tunable_job_fields());
      faults.add(path, fmt::format("names no field of train{}", near ? "; did you mean " + *near + "?" : ""));
      continue;
    }
    for (const Value& value : probes(parameter)) {
      const Result<TrainJob> job = parse_train_job(merge(train, {{parameter.name, value}}));
      if (job) continue;
      faults.add(path, fmt::format("{} cannot be train.{}: {}", to_string(value), parameter.name, job.error().message));
      break;
    }
  }
  constexpr std::array<std::string_view, 6> kReported{
      "accuracy", "rmse", "train_loss", "validation_loss", "examples_per_second", "elapsed_seconds"};
  for (const auto& [path, name] : metrics) {
    if (name.starts_with("test_"))
      faults.add(path, "test data are not for tuning: use a validation metric");
    else if (std::ranges::find(kReported, name) == kReported.end())
      faults.add(path, fmt::format("is not reported by train, which reports {}", fmt::join(kReported, ", ")));
  }
}

}  // namespace krige::tuner
