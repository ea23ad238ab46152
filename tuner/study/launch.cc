#include "tuner/study/launch.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "base/ids.h"
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

// ${envvar:NAME}, also within a word.
Result<std::string> replace_environment(std::string text, const std::string& field) {
  constexpr std::string_view kMark = "${envvar:";
  for (std::size_t at = text.find(kMark); at != std::string::npos; at = text.find(kMark, at)) {
    const std::size_t end = text.find('}', at);
    if (end == std::string::npos) break;
    const std::string name = text.substr(at + kMark.size(), end - at - kMark.size());
    const char* value = std::getenv(name.c_str());
    if (value == nullptr)
      return fail(ErrorCode::invalid_argument, fmt::format("the environment has no variable {}", name), field);
    text.replace(at, end + 1 - at, value);
    at += std::string_view(value).size();
  }
  return text;
}

// In a name that nobody else can have taken before.
RunSpec::File arguments_file(const AttemptKey& key, const Params& params) {
  std::error_code error;
  std::filesystem::path folder = std::filesystem::temp_directory_path(error);
  if (error) folder = "/tmp";
  const std::string name = fmt::format("krige-{}-{}-{}-{}.json", key.study, key.trial, key.attempt, random_id(8));
  return {(folder / name).string(), dump(to_json(params))};
}

Status expand(const StudySpec& spec, const Params& params, RunSpec& run) {
  for (std::size_t i = 0; i < spec.command->size(); ++i) {
    const std::string& word = (*spec.command)[i];
    std::vector<std::string> words;
    if (word == "${args}")
      words = arguments(params, true, false);
    else if (word == "${args_no_hyphens}")
      words = arguments(params, false, false);
    else if (word == "${args_no_boolean_flags}")
      words = arguments(params, true, true);
    else if (word == "${args_json}")
      words = {dump(to_json(params))};
    else if (word == "${args_json_file}") {
      if (run.file.path.empty()) run.file = arguments_file(run.key, params);
      words = {run.file.path};
    } else if (word == "${env}")
      words = {"/usr/bin/env"};
    else if (word == "${interpreter}")
      words = {"python3"};
    else if (word == "${program}")
      words = {spec.program.value_or("")};
    else {
      KRIGE_TRY(std::string text, replace_environment(word, fmt::format("command[{}]", i)));
      words = {replace_names(std::move(text), params)};
    }
    run.argv.insert(run.argv.end(), words.begin(), words.end());
  }
  return {};
}

// Python's json writes numbers that are not finite as bare words.
std::string quote_words_of_python(std::string_view json) {
  static constexpr std::array<std::string_view, 3> kWords{"NaN", "Infinity", "-Infinity"};
  std::string out;
  bool in_string = false;
  while (!json.empty()) {
    const auto word = std::ranges::find_if(kWords, [&](std::string_view one) { return json.starts_with(one); });
    if (!in_string && word != kWords.end()) {
      out.append("\"").append(*word).append("\"");
      json.remove_prefix(word->size());
      continue;
    }
    if (json.front() == '"') in_string = !in_string;
    const std::size_t letters = in_string && json.front() == '\\' ? std::min<std::size_t>(2, json.size()) : 1;
    out.append(json.substr(0, letters));
    json.remove_prefix(letters);
  }
  return out;
}

std::optional<Record> json_record(std::string_view line, const AttemptKey& key, std::int64_t next_step) {
  const auto first = line.find_first_not_of(" \t");
  if (first == std::string_view::npos || line[first] != '{') return std::nullopt;
  Result<OrderedJson> json = parse_json(line);
  if (!json) json = parse_json(quote_words_of_python(line));
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

}  // namespace

Result<RunSpec> make_run(const StudySpec& spec, const AttemptKey& key, const Params& params, const std::string& trainer,
                         const TrainingRun& files) {
  RunSpec run;
  run.key = key;
  run.limits = spec.limits;
  if (spec.train) {
    if (trainer.empty()) return fail(ErrorCode::unsupported, "krige-trainer is not installed beside krige", "train");
    KRIGE_TRY(const TrainJob job, job_at(spec, params));
    run.argv = {trainer, "coordinator", "--job", "-"};
    if (!files.model.empty()) run.argv.insert(run.argv.end(), {"--model", files.model});
    if (!files.cluster.empty()) run.argv.insert(run.argv.end(), {"--cluster", files.cluster});
    if (const std::optional<CheckpointRun>& checkpoint = files.checkpoint) {
      // Between the rungs none is written.
      run.argv.insert(run.argv.end(),
                      {"--resume", "--checkpoint", checkpoint->path, "--checkpoint-every", "1000000000"});
      if (checkpoint->pause_after)
        run.argv.insert(run.argv.end(), {"--pause-after", std::to_string(*checkpoint->pause_after)});
    }
    run.input = dump(to_json(job));
    return run;
  }
  KRIGE_CHECK(expand(spec, params, run));
  run.reports_on_error = !spec.metric_patterns.empty();
  if (run.argv.empty() || run.argv.front().empty())
    return fail(ErrorCode::invalid_argument, "gives no program to run", "command");
  run.environment = {{"KRIGE_PARAMS_JSON", dump(to_json(params))},
                     {"KRIGE_TRIAL", std::to_string(key.trial)},
                     {"KRIGE_STUDY", key.study}};
  return run;
}

std::optional<Record> parse_record(std::string_view line, const AttemptKey& key, std::int64_t next_step,
                                   const MetricPatterns& patterns) {
  if (std::optional<Record> record = json_record(line, key, next_step)) return record;
  std::optional<MetricPatterns::Found> found = patterns.find(line);
  if (!found) return std::nullopt;
  return Record{key.trial, key.attempt, found->step.value_or(next_step), std::move(found->metrics)};
}

}  // namespace krige::tuner
