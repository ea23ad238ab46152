// Katib's Experiment: https://www.kubeflow.org/docs/components/katib/user-guides/hp-tuning/configure-experiment/
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "tuner/spec/dialects.h"

namespace krige::tuner {
namespace {

constexpr std::string_view kApi = "kubeflow.org/";

// Katib writes numbers as strings. Finite ones only.
std::optional<OrderedJson> to_number(const OrderedJson& json) {
  if (json.is_number()) return std::isfinite(json.get<double>()) ? std::optional(json) : std::nullopt;
  if (!json.is_string()) return std::nullopt;
  const std::string text = json.get<std::string>();
  const char* last = text.data() + text.size();
  std::int64_t whole = 0;
  if (const auto [end, error] = std::from_chars(text.data(), last, whole); error == std::errc() && end == last)
    return OrderedJson(whole);
  double number = 0;
  if (const auto [end, error] = std::from_chars(text.data(), last, number);
      error == std::errc() && end == last && std::isfinite(number))
    return OrderedJson(number);
  return std::nullopt;
}

std::string quoted_regex(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_') out += '\\';
    out += c;
  }
  return out;
}

class KatibReader {
 public:
  KatibReader(const OrderedJson& document, std::vector<std::string>& notes, Faults& faults)
      : document_(document), notes_(notes), faults_(faults) {}

  OrderedJson read() {
    ObjectReader top(document_, "", faults_);
    for (const char* key : {"apiVersion", "kind", "status"}) top.raw(key);
    OrderedJson& study = study_;
    if (const OrderedJson* metadata = top.raw("metadata"); metadata != nullptr && metadata->is_object())
      for (const char* key : {"name", "generateName"})
        if (metadata->contains(key)) study["name"] = (*metadata)[key];
    top.require("spec");
    const OrderedJson* spec = top.raw("spec");
    top.finish();
    if (spec != nullptr) read_spec(*spec);
    return std::move(study_);
  }

 private:
  void note(std::string text) { notes_.push_back(std::move(text)); }

  void read_spec(const OrderedJson& json) {
    ObjectReader spec(json, "spec", faults_);
    OrderedJson& study = study_;
    if (spec.raw("nasConfig") != nullptr) spec.fault("nasConfig", "architecture search has no counterpart here");
    if (const OrderedJson* objective = spec.raw("objective")) read_objective(*objective);
    if (const OrderedJson* algorithm = spec.raw("algorithm")) read_algorithm(*algorithm);
    if (const OrderedJson* rule = spec.raw("earlyStopping")) read_early_stopping(*rule);
    spec.require("parameters");
    if (const OrderedJson* parameters = spec.raw("parameters")) read_parameters(*parameters);
    OrderedJson budget = OrderedJson::object();
    if (const auto count = spec.integer_in("maxTrialCount", 1, 10'000'000)) budget["max_trials"] = *count;
    if (const auto count = spec.integer_in("parallelTrialCount", 1, 4096)) budget["parallel"] = *count;
    if (const auto count = spec.integer_in("maxFailedTrialCount", 0, 10'000'000)) {
      budget["max_failures"] = std::max<std::int64_t>(*count, 1);
      note("spec.maxFailedTrialCount counts failed trials in a row here, as budget.max_failures does");
    }
    study["budget"] = std::move(budget);
    if (spec.raw("resumePolicy") != nullptr) note("spec.resumePolicy has no meaning here and is ignored");
    const OrderedJson* collector = spec.raw("metricsCollectorSpec");
    if (const OrderedJson* trial = spec.raw("trialTemplate")) read_template(*trial);
    if (study.contains("command")) read_collector(collector);
    spec.finish();
  }

  void read_objective(const OrderedJson& json) {
    ObjectReader objective(json, "spec.objective", faults_);
    OrderedJson metric = OrderedJson::object();
    objective.require("objectiveMetricName");
    if (const auto name = objective.string("objectiveMetricName")) metric["name"] = *name;
    objective.require("type");
    const auto goal = objective.one_of("type", {"minimize", "maximize"});
    if (goal) metric["goal"] = *goal;
    // Katib takes the best value of a trial where nothing else is said.
    metric["reduce"] = "best";
    if (const OrderedJson* target = objective.raw("goal")) metric["target"] = *target;
    if (const OrderedJson* names = objective.raw("additionalMetricNames"); names != nullptr && names->is_array())
      for (const OrderedJson& name : *names)
        if (name.is_string()) further_metrics_.push_back(name.get<std::string>());
    if (const OrderedJson* strategies = objective.raw("metricStrategies");
        strategies != nullptr && strategies->is_array())
      for (const OrderedJson& strategy : *strategies)
        if (strategy.is_object() && text_in(strategy, "name") == text_in(metric, "name"))
          read_strategy(text_in(strategy, "value"), goal.value_or(""), metric);
    objective.finish();
    study_["metric"] = std::move(metric);
  }

  void read_strategy(const std::string& strategy, const std::string& goal, OrderedJson& metric) {
    const bool is_best = (strategy == "max" && goal == "maximize") || (strategy == "min" && goal == "minimize");
    if (strategy == "latest")
      metric["reduce"] = "last";
    else if (!is_best)
      faults_.add("spec.objective.metricStrategies",
                  fmt::format("the {} of what is {}d is no value here", strategy, goal));
  }

  static OrderedJson settings_of(const OrderedJson& json) {
    OrderedJson settings = OrderedJson::object();
    if (json.is_array())
      for (const OrderedJson& one : json)
        if (one.is_object() && one.contains("name") && one.contains("value") && one["name"].is_string())
          settings[one["name"].get<std::string>()] = to_number(one["value"]).value_or(one["value"]);
    return settings;
  }

  void read_algorithm(const OrderedJson& json) {
    static const std::map<std::string, std::string, std::less<>> methods{
        {"random", "random"}, {"grid", "grid"},   {"bayesianoptimization", "gp"},
        {"tpe", "gp"},        {"cmaes", "cmaes"}, {"multivariate-tpe", "gp"},
        {"sobol", "sobol"}};
    ObjectReader algorithm(json, "spec.algorithm", faults_);
    algorithm.require("algorithmName");
    const std::string wanted = algorithm.string("algorithmName").value_or("");
    const auto method = methods.find(wanted);
    if (method != methods.end())
      study_["method"] = method->second;
    else if (!wanted.empty())
      algorithm.fault(
          "algorithmName",
          fmt::format("{} has no counterpart here{}", wanted,
                      wanted == "hyperband" ? ": take random and early_terminate of Krige's own file" : ""));
    if (method != methods.end() && method->second == "gp")
      note(fmt::format("{} becomes the Gaussian process of method gp", wanted));
    if (const OrderedJson* list = algorithm.raw("algorithmSettings")) {
      const OrderedJson settings = settings_of(*list);
      for (const auto& [name, value] : settings.items()) {
        if (name == "random_state" || name == "seed")
          study_["seed"] = value;
        else
          note(fmt::format("spec.algorithm.algorithmSettings.{} has no meaning here and is ignored", name));
      }
    }
    algorithm.finish();
  }

  void read_early_stopping(const OrderedJson& json) {
    ObjectReader rule(json, "spec.earlyStopping", faults_);
    const OrderedJson* list = rule.raw("algorithmSettings");
    const OrderedJson settings = list == nullptr ? OrderedJson::object() : settings_of(*list);
    if (rule.one_of("algorithmName", {"medianstop"}))
      study_["early_terminate"] = {{"type", "median"},
                                   {"min_trials", settings.value("min_trials_required", OrderedJson(3))},
                                   {"min_iter", settings.value("start_step", OrderedJson(4))}};
    rule.finish();
  }

  void read_parameters(const OrderedJson& list) {
    OrderedJson& parameters = study_["parameters"] = OrderedJson::object();
    if (!list.is_array()) return faults_.add("spec.parameters", "must be a list");
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string path = fmt::format("spec.parameters[{}]", i);
      ObjectReader reader(list[i], path, faults_);
      reader.require("name");
      reader.require("feasibleSpace");
      const std::string name = reader.string("name").value_or("");
      const auto type = reader.one_of("parameterType", {"double", "int", "discrete", "categorical"});
      const OrderedJson* space = reader.raw("feasibleSpace");
      reader.finish();
      if (parameters.contains(name)) faults_.add(path + ".name", fmt::format("{} is given twice", name));
      if (type && space != nullptr) parameters[name] = read_space(*space, *type, path + ".feasibleSpace");
    }
  }

  OrderedJson read_space(const OrderedJson& json, const std::string& type, const std::string& path) {
    ObjectReader space(json, path, faults_);
    OrderedJson parameter{{"type", type == "double"     ? "float"
                                   : type == "int"      ? "int"
                                   : type == "discrete" ? "ordinal"
                                                        : type}};
    if (type == "double" || type == "int")
      read_range(space, parameter);
    else if (const OrderedJson* list = space.raw("list"); list != nullptr && list->is_array())
      read_list(*list, type == "discrete", space, parameter);
    else
      space.require("list");
    space.finish();
    return parameter;
  }

  void read_range(ObjectReader& space, OrderedJson& parameter) {
    const auto distribution = space.one_of("distribution", {"uniform", "logUniform", "normal", "logNormal"});
    for (const char* key : {"min", "max", "step"}) {
      if (std::string_view(key) != "step") space.require(key);
      const OrderedJson* given = space.raw(key);
      if (given == nullptr) continue;
      if (const auto number = to_number(*given))
        parameter[key] = *number;
      else
        space.fault(key, "must be a number, is " + given->dump());
    }
    if (distribution == "logUniform" || distribution == "logNormal") parameter["scale"] = "log";
    // Katib has the density end at the bounds, three deviations from the middle each.
    if (distribution == "normal" || distribution == "logNormal") note_of_normal(space, parameter);
  }

  void note_of_normal(const ObjectReader& space, const OrderedJson& parameter) {
    if (parameter.contains("min") && parameter.contains("max"))
      note(fmt::format("{}: values are drawn evenly between the bounds; prior says where good ones are expected",
                       space.path("distribution")));
  }

  static void read_list(const OrderedJson& list, bool numbers, ObjectReader& space, OrderedJson& parameter) {
    if (!numbers) {
      parameter["values"] = list;
      return;
    }
    OrderedJson values = OrderedJson::array();
    for (const OrderedJson& one : list) {
      const std::optional<OrderedJson> number = to_number(one);
      if (!number) return space.fault("list", "must have finite numbers only, has " + one.dump());
      values.push_back(*number);
    }
    std::sort(values.begin(), values.end(),
              [](const OrderedJson& a, const OrderedJson& b) { return a.get<double>() < b.get<double>(); });
    parameter["values"] = std::move(values);
  }

  // The command of the trial's first container, ${trialParameters.x} as {parameter}.
  void read_template(const OrderedJson& json) {
    ObjectReader trial(json, "spec.trialTemplate", faults_);
    for (const char* key :
         {"retain", "primaryContainerName", "primaryPodLabels", "successCondition", "failureCondition"})
      trial.raw(key);
    std::map<std::string, std::string> references;
    if (const OrderedJson* list = trial.raw("trialParameters"); list != nullptr && list->is_array())
      for (const OrderedJson& one : *list)
        if (one.is_object()) references[text_in(one, "name")] = text_in(one, "reference");
    const OrderedJson* spec = trial.raw("trialSpec");
    if (trial.raw("configMap") != nullptr) note("spec.trialTemplate.configMap is not read: give command");
    trial.finish();
    const OrderedJson* container = spec == nullptr ? nullptr : find_container(*spec);
    if (container == nullptr) return;
    OrderedJson command = OrderedJson::array();
    for (const char* key : {"command", "args"})
      if (container->contains(key) && (*container)[key].is_array())
        for (const OrderedJson& word : (*container)[key])
          command.push_back(replaced(word.is_string() ? word.get<std::string>() : word.dump(), references));
    if (command.empty()) return;
    study_["command"] = std::move(command);
    const std::string image = text_in(*container, "image");
    note(fmt::format("the command runs on this machine, not in the image {}",
                     image.empty() ? "of its container" : image));
  }

  static const OrderedJson* find_container(const OrderedJson& json) {
    if (!json.is_structured()) return nullptr;
    if (json.is_object() && json.contains("containers") && json["containers"].is_array() &&
        !json["containers"].empty() && json["containers"][0].is_object())
      return &json["containers"][0];
    for (const OrderedJson& inner : json)
      if (const OrderedJson* found = find_container(inner)) return found;
    return nullptr;
  }

  std::string replaced(std::string word, const std::map<std::string, std::string>& references) {
    constexpr std::string_view kMark = "${trialParameters.";
    for (std::size_t at = word.find(kMark); at != std::string::npos; at = word.find(kMark, at)) {
      const std::size_t end = word.find('}', at);
      if (end == std::string::npos) break;
      const std::string name = word.substr(at + kMark.size(), end - at - kMark.size());
      const auto found = references.find(name);
      if (found == references.end())
        faults_.add("spec.trialTemplate.trialParameters", fmt::format("has no {}, which the command wants", name));
      const std::string mark = "{" + (found == references.end() ? name : found->second) + "}";
      word.replace(at, end + 1 - at, mark);
      at += mark.size();
    }
    return word;
  }

  // Without a filter Katib reads name=value.
  void read_collector(const OrderedJson* json) {
    if (json != nullptr && json->is_object()) {
      const auto collector = json->find("collector");
      const std::string kind =
          collector != json->end() && collector->is_object() ? text_in(*collector, "kind") : std::string();
      if (!kind.empty() && kind != "StdOut")
        note(fmt::format("spec.metricsCollectorSpec: metrics are read from what the command prints, not by {}", kind));
      if (json->contains("/source/filter"_json_pointer))
        note("spec.metricsCollectorSpec.source.filter is not read: metrics.regex looks for name=value");
    }
    OrderedJson regex = OrderedJson::object();
    std::vector<std::string> names = further_metrics_;
    if (study_.contains("metric")) names.insert(names.begin(), text_in(study_["metric"], "name"));
    for (const std::string& name : names)
      if (!name.empty()) regex[name] = quoted_regex(name) + R"(\s*=\s*([+-]?\d*(?:\.\d+)?(?:[Ee][+-]?\d+)?))";
    if (!regex.empty()) study_["metrics"] = {{"regex", std::move(regex)}};
  }

  const OrderedJson& document_;
  std::vector<std::string>& notes_;
  Faults& faults_;
  OrderedJson study_ = OrderedJson::object();
  std::vector<std::string> further_metrics_;
};

}  // namespace

bool is_katib(const OrderedJson& document) {
  return document.is_object() && document.value("kind", OrderedJson()) == "Experiment" &&
         document.value("apiVersion", OrderedJson()).is_string() &&
         document["apiVersion"].get<std::string>().starts_with(kApi);
}

OrderedJson translate_katib(const OrderedJson& document, std::vector<std::string>& notes, Faults& faults) {
  return KatibReader(document, notes, faults).read();
}

}  // namespace krige::tuner
