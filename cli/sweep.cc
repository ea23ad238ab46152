// A whole study without a server: the same engine and store, followed until it ends.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/terminal.h"
#include "cli/workplace.h"
#include "tuner/study/codec.h"
#include "tuner/trial/codec.h"

namespace krige::cli {
namespace {

using tuner::Engine;
using tuner::StudyView;
using tuner::Trial;

constexpr std::size_t kPage = 1000;

// The study of this very file, if the store has it.
std::optional<StudyView> find_study(const Engine& engine, const tuner::StudySpec& spec) {
  const std::string wanted = dump(to_json(spec));
  for (const StudyView& study : engine.studies())
    if (study.row.spec == wanted) return study;
  return std::nullopt;
}

Result<std::vector<Trial>> all_trials(const Engine& engine, const StudyId& id) {
  std::vector<Trial> trials;
  tuner::TrialQuery query;
  query.limit = kPage;
  do {
    KRIGE_TRY(const tuner::TrialPage page, engine.trials(id, query));
    trials.insert(trials.end(), page.trials.begin(), page.trials.end());
    query.from = page.next;
  } while (query.from);
  return trials;
}

// The outcome of a trial: 0.9722, or accuracy=0.97 latency=12; and the constraints that it breaks.
std::string describe_outcome(const OrderedJson& trial) {
  std::string text;
  if (trial["value"].is_number()) text += "  " + short_number(trial["value"].get<double>());
  if (trial.contains("values"))
    for (const auto& [name, value] : trial["values"].items())
      text += fmt::format("{}{}={}", name == trial["values"].begin().key() ? "  " : " ", name,
                          short_number(value.get<double>()));
  if (trial.contains("constraints"))
    for (const auto& [name, held] : trial["constraints"].items())
      if (!held["feasible"].get<bool>())
        text += fmt::format("  breaks {}: {}", name, short_number(held["value"].get<double>()));
  return text;
}

// trial 12  COMPLETED  0.9722  learning_rate=0.01 hidden=64
std::string describe(const OrderedJson& trial) {
  std::string text = fmt::format("trial {}  {}", trial["id"].dump(), trial["state"].get<std::string>());
  text += describe_outcome(trial);
  for (const auto& [name, value] : trial["params"].items()) {
    text += fmt::format("{}{}={}", name == trial["params"].begin().key() ? "  " : " ", name,
                        value.is_number_float() ? short_number(value.get<double>())
                                                : (value.is_string() ? value.get<std::string>() : value.dump()));
  }
  if (const std::string reason = trial["reason"].get<std::string>(); !reason.empty()) text += "  (" + reason + ")";
  return text;
}

// Shows every trial as it ends; returns when the study has ended or the user interrupts.
Status follow(const Engine& engine, StudyView study, std::int64_t max_trials, const std::stop_token& interrupted) {
  Progress progress(max_trials);
  const MonotonicTime start = system_clock().now();
  std::uint64_t seen = study.row.seq;
  // The last events may come after the state that they lead to was seen.
  while (!(is_final(study.row.state) && seen >= study.row.seq) && !interrupted.stop_requested()) {
    KRIGE_TRY(const std::vector<tuner::Event> events,
              engine.wait_events(study.row.id, seen, 100, system_clock().now() + std::chrono::seconds(1), interrupted));
    for (const tuner::Event& event : events) {
      seen = event.seq;
      if (event.type != "TRIAL_STATE_CHANGED") continue;
      const OrderedJson trial = to_json(event)["trial"];
      const auto state = tuner::trial_state(trial["state"].get<std::string>());
      if (state && is_final(*state)) progress.line(describe(trial));
    }
    KRIGE_TRY(study, engine.study(study.row.id));
    progress.show(study, std::chrono::floor<Millis>(system_clock().now() - start));
  }
  return {};
}

// The Pareto set as a table: trial, objectives, parameters.
void print_optimal(const std::vector<Trial>& optimal) {
  if (optimal.empty()) return print_line("no trial was completed that meets all constraints");
  print_line(fmt::format("{} trials that no other beats in every objective:", optimal.size()));
  std::vector<std::vector<std::string>> rows{{"trial"}};
  for (const auto& [name, value] : optimal.front().values) rows.front().push_back(name);
  rows.front().emplace_back("parameters");
  for (const Trial& trial : optimal) {
    std::vector<std::string>& row = rows.emplace_back();
    row.push_back(std::to_string(trial.id));
    for (const auto& [name, value] : trial.values) row.push_back(short_number(value));
    std::string& params = row.emplace_back();
    for (const auto& [name, value] : trial.params)
      params += fmt::format("{}{}={}", params.empty() ? "" : " ", name, tuner::to_string(value));
  }
  print_line(text_table(rows));
}

void print_summary(const StudyView& study, const std::vector<Trial>& optimal, bool several) {
  note(fmt::format("study {} is {} ({})", study.row.name.empty() ? study.row.id : study.row.name, name(study.row.state),
                   study.row.state_reason));
  if (several) return print_optimal(optimal);
  if (!study.best) return print_line("no trial was completed");
  print_line(fmt::format("best value {} by trial {}:", study.best->value, study.best->trial));
  fmt::print("{}", parameter_table(study.best->params));
}

struct Ended {
  StudyView study;
  std::vector<Trial> optimal;  // of several objectives
};

Status print_json(const Engine& engine, const StudyView& study, const std::vector<Trial>& optimal) {
  KRIGE_TRY(const std::vector<Trial> trials, all_trials(engine, study.row.id));
  OrderedJson list = OrderedJson::array();
  for (const Trial& trial : trials) list.push_back(to_json(trial));
  OrderedJson document = OrderedJson::object();
  document["study"] = to_json(study);
  document["trials"] = std::move(list);
  for (const Trial& trial : optimal) document["optimal"].push_back(to_json(trial));
  print_line(dump(document));
  return {};
}

Result<Ended> run(const SweepOptions& options, const tuner::StudySpec& spec, const std::stop_token& interrupted) {
  KRIGE_TRY(const std::unique_ptr<Engine> engine, open_engine({.store = options.store}));
  std::optional<StudyView> study = find_study(*engine, spec);
  if (study) {
    note(is_final(study->row.state) ? "the store has this study, and it has ended"
                                    : "the store has this study: going on with it");
    // An earlier sweep that was told to pause leaves it so; running it again says that it should run.
    if (study->row.state == tuner::StudyState::paused) KRIGE_CHECK(engine->resume(study->row.id));
  } else {
    KRIGE_TRY(study, engine->create_study(spec));
  }
  KRIGE_CHECK(follow(*engine, *study, spec.budget.max_trials.value_or(0), interrupted));
  if (interrupted.stop_requested()) engine->shut_down();
  Ended ended;
  KRIGE_TRY(ended.study, engine->study(study->row.id));
  if (spec.has_several_objectives()) {
    KRIGE_TRY(tuner::TrialPage page, engine->optimal(study->row.id));
    ended.optimal = std::move(page.trials);
  }
  if (options.json) KRIGE_CHECK(print_json(*engine, ended.study, ended.optimal));
  return ended;
}

}  // namespace

int sweep(const SweepOptions& options) {
  const Result<tuner::StudySpec> spec = tuner::load_study(options.file);
  if (!spec) return report(spec.error(), options.file);
  if (!spec->runs_locally()) {
    return report({ErrorCode::invalid_argument,
                   "has neither train nor command, so there is nothing to run; "
                   "workers outside need krige serve or krige ask-tell",
                   "",
                   {}},
                  options.file);
  }
  for (const std::string& remark : spec->notes) note("note: " + remark);
  const InterruptWatch interrupt;
  const Result<Ended> ended = run(options, *spec, interrupt.token());
  if (!ended) return report(ended.error(), options.store.empty() ? options.file : options.store);
  const StudyView& study = ended->study;
  if (!is_final(study.row.state)) {
    note(options.store.empty()
             ? "interrupted; without --store the study is gone"
             : fmt::format("interrupted; the same command goes on with the study in {}", options.store));
    return 130;
  }
  if (!options.json) print_summary(study, ended->optimal, spec->has_several_objectives());
  return study.row.state == tuner::StudyState::failed ? 1 : 0;
}

}  // namespace krige::cli
