// A whole study without a server: the same engine and store, followed until it ends.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/first_points.h"
#include "cli/interrupt.h"
#include "cli/report_page.h"
#include "cli/store_server.h"
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

// A study file but for its budget, which may have been changed since the study began.
std::string identity(OrderedJson spec) {
  spec.erase("budget");
  return dump(spec);
}

// The study of this very file, if the store has it; else one that has not ended and differs in its budget only.
std::optional<StudyView> find_study(const Engine& engine, const tuner::StudySpec& spec) {
  const OrderedJson wanted = to_json(spec);
  std::optional<StudyView> other;
  for (const StudyView& study : engine.studies()) {
    if (study.row.spec == dump(wanted)) return study;
    const Result<OrderedJson> held = parse_json(study.row.spec);
    if (!other && !is_final(study.row.state) && held && identity(*held) == identity(wanted)) other = study;
  }
  return other;
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

bool has_running(const StudyView& study) {
  const auto running = [&](tuner::TrialState state) {
    const auto found = study.trial_counts.find(state);
    return found != study.trial_counts.end() && found->second > 0;
  };
  return running(tuner::TrialState::running) || running(tuner::TrialState::stopping);
}

// Shows every trial as it ends.
class Follower {
 public:
  Follower(Engine& engine, StudyView study, std::int64_t max_trials)
      : engine_(engine), study_(std::move(study)), progress_(max_trials), seen_(study_.row.seq) {}

  // Until the study has ended; interrupted, until the trials that run have.
  Status follow(const InterruptWatch& interrupt) {
    KRIGE_CHECK(follow_while([&] { return true; }, interrupt.token()));
    if (is_final(study_.row.state) || interrupt.at_once().stop_requested()) return {};
    KRIGE_TRY(study_, engine_.pause(study_.row.id));
    if (has_running(study_)) progress_.line("finishing the trials that run; Ctrl-C once more stops them");
    return follow_while([&] { return has_running(study_); }, interrupt.at_once());
  }

 private:
  template <typename Wanted>
  Status follow_while(Wanted wanted, const std::stop_token& stop) {
    // The last events may come after the state that they lead to was seen.
    while (!(is_final(study_.row.state) && seen_ >= study_.row.seq) && wanted() && !stop.stop_requested()) {
      KRIGE_TRY(const std::vector<tuner::Event> events,
                engine_.wait_events(study_.row.id, seen_, 100, system_clock().now() + std::chrono::seconds(1), stop));
      for (const tuner::Event& event : events) show(event);
      KRIGE_TRY(study_, engine_.study(study_.row.id));
      progress_.show(study_, std::chrono::floor<Millis>(system_clock().now() - start_));
    }
    return {};
  }

  void show(const tuner::Event& event) {
    seen_ = event.seq;
    if (event.type != "TRIAL_STATE_CHANGED") return;
    const OrderedJson trial = to_json(event)["trial"];
    const auto state = tuner::trial_state(trial["state"].get<std::string>());
    if (state && is_final(*state)) progress_.line(describe_trial(trial));
  }

  Engine& engine_;
  StudyView study_;
  Progress progress_;
  const MonotonicTime start_ = system_clock().now();
  std::uint64_t seen_;
};

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

Status write_csv(const Engine& engine, const StudyView& study, const std::string& path) {
  KRIGE_TRY(const std::vector<Trial> trials, all_trials(engine, study.row.id));
  std::vector<OrderedJson> list;
  for (const Trial& trial : trials) list.push_back(to_json(trial));
  KRIGE_TRY(const OrderedJson spec, parse_json(study.row.spec));
  return write_output(path, trials_csv(spec, list), "--csv");
}

Status write_html(Engine& engine, const StudyView& study, const std::string& path) {
  KRIGE_TRY(const std::unique_ptr<StoreServer> server, StoreServer::over(engine));
  KRIGE_TRY(Service service, Service::open({.server = server->url(), .token = server->token()}));
  KRIGE_TRY(const std::string page, report_page(service, to_json(study)));
  return write_output(path, page, "--html");
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

Result<Ended> run(const SweepOptions& options, const tuner::StudySpec& spec, const InterruptWatch& interrupt) {
  KRIGE_TRY(const std::unique_ptr<Engine> engine, open_engine({.store = options.store}));
  std::optional<StudyView> study = find_study(*engine, spec);
  if (study) {
    note(is_final(study->row.state) ? "the store has this study, and it has ended"
                                    : "the store has this study: going on with it");
    // An earlier sweep that was told to pause leaves it so; running it again says that it should run.
    if (!is_final(study->row.state) && study->row.spec != dump(to_json(spec)))
      KRIGE_CHECK(engine->update(study->row.id, spec, study->row.spec));
    if (study->row.state == tuner::StudyState::paused) KRIGE_CHECK(engine->resume(study->row.id));
  } else {
    KRIGE_TRY(study, engine->create_study(spec));
  }
  KRIGE_CHECK(Follower(*engine, *study, spec.budget.max_trials.value_or(0)).follow(interrupt));
  if (interrupt.interrupted()) engine->shut_down();
  Ended ended;
  KRIGE_TRY(ended.study, engine->study(study->row.id));
  if (spec.has_several_objectives()) {
    KRIGE_TRY(tuner::TrialPage page, engine->optimal(study->row.id));
    ended.optimal = std::move(page.trials);
  }
  if (!options.csv.empty()) KRIGE_CHECK(write_csv(*engine, ended.study, options.csv));
  if (!options.html.empty()) KRIGE_CHECK(write_html(*engine, ended.study, options.html));
  if (options.json) KRIGE_CHECK(print_json(*engine, ended.study, ended.optimal));
  return ended;
}

// The file with what the command line says instead.
Result<tuner::StudySpec> read_study(const SweepOptions& options) {
  KRIGE_TRY(tuner::StudySpec spec, tuner::load_study(options.file));
  if (options.parallel) spec.budget.parallel = *options.parallel;
  if (options.max_trials) spec.budget.max_trials = options.max_trials;
  if (options.until && spec.has_several_objectives())
    return fail(ErrorCode::invalid_argument, "is for studies of one objective", "--until");
  if (options.until) spec.metric.target = options.until;
  return spec;
}

bool reached(const StudyView& study, const tuner::Metric& metric, double target) {
  if (!study.best) return false;
  return metric.goal == tuner::Goal::minimize ? study.best->value <= target : study.best->value >= target;
}

}  // namespace

int sweep(const SweepOptions& options) {
  const Result<tuner::StudySpec> spec = read_study(options);
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
  if (options.dry_run) return show_first_points(*spec, options.json);
  const InterruptWatch interrupt;
  const Result<Ended> ended = run(options, *spec, interrupt);
  if (!ended) return report(ended.error(), options.store.empty() ? options.file : options.store);
  const StudyView& study = ended->study;
  if (!is_final(study.row.state)) {
    note(options.store.empty()
             ? "interrupted; without --store the study is gone"
             : fmt::format("interrupted; the same command goes on with the study in {}", options.store));
    return 130;
  }
  if (!options.json) print_summary(study, ended->optimal, spec->has_several_objectives());
  if (options.until && !reached(study, spec->metric, *options.until)) {
    note(fmt::format("no trial reached {}", *options.until));
    return 1;
  }
  const bool found = study.best || !ended->optimal.empty();
  return study.row.state == tuner::StudyState::failed || !found ? 1 : 0;
}

}  // namespace krige::cli
