#include "tuner/study/launch.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tuner/spec/job.h"
#include "tuner/trial/step.h"

namespace krige::tuner {
namespace {

// --name=value by default; W&B's variants.
std::vector<std::string> arguments(const Params& params, bool hyphens, bool boolean_flags) {
  std::vector<std::string> list;
  for (const auto& [name, value] : params) {
    const std::string flag = (hyphens ? "--" : "") + name;
    const bool* boolean = std::get_if<bool>(&value);
    if (boolean_flags && boolean != nullptr) {
      if (*boolean) list.push_back(flag);
    } else {
      list.push_back(flag + "=" + to_string(value));
    }
  }
  return list;
}

std::string replace_names(std::string text, const Params& params) {
  for (const auto& [name, value] : params) {
    const std::string mark = "{" + name + "}";
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at)) {
      const std::string replacement = to_string(value);
      text.replace(at, mark.size(), replacement);
      at += replacement.size();
    }
  }
  return text;
}

std::vector<std::string> expand(const StudySpec& spec, const Params& params) {
  std::vector<std::string> argv;
  for (const std::string& word : *spec.command) {
    std::vector<std::string> words;
    if (word == "${args}")
      words = arguments(params, true, false);
    else if (word == "${args_no_hyphens}")
      words = arguments(params, false, false);
    else if (word == "${args_no_boolean_flags}")
      words = arguments(params, true, true);
    else if (word == "${args_json}")
      words = {dump(to_json(params))};
    else if (word == "${env}")
      words = {"/usr/bin/env"};
    else if (word == "${interpreter}")
      words = {"python3"};
    else if (word == "${program}")
      words = {spec.program.value_or("")};
    else
      words = {replace_names(word, params)};
    argv.insert(argv.end(), words.begin(), words.end());
  }
  return argv;
}

}  // namespace

Result<RunSpec> make_run(const StudySpec& spec, const AttemptKey& key, const Params& params, const std::string& trainer,
                         const std::optional<CheckpointRun>& checkpoint) {
  RunSpec run;
  run.key = key;
  if (spec.train) {
    if (trainer.empty()) return fail(ErrorCode::unsupported, "krige-trainer is not installed beside krige", "train");
    KRIGE_TRY(const TrainJob job, job_at(spec, params));
    run.argv = {trainer, "coordinator", "--job", "-"};
    if (checkpoint) {
      // Between the rungs none is written.
      run.argv.insert(run.argv.end(),
                      {"--resume", "--checkpoint", checkpoint->path, "--checkpoint-every", "1000000000"});
      if (checkpoint->pause_after)
        run.argv.insert(run.argv.end(), {"--pause-after", std::to_string(*checkpoint->pause_after)});
    }
    run.input = dump(to_json(job));
    return run;
  }
  run.argv = expand(spec, params);
  if (run.argv.empty() || run.argv.front().empty())
    return fail(ErrorCode::invalid_argument, "gives no program to run", "command");
  run.environment = {{"KRIGE_PARAMS_JSON", dump(to_json(params))},
                     {"KRIGE_TRIAL", std::to_string(key.trial)},
                     {"KRIGE_STUDY", key.study}};
  return run;
}

std::optional<Record> parse_record(std::string_view line, const AttemptKey& key, std::int64_t next_step) {
  const auto first = line.find_first_not_of(" \t");
  if (first == std::string_view::npos || line[first] != '{') return std::nullopt;
  const Result<OrderedJson> json = parse_json(line);
  if (!json || !json->is_object()) return std::nullopt;
  Record record{key.trial, key.attempt, next_step, {}};
  for (const auto& [name, held] : json->items()) {
    const std::optional<double> value = number_from_json(held);
    if (!value) continue;
    if (name == "step") {
      if (*value >= 0 && *value <= kMaxStep && std::floor(*value) == *value) record.step = std::llround(*value);
    } else {
      record.metrics.emplace_back(name, *value);
    }
  }
  if (record.metrics.empty()) return std::nullopt;
  return record;
}

}  // namespace krige::tuner
