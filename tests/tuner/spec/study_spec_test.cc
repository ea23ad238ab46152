#include "tuner/spec/study_spec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "base/ids.h"
#include "tuner/spec/job.h"

namespace krige::tuner {
namespace {

// The study file of the contract.
constexpr const char* kDigits = R"(
name: digits-mlp
metric: {name: accuracy, goal: maximize, reduce: last, target: 0.99}
method: gp
seed: 7
parameters:
  learning_rate: {type: float, min: 1.0e-4, max: 1.0, scale: log, default: 0.01}
  hidden:        {type: int, min: 16, max: 256, scale: log}
  optimizer:     {type: categorical, values: [sgd, momentum, adagrad, adam]}
  momentum:      {type: float, min: 0.0, max: 0.99, when: {optimizer: momentum}}
  mode:          {type: categorical, values: [bsp, ssp]}
  staleness:     {type: ordinal, values: [1, 2, 4, 8], when: {mode: ssp}}
  epochs:        {type: fixed, value: 3}
budget: {max_trials: 40, parallel: 2, max_time: 30m, max_failures: 10}
train:
  model: mlp
  data: {path: data/digits.csv.gz, label: label}
)";

std::string faults_of(const std::string& yaml) {
  const Result<OrderedJson> json = yaml_to_json(yaml);
  if (!json) return json.error().describe();
  const Result<StudySpec> spec = parse_study(*json);
  return spec ? "" : spec.error().describe();
}

StudySpec spec_of(const std::string& yaml) { return parse_study(yaml_to_json(yaml).value()).value(); }

TEST(StudySpec, ReadsTheContractsStudy) {
  const StudySpec spec = spec_of(kDigits);
  EXPECT_EQ(spec.metric.goal, Goal::maximize);
  EXPECT_EQ(spec.metric.target, 0.99);
  EXPECT_EQ(spec.budget.max_trials, 40);
  EXPECT_EQ(spec.budget.max_time, Millis(1'800'000));
  EXPECT_EQ(spec.space.dimensions().size(), 6U);
  EXPECT_TRUE(spec.runs_locally());
}

TEST(StudySpec, CanonicalFormReadsBackAsItself) {
  for (const char* yaml :
       {kDigits, "method: random\nparameters: {x: {distribution: q_log_uniform_values, min: 1, max: 100}}",
        "method: cmaes\nparameters: {x: {min: 0.0, max: 1.0}, o: {type: ordinal, values: [1, 2]}}",
        "method: grid\nparameters: {a: {values: [1, x, true]}, n: {distribution: int_uniform, min: 1, max: 3}}",
        "parameters: {x: {distribution: normal, mu: 1, sigma: 2}, c: {values: [a, b], probabilities: [0.25, 0.75]}}",
        "acquisition: ei_per_second\nrepeats: 4\nretries: 2\nbudget: {no_improvement: 7}\nparameters: {x: {min: 0.0, "
        "max: 1.0}}",
        "early_terminate: {type: hyperband, max_iter: 27, s: 2}\nparameters: {x: {min: 0.0, max: 1.0}}",
        "early_terminate: {type: curve, max_iter: 30, probability: 0.1}\nparameters: {x: {min: 0.0, max: 1.0}}",
        "early_terminate: {type: percentile, percentile: 25, min_iter: 3}\nparameters: {x: {min: 0.0, max: 1.0}}",
        "parameters: {n: {min: 1, max: 9, prior: {center: 3}}, o: {values: [a, b], prior: {weights: [1, 2.5]}},\n"
        "  lr: {min: 0.001, max: 1.0, scale: log, prior: {center: 0.01, spread: 0.125}}}"}) {
    const OrderedJson canonical = to_json(spec_of(yaml));
    EXPECT_EQ(to_json(parse_study(canonical).value()).dump(), canonical.dump());
  }
}

TEST(StudySpec, AServiceDoesNotGiveItsEnvironmentAway) {
  const OrderedJson json =
      yaml_to_json("parameters: {x: {min: 0.0, max: 1.0}}\ncommand: [a, '--key=${envvar:SECRET}']").value();
  EXPECT_TRUE(parse_study(json));
  const auto confined = parse_study(json, {.data_root = "/", .confine = true});
  ASSERT_FALSE(confined);
  EXPECT_EQ(confined.error().field, "command[1]");
}

TEST(StudySpec, MetricsAndLimitsAreOfTrialsThatRunHere) {
  EXPECT_EQ(faults_of("parameters: {x: {min: 0.0, max: 1.0}}\nmetrics: {regex: {a: '(x)'}}\nlimits: {time: 1m}"),
            "metrics: needs command: it says how to read what that prints\n"
            "limits: needs train or command: workers outside are not limited");
  const StudySpec spec = spec_of("parameters: {x: {min: 0.0, max: 1.0}}\nprogram: t.py\nlimits: {memory: 1GB}");
  EXPECT_EQ(spec.limits.memory_bytes, 1'000'000'000U);
  EXPECT_EQ(to_json(parse_study(to_json(spec)).value()).dump(), to_json(spec).dump());
}

TEST(StudySpec, FaultsNameTheFieldByItsPath) {
  EXPECT_EQ(faults_of("parameters: {x: {type: float, min: 1, max: 0}}"),
            "parameters.x.min: must be below max, the range 1 to 0 is empty");
  EXPECT_EQ(faults_of("parameters: {x: {type: float, min: 1, max: 1}}"),
            "parameters.x.min: must be below max, the range 1 to 1 is empty (for one value use type: fixed)");
  EXPECT_EQ(faults_of("parameters: {x: {type: float, min: 0, max: 1, scale: log}}"),
            "parameters.x.min: must be above 0 on a log scale, is 0");
  EXPECT_EQ(faults_of("parameters: {x: {values: [a, b, a]}}"), "parameters.x.values[2]: a is given twice");
  EXPECT_EQ(faults_of("parameters: {x: {type: float, min: 0, max: 1, maxx: 2}}"),
            "parameters.x.maxx: is not a known key; did you mean max?");
  EXPECT_EQ(faults_of("parametres: {}"),
            "parameters: is missing\nparametres: is not a known key; did you mean parameters?");
  EXPECT_EQ(faults_of("parameters: {x: {values: [a]}}\nbudget: {max_time: soon}"),
            "budget.max_time: must be a duration such as 30m, 1h30m or 45s, is \"soon\"");
  EXPECT_EQ(faults_of("parameters: {x: {type: int, min: 1.5, max: 3}}"),
            "parameters.x.min: must be an integer, is 1.5");
  EXPECT_EQ(faults_of("parameters: {x: {type: int, min: 1, max: 9, default: 12}}"),
            "parameters.x.default: must be between 1 and 9, is 12");
  EXPECT_EQ(faults_of("method: grid\nparameters: {x: {min: 0.0, max: 1.0}}"),
            "parameters.x: a grid needs distinct values: give step, values, or another method");
  EXPECT_EQ(faults_of("method: cmaes\nparameters: {x: {values: [a, b]}, y: {min: 0, max: 1},\n"
                      "  z: {min: 0, max: 1, when: {y: 1}}}"),
            "parameters.x: cmaes needs numbers: use type ordinal if the values have an order, or method gp\n"
            "parameters.z.when: cmaes needs every parameter active: use method gp");
  EXPECT_EQ(faults_of("parameters: {x: {values: [a]}}\ncommand: ['', a]"), "command[0]: must name a program");
  EXPECT_EQ(faults_of("parameters: {x: {values: [a]}}\nprogram: ''"), "program: must name a file");
  EXPECT_EQ(faults_of("parameters: {x: {min: 0.0, max: 1.0, step: 1.0e-300}}"),
            "parameters.x.step: is too small for the range 0 to 1");
  EXPECT_EQ(faults_of("parameters: {x: {scale: normal, mu: 1.0e+308, sigma: 1.0e+308}}"),
            "parameters.x.sigma: is too large: values would not be finite");
  EXPECT_EQ(faults_of("parameters: {x: {scale: normal, step: 1.0e-300}}"),
            "parameters.x.step: is too small for mu and sigma");
  EXPECT_EQ(faults_of("parameters: {x: {values: [a, b], probabilities: [0.5, 0.6]}}"),
            "parameters.x.probabilities: must sum to 1, sum to 1.1");
}

TEST(StudySpec, FaultsOfAPriorNameItsField) {
  const auto with = [](const std::string& rest) { return faults_of("parameters: {x: {" + rest + "}}"); };
  EXPECT_EQ(with("min: 0, max: 9, prior: {center: 12}"), "parameters.x.prior.center: must be between 0 and 9, is 12");
  EXPECT_EQ(with("min: 0, max: 9, prior: {center: [1]}"), "parameters.x.prior.center: must be a number, is [1]");
  EXPECT_EQ(with("min: 0, max: 9, prior: {spread: 0}"),
            "parameters.x.prior.center: is missing\n"
            "parameters.x.prior.spread: must be a part of the range, above 0 and at most 1, is 0");
  EXPECT_EQ(with("min: 0, max: 9, prior: {center: 1, weights: [1]}"), "parameters.x.prior.weights: is not a known key");
  EXPECT_EQ(with("values: [a, b], prior: {weights: [1]}"),
            "parameters.x.prior.weights: must have one number for each value");
  EXPECT_EQ(with("values: [a, b], prior: {weights: [1, 0]}"),
            "parameters.x.prior.weights[1]: must be a number above 0, is 0");
  EXPECT_EQ(with("value: 1, prior: {center: 1}"), "parameters.x.prior: a fixed parameter has no other value");
  EXPECT_EQ(with("distribution: normal, prior: {center: 1}"),
            "parameters.x.prior: on scale normal, mu and sigma say where good values are");
}

TEST(StudySpec, APriorThatNothingReadsIsNoted) {
  const std::string rest = "\nparameters: {x: {min: 0, max: 9, prior: {center: 3}}}";
  EXPECT_TRUE(spec_of("method: gp" + rest).notes.empty());
  EXPECT_EQ(spec_of("method: sobol" + rest).notes,
            std::vector<std::string>{"parameters.x.prior has no effect: only method gp reads it"});
}

TEST(StudySpec, FaultsOfTheTrainingJobNameTheStudysField) {
  const auto with = [](const char* from, const char* to) {
    std::string text = kDigits;
    return faults_of(text.replace(text.find(from), std::string(from).size(), to));
  };
  EXPECT_EQ(with("hidden: ", "hiden: "), "parameters.hiden: names no field of train; did you mean hidden?");
  EXPECT_EQ(with("[bsp, ssp]", "[bsp, ssp, sync]").substr(0, 47), "parameters.mode: sync cannot be train.mode: mus");
  EXPECT_EQ(with("name: accuracy", "name: test_accuracy"),
            "metric.name: test data are not for tuning: use a validation metric");
  EXPECT_EQ(with("model: mlp", "model: forest"),
            "train.model: must be one of linear, logistic, softmax, fm, mlp, is \"forest\"");
}

TEST(StudySpec, PointSetsTheFieldsOfTheJob) {
  const StudySpec spec = spec_of(kDigits);
  const TrainJob job =
      job_at(spec, {{"learning_rate", 0.5}, {"hidden", std::int64_t{32}}, {"epochs", std::int64_t{3}}}).value();
  EXPECT_EQ(job.learning_rate, 0.5);
  EXPECT_EQ(job.hidden, std::vector<std::int64_t>{32});
  EXPECT_EQ(job.epochs, 3);
  EXPECT_EQ(job.seed, 7U);
}

TEST(StudySpec, DistributionsOfWandbAreTranslated) {
  const StudySpec spec = spec_of(R"(
program: train.py
method: bayes
project: p
run_cap: 5
early_terminate: {type: hyperband, min_iter: 3}
metric: {name: loss, goal: minimize}
parameters:
  a: {distribution: log_uniform, min: -3, max: 0}
  b: {distribution: q_uniform, min: 0, max: 1, q: 0.25}
  c: {distribution: inv_log_uniform_values, min: 0.001, max: 1}
  d: {distribution: constant, value: x}
  e: {min: 1, max: 5}
  f: {min: 1.0, max: 5}
  outer: {parameters: {inner: {values: [1, 2]}}}
)");
  EXPECT_EQ(spec.method, Method::gp);
  EXPECT_EQ(spec.budget.max_trials, 5);
  EXPECT_EQ(spec.notes.size(), 1U);
  EXPECT_EQ(spec.early_terminate->kind, EarlyTerminateKind::hyperband);
  EXPECT_EQ(spec.early_terminate->min_iter, 3);
  const std::vector<Parameter>& p = spec.space.parameters();
  EXPECT_DOUBLE_EQ(p[0].min, std::exp(-3));
  EXPECT_DOUBLE_EQ(p[0].max, 1);
  EXPECT_EQ(p[1].cardinality(), 5);
  EXPECT_EQ(p[2].scale, Scale::log);
  EXPECT_EQ(p[3].kind, ParameterKind::fixed);
  EXPECT_EQ(p[4].kind, ParameterKind::integer);
  EXPECT_EQ(p[5].kind, ParameterKind::floating);
  EXPECT_EQ(p[6].name, "outer.inner");
  EXPECT_EQ(spec.command->front(), "${env}");
}

TEST(StudySpec, DataIsConfinedToItsRoot) {
  const auto root = std::filesystem::temp_directory_path() / ("krige-spec-" + random_id(8));
  std::filesystem::create_directories(root / "inside");
  std::filesystem::create_symlink("/etc", root / "link");
  const auto parse = [&](const std::string& path) {
    std::string text = kDigits;
    text.replace(text.find("data/digits.csv.gz"), 18, path);
    return parse_study(yaml_to_json(text).value(), {.data_root = root.string(), .confine = true});
  };
  const Result<StudySpec> inside = parse("inside/x.csv");
  ASSERT_TRUE(inside) << inside.error().describe();
  EXPECT_EQ(to_json(*inside)["train"]["data"]["path"],
            (std::filesystem::weakly_canonical(root) / "inside/x.csv").string());
  for (const char* outside : {"../x.csv", "/etc/passwd", "link/passwd", "inside/../../x"}) {
    ASSERT_FALSE(parse(outside)) << outside;
    EXPECT_EQ(parse(outside).error().field, "train.data.path");
  }
  const auto labels = [&](const std::string& file) {
    std::string text = kDigits;
    const std::size_t begin = text.find("data/digits.csv.gz");
    text.replace(begin, text.find('}', begin) - begin, "inside/images, format: idx, label: " + file);
    return parse_study(yaml_to_json(text).value(), {.data_root = root.string(), .confine = true});
  };
  ASSERT_TRUE(labels("inside/labels")) << labels("inside/labels").error().describe();
  ASSERT_FALSE(labels("../labels"));
  EXPECT_EQ(labels("../labels").error().field, "train.data.label");
  std::filesystem::remove_all(root);
}

}  // namespace
}  // namespace krige::tuner
