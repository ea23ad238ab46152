// NNI's experiment and search space: https://nni.readthedocs.io/en/stable/reference/experiment_config.html and
// …/hpo/search_space.html
#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "tuner/spec/dialects.h"
#include "tuner/spec/study_spec.h"

namespace krige::tuner {
namespace {

constexpr int kMaxNesting = 8;

bool is_search_space(const OrderedJson& json) {
  if (!json.is_object() || json.empty()) return false;
  for (const OrderedJson& one : json)
    if (!one.is_object() || !one.contains("_type")) return false;
  return true;
}

class NniReader {
 public:
  NniReader(std::string folder, std::vector<std::string>& notes, Faults& faults)
      : folder_(std::move(folder)), notes_(notes), faults_(faults) {}

  OrderedJson read(const OrderedJson& document) {
    study_ = {{"metric", {{"name", "default"}, {"goal", "maximize"}}}};
    if (is_search_space(document)) {
      read_space(document, "");
      return std::move(study_);
    }
    ObjectReader reader(document, "", faults_);
    read_names(reader);
    read_budget(reader);
    read_tuner(reader);
    read_assessor(reader);
    read_where_the_space_is(reader);
    if (const auto command = reader.string("trialCommand")) {
      study_["command"] = {"sh", "-c", *command};
      notes_.emplace_back(
          "trialCommand runs as it is: nni.get_next_parameter() becomes the JSON in $KRIGE_PARAMS_JSON, and "
          "nni.report_final_result(x) a line {\"default\": x}");
    }
    for (const char* key : {"trialCodeDirectory", "trialGpuNumber", "useAnnotation", "debug", "logLevel",
                            "nniManagerIp", "experimentWorkingDirectory", "tunerGpuIndices", "trainingService",
                            "sharedStorage", "authorName", "platform"})
      if (reader.raw(key) != nullptr) notes_.push_back(fmt::format("{} has no meaning here and is ignored", key));
    reader.finish();
    return std::move(study_);
  }

 private:
  void read_names(ObjectReader& reader) {
    if (const auto name = reader.string("experimentName")) study_["name"] = *name;
    if (const auto version = reader.raw("experimentVersion")) notes_.emplace_back("experimentVersion is ignored");
  }

  void read_budget(ObjectReader& reader) {
    OrderedJson budget = OrderedJson::object();
    if (const auto count = reader.integer_in("maxTrialNumber", 1, 10'000'000)) budget["max_trials"] = *count;
    if (const auto count = reader.integer_in("trialConcurrency", 1, 4096)) budget["parallel"] = *count;
    if (const OrderedJson* time = reader.raw("maxExperimentDuration")) budget["max_time"] = *time;
    study_["budget"] = std::move(budget);
    if (const OrderedJson* time = reader.raw("maxTrialDuration")) study_["limits"] = {{"time", *time}};
  }

  void read_tuner(ObjectReader& reader) {
    static const std::map<std::string, std::string, std::less<>> methods{
        {"TPE", "gp"},   {"GP", "gp"},   {"Anneal", "gp"},     {"Evolution", "gp"},   {"SMAC", "gp"},
        {"Metis", "gp"}, {"DNGO", "gp"}, {"Random", "random"}, {"GridSearch", "grid"}};
    const OrderedJson* json = reader.raw("tuner");
    if (json == nullptr) return;
    ObjectReader tuner(*json, "tuner", faults_);
    const std::string wanted = tuner.string("name").value_or("");
    if (tuner.raw("className") != nullptr) tuner.fault("className", "a tuner of one's own has no counterpart here");
    const auto method = methods.find(wanted);
    if (method != methods.end())
      study_["method"] = method->second;
    else if (!wanted.empty())
      tuner.fault("name", fmt::format("{} has no counterpart here", wanted));
    if (method != methods.end() && method->second == "gp")
      notes_.push_back(fmt::format("{} becomes the Gaussian process of method gp", wanted));
    if (const OrderedJson* given = tuner.raw("classArgs")) {
      ObjectReader arguments(*given, "tuner.classArgs", faults_);
      if (const auto mode = arguments.one_of("optimize_mode", {"minimize", "maximize"}))
        study_["metric"]["goal"] = *mode;
      if (const auto seed = arguments.integer_in("seed", 0, INT64_MAX)) study_["seed"] = *seed;
    }
    tuner.finish();
  }

  void read_assessor(ObjectReader& reader) {
    const OrderedJson* json = reader.raw("assessor");
    if (json == nullptr) return;
    ObjectReader assessor(*json, "assessor", faults_);
    const auto name = assessor.one_of("name", {"Medianstop", "Curvefitting"});
    const OrderedJson* given = assessor.raw("classArgs");
    const OrderedJson arguments = given == nullptr || !given->is_object() ? OrderedJson::object() : *given;
    if (name == "Medianstop") {
      const OrderedJson start = arguments.value("start_step", OrderedJson(1));
      study_["early_terminate"] = {{"type", "median"}, {"min_iter", start == 0 ? OrderedJson(1) : start}};
    }
    if (name == "Curvefitting") {
      study_["early_terminate"] = {{"type", "curve"}};
      if (arguments.contains("epoch_num")) study_["early_terminate"]["max_iter"] = arguments["epoch_num"];
    }
    assessor.finish();
  }

  void read_where_the_space_is(ObjectReader& reader) {
    const OrderedJson* space = reader.raw("searchSpace");
    const auto file = reader.string("searchSpaceFile");
    if (space != nullptr) return read_space(*space, "searchSpace");
    if (!file) return reader.fault("searchSpace", "is missing, and so is searchSpaceFile");
    const Result<OrderedJson> read = load_document((std::filesystem::path(folder_) / *file).string());
    if (!read) return reader.fault("searchSpaceFile", read.error().describe());
    read_space(*read, "searchSpaceFile");
  }

  void read_space(const OrderedJson& json, const std::string& path) {
    OrderedJson& parameters = study_["parameters"] = OrderedJson::object();
    read_parameters(json, path, "", OrderedJson(), 0, parameters);
  }

  // `when`: what the parameters hang on, null for nothing.
  void read_parameters(const OrderedJson& json, const std::string& path, const std::string& prefix,
                       const OrderedJson& when, int depth, OrderedJson& parameters) {
    if (!json.is_object()) return faults_.add(path, "must be an object {name: {_type, _value}}");
    if (depth > kMaxNesting) return faults_.add(path, fmt::format("is nested deeper than {}", kMaxNesting));
    for (const auto& [name, one] : json.items()) {
      if (name == "_name") continue;
      const std::string inner = join_path(path, name);
      ObjectReader reader(one, inner, faults_);
      reader.require("_type");
      reader.require("_value");
      const std::string type = reader.string("_type").value_or("");
      const OrderedJson* value = reader.raw("_value");
      reader.finish();
      if (value == nullptr || type.empty()) continue;
      if (!value->is_array()) {
        faults_.add(inner + "._value", "must be a list");
        continue;
      }
      const std::string full = prefix + name;
      OrderedJson& parameter = parameters[full] = read_parameter(type, *value, inner);
      if (!when.is_null()) parameter["when"] = when;
      if (type == "choice") read_nested(*value, inner, full, depth, parameters);
    }
  }

  // A choice among objects with a _name, whose further members are parameters of that choice.
  void read_nested(const OrderedJson& choices, const std::string& path, const std::string& parent, int depth,
                   OrderedJson& parameters) {
    for (std::size_t i = 0; i < choices.size(); ++i)
      if (choices[i].is_object())
        read_parameters(choices[i], fmt::format("{}._value[{}]", path, i), parent + ".",
                        {{parent, text_in(choices[i], "_name")}}, depth + 1, parameters);
  }

  OrderedJson read_parameter(const std::string& type, const OrderedJson& value, const std::string& path) {
    if (type == "choice") {
      OrderedJson values = OrderedJson::array();
      for (const OrderedJson& one : value)
        values.push_back(one.is_object() ? one.value("_name", OrderedJson("")) : one);
      return {{"type", "categorical"}, {"values", std::move(values)}};
    }
    const auto numbers = [&](std::size_t wanted) {
      const bool good =
          value.size() == wanted && std::ranges::all_of(value, [](const auto& one) { return one.is_number(); });
      if (!good) faults_.add(path + "._value", fmt::format("must have {} numbers for {}", wanted, type));
      return good;
    };
    if (type == "randint") {
      if (!numbers(2)) return {};
      // The upper bound is not one of its values.
      constexpr double kExact = 0x1p53;
      for (const OrderedJson& bound : value) {
        if (std::abs(bound.get<double>()) <= kExact) continue;
        faults_.add(path + "._value", fmt::format("must have numbers within ±2^53, has {}", bound.dump()));
        return {};
      }
      const std::int64_t low = value[0].get<std::int64_t>(), high = value[1].get<std::int64_t>() - 1;
      if (low == high) return {{"type", "fixed"}, {"value", low}};
      return {{"type", "int"}, {"min", low}, {"max", high}};
    }
    static const std::map<std::string, std::string, std::less<>> distributions{{"uniform", "uniform"},
                                                                               {"quniform", "q_uniform"},
                                                                               {"loguniform", "log_uniform_values"},
                                                                               {"qloguniform", "q_log_uniform_values"},
                                                                               {"normal", "normal"},
                                                                               {"qnormal", "q_normal"}};
    const auto found = distributions.find(type);
    if (found == distributions.end()) {
      faults_.add(path + "._type", fmt::format("{} has no counterpart here{}", type,
                                               type.ends_with("lognormal") ? ": take loguniform with bounds" : ""));
      return {};
    }
    const bool quantized = type.starts_with('q');
    if (!numbers(quantized ? 3 : 2)) return {};
    const bool normal = type.ends_with("normal");
    OrderedJson parameter{{"distribution", found->second},
                          {normal ? "mu" : "min", value[0].get<double>()},
                          {normal ? "sigma" : "max", value[1].get<double>()}};
    if (quantized) parameter["q"] = value[2];
    return parameter;
  }

  std::string folder_;
  std::vector<std::string>& notes_;
  Faults& faults_;
  OrderedJson study_ = OrderedJson::object();
};

}  // namespace

bool is_nni(const OrderedJson& document) {
  if (!document.is_object()) return false;
  return document.contains("searchSpace") || document.contains("searchSpaceFile") || is_search_space(document);
}

OrderedJson translate_nni(const OrderedJson& document, const std::string& folder, std::vector<std::string>& notes,
                          Faults& faults) {
  return NniReader(folder, notes, faults).read(document);
}

}  // namespace krige::tuner
