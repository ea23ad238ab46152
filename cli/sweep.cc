// A whole study without a server: the same engine and store, followed until it ends.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/terminal.h"
#include "cli/trial_text.h"
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
  std::optional<TrialId> first = 1;
  while (first) {
    KRIGE_TRY(const tuner::TrialPage page, engine.trials(id, *first, kPage));
    trials.insert(trials.end(), page.trials.begin(), page.trials.end());
    first = page.next;
  }
  return trials;
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
      if (state && is_final(*state)) progress.line(describe_trial(trial));
    }
    KRIGE_TRY(study, engine.study(study.row.id));
    progress.show(study, std::chrono::floor<Millis>(system_clock().now() - start));
  }
  return {};
}

void print_summary(const StudyView& study) {
  note(fmt::format("study {} is {} ({})", study.row.name.empty() ? study.row.id : study.row.name, name(study.row.state),
                   study.row.state_reason));
  if (!study.best) return print_line("no trial was completed");
  print_line(fmt::format("best value {} by trial {}:", study.best->value, study.best->trial));
  fmt::print("{}", parameter_table(study.best->params));
}

Status print_json(const Engine& engine, const StudyView& study) {
  KRIGE_TRY(const std::vector<Trial> trials, all_trials(engine, study.row.id));
  OrderedJson list = OrderedJson::array();
  for (const Trial& trial : trials) list.push_back(to_json(trial));
  OrderedJson document = OrderedJson::object();
  document["study"] = to_json(study);
  document["trials"] = std::move(list);
  print_line(dump(document));
  return {};
}

Result<StudyView> run(const SweepOptions& options, const tuner::StudySpec& spec, const std::stop_token& interrupted) {
  KRIGE_TRY(const std::unique_ptr<Engine> engine, open_engine(options.store));
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
  KRIGE_TRY(const StudyView ended, engine->study(study->row.id));
  if (options.json) KRIGE_CHECK(print_json(*engine, ended));
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
  const Result<StudyView> study = run(options, *spec, interrupt.token());
  if (!study) return report(study.error(), options.store.empty() ? options.file : options.store);
  if (!is_final(study->row.state)) {
    note(options.store.empty()
             ? "interrupted; without --store the study is gone"
             : fmt::format("interrupted; the same command goes on with the study in {}", options.store));
    return 130;
  }
  if (!options.json) print_summary(*study);
  return study->row.state == tuner::StudyState::failed ? 1 : 0;
}

}  // namespace krige::cli
