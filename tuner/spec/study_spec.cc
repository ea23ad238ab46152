#include "tuner/spec/study_spec.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>

#include "tuner/spec/dialects.h"
#include "tuner/spec/duration.h"
#include "tuner/spec/job.h"
#include "tuner/spec/parameter_spec.h"
#include "tuner/spec/run_limits.h"

namespace krige::tuner {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 4> kAcquisitions{"ei", "ucb", "pi", "ei_per_second"};
constexpr std::array<std::string_view, 5> kMethods{"gp", "random", "sobol", "grid", "cmaes"};
constexpr std::array<std::string_view, 5> kEarlyTerminates{"median", "percentile", "asha", "hyperband", "curve"};
constexpr std::int64_t kMaxTrials = 10'000'000;
constexpr std::int64_t kMaxParallel = 4096;
constexpr std::int64_t kMaxRepeats = 100;
constexpr std::int64_t kMaxRetries = 100;
constexpr std::int64_t kMaxKeptModels = 1'000'000;
constexpr std::size_t kMaxName = 256;

template <typename Enum, std::size_t N>
Enum by_name(const std::array<std::string_view, N>& names, std::string_view name) {
  return static_cast<Enum>(std::ranges::find(names, name) - names.begin());
}

Budget read_budget(const OrderedJson& json, Faults& faults) {
  Budget budget;
  ObjectReader reader(json, "budget", faults);
  budget.max_trials = reader.integer_in("max_trials", 1, kMaxTrials);
  budget.parallel = reader.integer_in("parallel", 1, kMaxParallel).value_or(1);
  budget.max_failures = reader.integer_in("max_failures", 1, kMaxTrials);
  budget.no_improvement = reader.integer_in("no_improvement", 1, kMaxTrials);
  if (const OrderedJson* time = reader.raw("max_time")) {
    const std::string text = time->is_string() ? time->get<std::string>() : time->dump();
    budget.max_time = parse_duration(text);
    if (!budget.max_time || budget.max_time->count() == 0) {
      reader.fault("max_time", fmt::format("must be a duration such as 30m, 1h30m or 45s, is {}", time->dump()));
    }
  }
  reader.finish();
  return budget;
}

std::vector<std::string> read_command(const OrderedJson& json, Faults& faults) {
  std::vector<std::string> command;
  if (!json.is_array() || json.empty()) faults.add("command", "must be a list: a program and its arguments");
  if (!json.is_array()) return command;
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i].is_string())
      command.push_back(json[i].get<std::string>());
    else if (json[i].is_number() || json[i].is_boolean())
      command.push_back(json[i].dump());
    else
      faults.add(fmt::format("command[{}]", i), "must be a string");
  }
  if (!command.empty() && command.front().empty()) faults.add("command[0]", "must name a program");
  return command;
}

void check_macros(StudySpec& spec, bool confined, Faults& faults) {
  static const std::vector<std::string> macros{
      "${env}",       "${interpreter}",           "${program}",       "${args}", "${args_no_hyphens}",
      "${args_json}", "${args_no_boolean_flags}", "${args_json_file}"};
  for (std::size_t i = 0; i < spec.command->size(); ++i) {
    const std::string& word = (*spec.command)[i];
    const std::string field = fmt::format("command[{}]", i);
    if (word.find("${envvar:") != std::string::npos) {
      if (confined) faults.add(field, "a service does not give its environment away: ${envvar:…} is for krige sweep");
    } else if (word.starts_with("${") && word.ends_with("}") && std::ranges::find(macros, word) == macros.end()) {
      const auto near = nearest_name(word, macros);
      spec.notes.push_back(fmt::format("{}: {} is no macro and stays as it is{}", field, word,
                                       near ? "; did you mean " + *near + "?" : ""));
    }
  }
}

// What only trials have that run here.
void read_run(ObjectReader& reader, StudySpec& spec, const SpecOptions& options, Faults& faults) {
  spec.program = reader.string("program");
  if (spec.program && spec.program->empty()) reader.fault("program", "must name a file");
  if (spec.program && !spec.command && !spec.train)
    spec.command = std::vector<std::string>{"${env}", "${interpreter}", "${program}", "${args}"};
  if (spec.train && spec.command) reader.fault("command", "cannot be given with train");
  if (spec.command) check_macros(spec, options.confine, faults);
  if (const OrderedJson* metrics = reader.raw("metrics")) {
    spec.metric_patterns = read_metric_patterns(*metrics, faults);
    if (!spec.command) reader.fault("metrics", "needs command: it says how to read what that prints");
  }
  if (const OrderedJson* limits = reader.raw("limits")) {
    spec.limits = read_limits(*limits, faults);
    if (!spec.runs_locally()) reader.fault("limits", "needs train or command: workers outside are not limited");
  }
}

// The path made absolute from the root; confined, it must not leave the root, also by symbolic links.
void resolve_path(OrderedJson& value, const std::string& field, const SpecOptions& options, Faults& faults) {
  if (!value.is_string() || options.data_root.empty()) return;
  std::error_code error;
  const fs::path root = fs::weakly_canonical(options.data_root, error);
  const fs::path path = fs::weakly_canonical(root / value.get<std::string>(), error);
  if (error) return faults.add(field, "cannot be resolved: " + error.message());
  const auto [root_end, unused] = std::mismatch(root.begin(), root.end(), path.begin(), path.end());
  if (options.confine && root_end != root.end())
    return faults.add(field, "must be below the server's data root, is " + value.get<std::string>());
  value = path.string();
}

OrderedJson resolve_data(OrderedJson train, const SpecOptions& options, Faults& faults) {
  if (!train.is_object() || !train.contains("data") || !train["data"].is_object()) return train;
  for (const std::string& key : data_path_keys(train["data"]))
    resolve_path(train["data"][key], fmt::format("train.data.{}", key), options, faults);
  return train;
}

// W&B has hyperband with min_iter, or with max_iter and s.
EarlyTerminate read_early_terminate(const OrderedJson& json, Faults& faults) {
  EarlyTerminate rule;
  ObjectReader reader(json, "early_terminate", faults);
  reader.require("type");
  if (const auto kind = reader.one_of("type", {kEarlyTerminates.begin(), kEarlyTerminates.end()}))
    rule.kind = by_name<EarlyTerminateKind>(kEarlyTerminates, *kind);
  rule.metric = reader.string("metric").value_or("");
  if (rule.kind == EarlyTerminateKind::curve) rule.min_iter = 4;
  rule.min_iter = reader.integer_in("min_iter", 1, kMaxTrials).value_or(rule.min_iter);
  const bool halving = rule.kind == EarlyTerminateKind::asha || rule.kind == EarlyTerminateKind::hyperband;
  if (halving) {
    rule.eta = reader.integer_in("eta", 2, 1000).value_or(rule.eta);
    rule.brackets = reader.integer_in("brackets", 1, 20).value_or(rule.brackets);
    rule.promote = reader.boolean("promote").value_or(false);
    rule.max_iter = reader.integer_in("max_iter", 2, kMaxTrials);
    rule.halvings = reader.integer_in("s", 1, 20).value_or(rule.halvings);
    if (rule.max_iter && reader.has("min_iter")) reader.fault("max_iter", "cannot be given with min_iter");
    if (!rule.max_iter && reader.has("s")) reader.fault("s", "needs max_iter");
    if (rule.max_iter && *rule.max_iter < rule.eta) reader.fault("max_iter", "must be at least eta");
  } else {
    rule.min_trials = reader.integer_in("min_trials", 1, kMaxTrials).value_or(rule.min_trials);
  }
  if (rule.kind == EarlyTerminateKind::curve) {
    reader.require("max_iter");
    rule.max_iter = reader.integer_in("max_iter", 2, kMaxTrials).value_or(2);
    rule.probability = reader.number_in("probability", 0, 1).value_or(rule.probability);
    if (rule.probability <= 0 || rule.probability >= 1) reader.fault("probability", "must be between 0 and 1");
  }
  if (rule.kind == EarlyTerminateKind::percentile) {
    reader.require("percentile");
    rule.percentile = reader.number_in("percentile", 0, 100).value_or(rule.percentile);
    if (rule.percentile <= 0 || rule.percentile >= 100) reader.fault("percentile", "must be between 0 and 100");
  }
  reader.finish();
  return rule;
}

OrderedJson to_json(const EarlyTerminate& rule) {
  OrderedJson json{{"type", name(rule.kind)}};
  if (!rule.metric.empty()) json["metric"] = rule.metric;
  switch (rule.kind) {
    case EarlyTerminateKind::asha:
    case EarlyTerminateKind::hyperband:
      if (rule.max_iter) {
        json["max_iter"] = *rule.max_iter;
        json["s"] = rule.halvings;
      } else {
        json["min_iter"] = rule.min_iter;
      }
      json["eta"] = rule.eta;
      json["brackets"] = rule.brackets;
      if (rule.promote) json["promote"] = true;
      break;
    case EarlyTerminateKind::curve:
      json["max_iter"] = *rule.max_iter;
      json["min_iter"] = rule.min_iter;
      json["min_trials"] = rule.min_trials;
      json["probability"] = rule.probability;
      break;
    case EarlyTerminateKind::percentile:
      json["percentile"] = rule.percentile;
      [[fallthrough]];
    case EarlyTerminateKind::median:
      json["min_iter"] = rule.min_iter;
      json["min_trials"] = rule.min_trials;
  }
  return json;
}

// W&B's keys that say nothing to a tuner.
void read_notes(ObjectReader& reader, StudySpec& spec) {
  for (const char* key : {"project", "entity"})
    if (reader.raw(key) != nullptr) spec.notes.push_back(fmt::format("{} has no meaning here and is ignored", key));
  reader.integer_in("version", 1, 1);
}

// What only the Gaussian process reads.
void note_what_has_no_effect(StudySpec& spec) {
  if (spec.method == Method::gp) return;
  if (spec.acquisition != Acquisition::ei)
    spec.notes.emplace_back("acquisition has no effect: only method gp reads it");
  if (spec.repeats > 1) spec.notes.emplace_back("repeats has no effect: only method gp reads it");
  if (!spec.warm_start.empty()) spec.notes.emplace_back("warm_start has no effect: only method gp reads it");
  for (const Parameter& parameter : spec.space.parameters())
    if (parameter.prior)
      spec.notes.push_back(fmt::format("parameters.{}.prior has no effect: only method gp reads it", parameter.name));
}

// What makes no sense, or is not known how, with several objectives or with constraints.
void check_outcomes(StudySpec& spec, Faults& faults) {
  const bool several = spec.has_several_objectives();
  if (several && spec.acquisition != Acquisition::ei && spec.acquisition != Acquisition::ei_per_second)
    faults.add("acquisition", "with several objectives only ei and ei_per_second have a meaning");
  if (several && !spec.warm_start.empty())
    faults.add("warm_start", "older trials have one value: it cannot be given with several objectives");
  const bool plain = !several && spec.constraints.empty();
  if (!plain && spec.repeats > 1) faults.add("repeats", "cannot be given with objectives or constraints");
  if (!plain && spec.method == Method::cmaes)
    faults.add("method", "cmaes minimizes one metric without constraints: use gp, random, sobol or grid");
  if (!spec.early_terminate) return;
  std::string& by = spec.early_terminate->metric;
  std::vector<std::string> names;
  for (const Objective& objective : spec.objectives) names.push_back(objective.name);
  if (!several) names = {spec.metric.name};
  if (several && by.empty())
    faults.add("early_terminate.metric",
               fmt::format("is missing: trials are compared by one of {}", fmt::join(names, ", ")));
  else if (!by.empty() && std::ranges::find(names, by) == names.end())
    faults.add("early_terminate.metric", fmt::format("must be one of {}", fmt::join(names, ", ")));
  if (!several) by.clear();
}

// The metrics of the study file by the path of their names, as the trainer must report them.
std::vector<JobMetric> job_metrics(const StudySpec& spec) {
  std::vector<JobMetric> out;
  if (!spec.has_several_objectives()) out.push_back({"metric.name", spec.metric.name});
  for (std::size_t i = 0; i < spec.objectives.size(); ++i)
    out.push_back({fmt::format("objectives[{}].name", i), spec.objectives[i].name});
  for (std::size_t i = 0; i < spec.constraints.size(); ++i)
    out.push_back({fmt::format("constraints[{}].name", i), spec.constraints[i].name});
  return out;
}

void check_method(const StudySpec& spec, Faults& faults) {
  for (const Parameter& parameter : spec.space.parameters()) {
    const std::string path = "parameters." + parameter.name;
    if (spec.method == Method::grid && !parameter.cardinality())
      faults.add(path, "a grid needs distinct values: give step, values, or another method");
    if (spec.method != Method::cmaes) continue;
    if (parameter.kind == ParameterKind::categorical)
      faults.add(path, "cmaes needs numbers: use type ordinal if the values have an order, or method gp");
    if (!parameter.when.empty()) faults.add(path + ".when", "cmaes needs every parameter active: use method gp");
  }
}

}  // namespace

Result<StudySpec> parse_study(const OrderedJson& json, const SpecOptions& options) {
  StudySpec spec;
  Faults faults;
  ObjectReader reader(json, "", faults);
  spec.name = reader.string("name").value_or("");
  if (spec.name.size() > kMaxName) reader.fault("name", fmt::format("must have at most {} bytes", kMaxName));
  spec.description = reader.string("description").value_or("");
  if (const OrderedJson* metric = reader.raw("metric")) spec.metric = read_metric(*metric, faults);
  if (const OrderedJson* objectives = reader.raw("objectives")) {
    if (reader.has("metric")) reader.fault("objectives", "cannot be given with metric");
    spec.objectives = read_objectives(*objectives, faults);
  }
  if (const OrderedJson* constraints = reader.raw("constraints"))
    spec.constraints = read_constraints(*constraints, faults);
  if (const auto method = reader.one_of("method", {"gp", "bayes", "random", "sobol", "grid", "cmaes"}))
    spec.method = *method == "bayes" ? Method::gp : by_name<Method>(kMethods, *method);
  if (const auto acquisition = reader.one_of("acquisition", {"ei", "ucb", "pi", "ei_per_second"}))
    spec.acquisition = by_name<Acquisition>(kAcquisitions, *acquisition);
  spec.retries = reader.integer_in("retries", 0, kMaxRetries).value_or(0);
  spec.repeats = reader.integer_in("repeats", 1, kMaxRepeats).value_or(1);
  spec.seed =
      static_cast<std::uint64_t>(reader.integer_in("seed", 0, std::numeric_limits<std::int64_t>::max()).value_or(0));
  if (const OrderedJson* budget = reader.raw("budget")) spec.budget = read_budget(*budget, faults);
  if (const auto cap = reader.integer_in("run_cap", 1, kMaxTrials)) {
    if (spec.budget.max_trials) reader.fault("run_cap", "says the same as budget.max_trials: give one of them");
    spec.budget.max_trials = cap;
  }
  OrderedJson train;
  if (const OrderedJson* given = reader.raw("train")) {
    train = resolve_data(*given, options, faults);
    spec.train = train.dump();
  }
  if (const OrderedJson* command = reader.raw("command")) spec.command = read_command(*command, faults);
  read_run(reader, spec, options, faults);
  if (const OrderedJson* rule = reader.raw("early_terminate"))
    spec.early_terminate = read_early_terminate(*rule, faults);
  if (spec.early_terminate && spec.early_terminate->promote && !spec.train)
    reader.fault("early_terminate.promote", "needs train: only the built-in trainer keeps checkpoints");
  spec.keep_models = reader.integer_in("keep_models", 0, kMaxKeptModels).value_or(0);
  if (spec.keep_models > 0 && !spec.train)
    reader.fault("keep_models", "needs train: only the built-in trainer keeps models");
  read_notes(reader, spec);

  const OrderedJson* warm_start = reader.raw("warm_start");
  reader.require("parameters");
  std::vector<Parameter> parameters;
  const std::size_t faults_before = faults.size();
  if (const OrderedJson* list = reader.raw("parameters")) parameters = read_parameters(*list, "parameters", faults);
  const bool parameters_read = reader.has("parameters") && faults.size() == faults_before;
  reader.finish();
  if (parameters_read) {
    if (Result<Space> space = Space::make(std::move(parameters))) {
      spec.space = std::move(*space);
      check_method(spec, faults);
      if (warm_start != nullptr)
        spec.warm_start =
            read_warm_start(*warm_start, spec.space, options.data_root, options.confine, faults, spec.notes);
      note_what_has_no_effect(spec);
      if (spec.train) check_job(train, spec.space, job_metrics(spec), faults);
    } else {
      faults.add(space.error());
    }
  }
  check_outcomes(spec, faults);
  if (!faults.empty()) return fail(faults.error());
  return spec;
}

OrderedJson to_json(const StudySpec& spec) {
  OrderedJson budget = OrderedJson::object();
  if (spec.budget.max_trials) budget["max_trials"] = *spec.budget.max_trials;
  budget["parallel"] = spec.budget.parallel;
  if (spec.budget.max_time) budget["max_time"] = to_string(*spec.budget.max_time);
  if (spec.budget.max_failures) budget["max_failures"] = *spec.budget.max_failures;
  if (spec.budget.no_improvement) budget["no_improvement"] = *spec.budget.no_improvement;
  OrderedJson json{{"name", spec.name}};
  if (!spec.description.empty()) json["description"] = spec.description;
  if (spec.has_several_objectives())
    json["objectives"] = to_json(spec.objectives);
  else
    json["metric"] = to_json(spec.metric);
  if (!spec.constraints.empty()) json["constraints"] = to_json(spec.constraints);
  json["method"] = name(spec.method);
  if (spec.acquisition != Acquisition::ei) json["acquisition"] = name(spec.acquisition);
  json["seed"] = spec.seed;
  if (spec.retries > 0) json["retries"] = spec.retries;
  if (spec.repeats > 1) json["repeats"] = spec.repeats;
  if (spec.early_terminate) json["early_terminate"] = to_json(*spec.early_terminate);
  if (spec.keep_models > 0) json["keep_models"] = spec.keep_models;
  if (!spec.warm_start.empty()) json["warm_start"] = to_json(spec.warm_start);
  json["parameters"] = to_json(spec.space.parameters());
  json["budget"] = std::move(budget);
  if (spec.train) json["train"] = OrderedJson::parse(*spec.train);
  if (spec.command) json["command"] = *spec.command;
  if (spec.program) json["program"] = *spec.program;
  if (!spec.metric_patterns.empty()) json["metrics"] = to_json(spec.metric_patterns);
  if (spec.limits != Limits{}) json["limits"] = to_json(spec.limits);
  return json;
}

Result<StudySpec> load_study(const std::string& path) {
  KRIGE_TRY(OrderedJson json, load_document(path));
  std::error_code error;
  const fs::path absolute = fs::absolute(path, error);
  const std::string folder = absolute.parent_path().string();
  std::vector<std::string> notes;
  KRIGE_TRY(json, translate(std::move(json), folder, notes));
  KRIGE_TRY(StudySpec spec, parse_study(json, {.data_root = folder, .confine = false}));
  spec.notes.insert(spec.notes.begin(), notes.begin(), notes.end());
  return spec;
}

std::string_view name(EarlyTerminateKind kind) { return kEarlyTerminates[static_cast<std::size_t>(kind)]; }
std::string_view name(Acquisition acquisition) { return kAcquisitions[static_cast<std::size_t>(acquisition)]; }
std::string_view name(Method method) { return kMethods[static_cast<std::size_t>(method)]; }

}  // namespace krige::tuner
