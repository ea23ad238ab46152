#include "cli/first_points.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cli/terminal.h"
#include "cli/trial_text.h"
#include "cli/workplace.h"
#include "tuner/samplers/sampler.h"
#include "tuner/study/launch.h"
#include "tuner/trial/trial.h"

namespace krige::cli {
namespace {

using tuner::Trial;

constexpr std::int64_t kFewest = 5;

// Each is proposed while those before it are pending.
Result<std::vector<Trial>> first_points(const tuner::StudySpec& spec) {
  const std::int64_t wanted =
      std::min(std::max(kFewest, spec.budget.parallel), spec.budget.max_trials.value_or(INT64_MAX));
  tuner::FittingSampler sampler(spec);
  std::vector<Trial> trials;
  while (std::ssize(trials) < wanted) {
    const auto next = static_cast<TrialId>(trials.size()) + 1;
    Result<tuner::Suggestion> suggestion = sampler.propose(trials, next);
    if (!suggestion && suggestion.error().code == ErrorCode::space_exhausted) break;
    if (!suggestion) return fail(suggestion.error());
    Trial& trial = trials.emplace_back();
    trial.id = next;
    trial.state = tuner::TrialState::running;
    trial.params = std::move(suggestion->params);
  }
  return trials;
}

// The words as a shell takes them.
std::string quoted(const std::string& word) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string::npos) return word;
  std::string text = "'";
  for (const char c : word) text += c == '\'' ? "'\\''" : std::string(1, c);
  return text + "'";
}

void print_table(const tuner::StudySpec& spec, const std::vector<Trial>& trials) {
  std::vector<std::vector<std::string>> rows{{"TRIAL"}};
  for (const tuner::Parameter& parameter : spec.space.parameters()) rows.front().push_back(parameter.name);
  for (const Trial& trial : trials) {
    std::vector<std::string>& row = rows.emplace_back();
    row.push_back(std::to_string(trial.id));
    for (const tuner::Parameter& parameter : spec.space.parameters()) {
      const tuner::Value* value = tuner::find(trial.params, parameter.name);
      row.push_back(value == nullptr ? "-" : short_value(tuner::to_json(*value)));
    }
  }
  print_line(text_table(rows));
}

Status print_run(const tuner::StudySpec& spec, const Trial& trial) {
  KRIGE_TRY(const tuner::RunSpec run, make_run(spec, {"dry-run", trial.id, 1}, trial.params, trainer_path()));
  std::vector<std::string> words;
  for (const std::string& word : run.argv) words.push_back(quoted(word));
  print_line(fmt::format("trial {} would run: {}", trial.id, fmt::join(words, " ")));
  if (!run.input.empty()) print_line("with the job: " + run.input);
  return {};
}

}  // namespace

int show_first_points(const tuner::StudySpec& spec, bool json) {
  const Result<std::vector<Trial>> trials = first_points(spec);
  if (!trials) return report(trials.error());
  if (json) {
    OrderedJson list = OrderedJson::array();
    for (const Trial& trial : *trials) list.push_back({{"id", trial.id}, {"params", tuner::to_json(trial.params)}});
    print_line(dump({{"trials", std::move(list)}}));
    return 0;
  }
  print_table(spec, *trials);
  if (trials->empty()) return 0;
  const Status shown = print_run(spec, trials->front());
  return shown ? 0 : report(shown.error());
}

}  // namespace krige::cli
