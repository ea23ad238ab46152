// Study files that are nearly right, in every dialect: each is read or refused with a reason, and one that was read
// reads back as itself and gives points of its own space.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "tests/support/fuzz.h"
#include "tuner/samplers/sampler.h"
#include "tuner/spec/dialects.h"
#include "tuner/spec/metric_patterns.h"
#include "tuner/spec/study_spec.h"
#include "tuner/study/launch.h"
#include "tuner/trial/step.h"

namespace krige::tuner {
namespace {

// Beside the examples: what they do not have.
constexpr std::string_view kMoreFiles[] = {
    R"(project: p
entity: e
method: bayes
metric: {name: loss, goal: minimize}
run_cap: 20
program: train.py
command: [ "${env}", "${interpreter}", "${program}", "${args}", "${args_json}" ]
early_terminate: {type: hyperband, max_iter: 27, s: 2, eta: 3}
parameters:
  lr: {distribution: log_uniform_values, min: 1.0e-5, max: 0.1}
  lr2: {distribution: log_uniform, min: -9.2, max: 0.0}
  q: {distribution: q_log_uniform_values, min: 1, max: 512, q: 2}
  batch: {distribution: q_uniform, min: 8, max: 256, q: 8}
  depth: {distribution: int_uniform, min: 1, max: 9}
  n: {distribution: normal, mu: 0, sigma: 2}
  qn: {distribution: q_normal, mu: 10, sigma: 3, q: 0.5}
  c: {values: [a, b, 3, true], probabilities: [0.1, 0.2, 0.3, 0.4]}
  k: {distribution: constant, value: 5}
  opt:
    parameters:
      name: {values: [sgd, adam]}
      beta: {min: 0.1, max: 0.9}
)",
    R"(objectives:
  - {name: accuracy, goal: maximize}
  - {name: latency, goal: minimize, reference: 200}
constraints:
  - {name: memory_mb, max: 512}
  - {name: f1, min: 0.8}
early_terminate: {type: median, metric: accuracy, min_iter: 2, min_trials: 3}
method: gp
acquisition: ei_per_second
parameters:
  x: {type: float, min: 0, max: 1, prior: {center: 0.3, spread: 0.1}}
  y: {type: ordinal, values: [1, 2, 4], prior: {weights: [1, 4, 1]}}
budget: {max_trials: 9, no_improvement: 4}
)",
    R"(&all
method: grid
seed: 12
parameters: &p
  a: &a {type: int, min: 0, max: 3}
  b: *a
  c: {type: float, min: 0, max: 1, step: 0.25, when: {a: [1, 2], b: 0}}
budget: {max_trials: 100, max_time: 1h30m}
)",
    R"yaml(apiVersion: kubeflow.org/v1beta1
kind: Experiment
metadata: {name: katib}
spec:
  objective: {type: maximize, goal: 0.99, objectiveMetricName: acc, additionalMetricNames: [loss],
              metricStrategies: [{name: acc, value: latest}]}
  algorithm: {algorithmName: bayesianoptimization, algorithmSettings: [{name: random_state, value: "10"}]}
  earlyStopping: {algorithmName: medianstop, algorithmSettings: [{name: start_step, value: "4"}]}
  parallelTrialCount: 3
  maxTrialCount: 12
  maxFailedTrialCount: 3
  metricsCollectorSpec: {collector: {kind: StdOut}, source: {filter: {metricsFormat: ["([\\w|-]+)\\s*=\\s*([+-]?\\d*)"]}}}
  parameters:
    - {name: lr, parameterType: double, feasibleSpace: {min: "0.01", max: "0.05", distribution: logUniform}}
    - {name: n, parameterType: int, feasibleSpace: {min: "1", max: "9", step: "2"}}
    - {name: d, parameterType: discrete, feasibleSpace: {list: ["1", "4", "2"]}}
    - {name: c, parameterType: categorical, feasibleSpace: {list: [sgd, adam]}}
  trialTemplate:
    primaryContainerName: main
    trialParameters: [{name: rate, description: d, reference: lr}]
    trialSpec: {spec: {template: {spec: {containers: [{name: main, image: i, command: [python3, "--lr=${trialParameters.rate}"]}]}}}}
)yaml",
    R"(experimentName: nni
searchSpace:
  x: {_type: uniform, _value: [0, 1]}
  q: {_type: quniform, _value: [0, 10, 2]}
  l: {_type: loguniform, _value: [0.001, 1]}
  r: {_type: randint, _value: [1, 9]}
  m: {_type: normal, _value: [0, 1]}
  c: {_type: choice, _value: [a, b, {_name: nested, y: {_type: choice, _value: [1, 2]}}]}
trialCommand: python3 train.py --x 1
trialCodeDirectory: .
trialConcurrency: 2
maxTrialNumber: 9
maxExperimentDuration: 1h
tuner: {name: TPE, classArgs: {optimize_mode: maximize}}
assessor: {name: Medianstop, classArgs: {optimize_mode: maximize, start_step: 3}}
trainingService: {platform: local}
)",
    R"({"x": {"_type": "choice", "_value": [1, 2]}, "y": {"_type": "qloguniform", "_value": [1, 100, 3]}})",
    R"yaml(limits: {time: 30m, cpu_time: 1h, memory: 2GiB}
metrics: {regex: {loss: "loss=([0-9.e+-]+)", step: "epoch (\\d+)"}}
command: [./train, "{x}"]
parameters: {x: {min: 0.0, max: 1.0}}
)yaml",
    R"(method: cmaes
repeats: 1
retries: 2
early_terminate: {type: curve, max_iter: 50, probability: 0.1}
parameters: {x: {min: -5.0, max: 5.0}, y: {min: 1, max: 100, scale: log, default: 7}}
warm_start:
  - {name: old, trials: [{params: {x: 1.5, y: 3}, value: 0.25}, {params: {x: -2, y: 90}, value: 2}]}
)",
    R"({"name": "json", "metric": {"name": "m", "goal": "maximize", "target": 0.9, "reduce": "best"}, "method": "sobol",
        "seed": 9007199254740991, "description": "d", "acquisition": "ucb", "early_terminate": {"type": "percentile",
        "percentile": 25}, "parameters": {"x": {"type": "float", "min": 0, "max": 1, "scale": "linear"},
        "s": {"type": "float", "scale": "normal", "mu": 1, "sigma": 0.5, "step": 0.125},
        "f": {"type": "fixed", "value": "text"}}, "budget": {"max_trials": 3, "max_failures": 2, "parallel": 2}})"};

constexpr std::string_view kTokens[] = {":",
                                        ": ",
                                        "- ",
                                        "\n",
                                        "\n  ",
                                        "\t",
                                        "{",
                                        "}",
                                        "[",
                                        "]",
                                        ",",
                                        "\"",
                                        "'",
                                        "#",
                                        "&a ",
                                        "*a",
                                        "<<: ",
                                        "!!str ",
                                        "!!binary ",
                                        "|\n",
                                        ">-\n",
                                        "---\n",
                                        "...\n",
                                        "%YAML 1.1\n",
                                        "? ",
                                        "null",
                                        "~",
                                        "1e9",
                                        "-1",
                                        "0x1F",
                                        ".inf",
                                        ".nan",
                                        "1_000",
                                        "\xEF\xBB\xBF",
                                        "\xFF",
                                        "\xC3(",
                                        "\xED\xA0\x80",
                                        "\\u0000",
                                        "\\ud800",
                                        "\"\\x41\"",
                                        "type: ",
                                        "values: ",
                                        "when: ",
                                        "min: ",
                                        "max: ",
                                        "scale: log"};

std::vector<std::string> corpus() {
  std::vector<std::string> files(std::begin(kMoreFiles), std::end(kMoreFiles));
  for (const auto& entry : std::filesystem::recursive_directory_iterator(KRIGE_SOURCE_DIR "/examples"))
    if (entry.path().extension() == ".yaml") files.push_back(read_file(entry.path().string()).value());
  std::ranges::sort(files);
  return files;
}

bool is_json(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && text[first] == '{';
}

Result<OrderedJson> read(const std::string& text) { return is_json(text) ? parse_json(text) : yaml_to_json(text); }

// What people are told must be text that JSON can carry.
void expect_told(const Error& error) {
  EXPECT_EQ(error.code, ErrorCode::invalid_argument) << error.describe();
  EXPECT_FALSE(error.message.empty()) << "field " << error.field;
  for (const FieldError& other : error.others) EXPECT_FALSE(other.message.empty()) << "field " << other.field;
  EXPECT_LE(error.others.size(), 1000U);
}

void expect_points(const StudySpec& spec, Rng& rng) {
  std::vector<Trial> history;
  const std::unique_ptr<Sampler> sampler = make_sampler(spec);
  for (TrialId next = 1; next <= 3; ++next) {
    const Result<Suggestion> suggestion = sampler->propose(history, next, nullptr);
    if (!suggestion) {
      EXPECT_EQ(suggestion.error().code, ErrorCode::space_exhausted) << suggestion.error().describe();
      return;
    }
    const Result<Params> checked = spec.space.check(suggestion->params);
    ASSERT_TRUE(checked) << checked.error().describe();
    EXPECT_EQ(*checked, suggestion->params);
    const std::vector<double> coordinates = spec.space.encode(*checked);
    const Params decoded = spec.space.decode(coordinates);
    EXPECT_TRUE(spec.space.check(decoded)) << dump(to_json(decoded));
    Trial trial;
    trial.id = next;
    trial.params = suggestion->params;
    trial.suggestion = suggestion->info;
    trial.state = next % 2 == 0 ? TrialState::completed : TrialState::running;
    if (trial.state == TrialState::completed) trial.value = rng.normal();
    history.push_back(std::move(trial));
  }
  const Params sampled = spec.space.sample(rng);
  EXPECT_TRUE(spec.space.check(sampled)) << dump(to_json(sampled));
  if (spec.command) {
    // A first word that is a macro may come to nothing.
    const Result<RunSpec> run = make_run(spec, {"s", 1, 1}, sampled, "trainer");
    EXPECT_TRUE(run || spec.command->front().find_first_of("{$") != std::string::npos) << run.error().describe();
  }
}

void expect_whole(const std::string& text, Rng& rng) {
  const Result<OrderedJson> document = read(text);
  if (!document) return expect_told(document.error());
  std::vector<std::string> notes;
  const Result<OrderedJson> json = translate(*document, "", notes);
  if (!json) return expect_told(json.error());
  for (const std::string& note : notes) EXPECT_FALSE(note.empty());
  const SpecOptions confined{std::filesystem::temp_directory_path().string(), true};
  const Result<StudySpec> spec = parse_study(*json);
  if (!spec) expect_told(spec.error());
  if (const Result<StudySpec> other = parse_study(*json, confined); !other) expect_told(other.error());
  if (!spec) return;
  const std::string canonical = dump(to_json(*spec));
  const Result<OrderedJson> again = parse_json(canonical);
  ASSERT_TRUE(again) << again.error().describe();
  const Result<StudySpec> same = parse_study(*again);
  // A server would not start again over such a store.
  ASSERT_TRUE(same) << same.error().describe() << "\n" << canonical;
  ASSERT_EQ(dump(to_json(*same)), canonical);
  expect_points(*same, rng);
}

TEST(Fuzz, StudyFilesAreReadOrRefusedWithAReason) {
  const std::vector<std::string> files = corpus();
  std::vector<OrderedJson> documents;
  for (const std::string& file : files) documents.push_back(read(file).value());
  fuzz::Rounds rounds("study-files", 1500);
  while (rounds.next()) {
    SCOPED_TRACE("seed " + std::to_string(rounds.seed()));
    Rng rng(rounds.seed());
    std::string text;
    if (rng.below(4) == 0) {
      text = fuzz::mutated(fuzz::one_of(files, rng), kTokens, rng);
    } else {
      text = dump(fuzz::mutated(fuzz::one_of(documents, rng), documents, rng));
      if (rng.below(4) == 0) text = fuzz::mutated(text, kTokens, rng);
      if (rng.below(4) == 0) text.insert(0, "--- ");  // JSON is YAML too, with other rules for what is text
    }
    expect_whole(text, rng);
    if (HasFailure()) FAIL() << text.substr(0, 4000);
  }
}

// A program of the user's prints what it likes.
TEST(Fuzz, LinesOfProgramsAreRecordsOrNone) {
  const std::vector<std::string> lines{
      R"({"step": 3, "loss": 0.25, "accuracy": "NaN"})", R"({"value": 1e300, "note": "x"})",
      R"({"step": 9007199254740991, "epoch": 2, "loss": "-Infinity", "a": {"b": [1]}})"};
  std::vector<OrderedJson> documents;
  for (const std::string& line : lines) documents.push_back(parse_json(line).value());
  const MetricPatterns patterns({{"loss", "loss[^0-9]*([-+0-9.eE]+)"}, {"step", "step.*?([0-9]+)"}});
  fuzz::Rounds rounds("records", 3000);
  while (rounds.next()) {
    SCOPED_TRACE("seed " + std::to_string(rounds.seed()));
    Rng rng(rounds.seed());
    std::string line = dump(fuzz::mutated(fuzz::one_of(documents, rng), documents, rng));
    if (rng.below(3) == 0) line = fuzz::mutated(line, kTokens, rng);
    const std::optional<Record> record = parse_record(line, {"s", 1, 2}, 7, patterns);
    if (!record) continue;
    ASSERT_FALSE(record->metrics.empty());
    ASSERT_TRUE(record->step >= 0 && record->step <= kMaxStep) << line;
  }
}

}  // namespace
}  // namespace krige::tuner
