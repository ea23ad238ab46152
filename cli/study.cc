#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/remote.h"
#include "cli/report_page.h"
#include "cli/terminal.h"
#include "cli/trial_text.h"
#include "tuner/spec/study_spec.h"
#include "tuner/storage/optuna_file.h"

namespace krige::cli {
namespace {

std::string text(const OrderedJson& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : "";
}

// 2026-01-31T12:00:00.000Z as 2026-01-31 12:00:00.
std::string short_time(const std::string& rfc3339) {
  std::string time = rfc3339.substr(0, 19);
  if (time.size() > 10) time[10] = ' ';
  return time;
}

std::string short_best(const OrderedJson& study) {
  const auto best = study.find("best");
  return best == study.end() || !best->is_object() ? "-" : short_value((*best).at("value"));
}

// 12 COMPLETED, 2 RUNNING
std::string describe_counts(const OrderedJson& counts) {
  std::vector<std::string> parts;
  for (const auto& [state, count] : counts.items()) parts.push_back(fmt::format("{} {}", count.dump(), state));
  return parts.empty() ? "none" : fmt::format("{}", fmt::join(parts, ", "));
}

std::int64_t all_of(const OrderedJson& counts) {
  std::int64_t sum = 0;
  for (const auto& [state, count] : counts.items()) sum += count.get<std::int64_t>();
  return sum;
}

std::string title(const OrderedJson& study) {
  const std::string name = text(study, "name");
  return name.empty() ? text(study, "id") : fmt::format("{} ({})", name, text(study, "id"));
}

std::string state_with_reason(const OrderedJson& study) {
  const std::string reason = text(study, "state_reason");
  return text(study, "state") + (reason.empty() ? "" : " (" + reason + ")");
}

bool has_ended(const OrderedJson& study) {
  const std::string state = text(study, "state");
  return state == "COMPLETED" || state == "STOPPED" || state == "FAILED";
}

// minimize loss; maximize accuracy, minimize latency
std::string describe_goals(const OrderedJson& spec) {
  std::vector<std::string> goals;
  const auto objectives = spec.find("objectives");
  for (const OrderedJson& one : objectives != spec.end() ? *objectives : OrderedJson::array({spec.at("metric")}))
    goals.push_back(text(one, "goal") + " " + text(one, "name"));
  return fmt::format("{}", fmt::join(goals, ", "));
}

void print_study(const OrderedJson& study) {
  const OrderedJson& spec = study.at("spec");
  std::vector<std::vector<std::string>> rows{{"id", text(study, "id")},
                                             {"name", text(study, "name")},
                                             {"state", state_with_reason(study)},
                                             {"wanted", describe_goals(spec) + " by " + text(spec, "method")},
                                             {"trials", describe_counts(study.at("trial_counts"))},
                                             {"created", short_time(text(study, "created_at"))}};
  if (const auto optimal = study.find("optimal"); optimal != study.end())
    rows.push_back({"optimal", fmt::format("trials {}", optimal->dump())});
  if (study.at("best").is_object()) {
    rows.push_back({"best", fmt::format("{} by trial {}", short_value(study.at("best").at("value")),
                                        study.at("best").at("trial").dump())});
    rows.push_back({"", describe_params(study.at("best").at("params"))});
  }
  print_line(text_table(rows));
}

using Command = Result<int> (*)(Service& service, const RemoteOptions& options);

int run(const RemoteOptions& options, Command command) {
  Result<Service> service = Service::open(options.service);
  if (!service) return report(service.error());
  try {
    const Result<int> code = command(*service, options);
    return code ? *code : report(code.error(), options.file);
  } catch (const nlohmann::json::exception& error) {
    return report(not_understood(error.what()));
  }
}

// Where --store names none yet.
int run_making_store(RemoteOptions options, Command command) {
  options.service.may_make_store = true;
  return run(options, command);
}

Result<int> list(Service& service, const RemoteOptions& options) {
  KRIGE_TRY(std::vector<OrderedJson> studies, service.list("/studies", "studies"));
  if (!options.states.empty())
    std::erase_if(studies, [&](const OrderedJson& study) {
      return std::ranges::find(options.states, text(study, "state")) == options.states.end();
    });
  if (options.limit > 0 && studies.size() > static_cast<std::size_t>(options.limit))
    studies.resize(static_cast<std::size_t>(options.limit));
  if (options.json) {
    print_line(dump({{"studies", studies}}));
    return 0;
  }
  std::vector<std::vector<std::string>> rows{{"ID", "STATE", "TRIALS", "BEST", "CREATED", "NAME"}};
  for (const OrderedJson& study : studies)
    rows.push_back({text(study, "id"), text(study, "state"), std::to_string(all_of(study.at("trial_counts"))),
                    short_best(study), short_time(text(study, "created_at")), text(study, "name")});
  print_line(text_table(rows));
  return 0;
}

int show_or_dump(const OrderedJson& study, bool json) {
  if (json)
    print_line(dump(study));
  else
    print_study(study);
  return 0;
}

Result<int> show(Service& service, const RemoteOptions& options) {
  KRIGE_TRY(const OrderedJson study, find_study(service, options.studies.front()));
  return show_or_dump(study, options.json);
}

// What was made: its id alone on standard output, for scripts.
int tell_created(const OrderedJson& study, bool json) {
  if (json) {
    print_line(dump(study));
    return 0;
  }
  print_line(text(study, "id"));
  if (const auto notes = study.find("notes"); notes != study.end() && notes->is_array())
    for (const OrderedJson& remark : *notes) note("note: " + short_value(remark));
  return 0;
}

Result<int> create(Service& service, const RemoteOptions& options) {
  KRIGE_TRY(const tuner::StudySpec spec, tuner::load_study(options.file));
  for (const std::string& remark : spec.notes) note("note: " + remark);
  OrderedJson json = to_json(spec);
  if (!options.name.empty()) json["name"] = options.name;
  KRIGE_TRY(const OrderedJson study, service.post("/studies", json));
  return tell_created(study, options.json);
}

// Follows the events until the study has ended or the stream does.
Status follow(Service& service, const OrderedJson& study, bool json) {
  return service.events(text(study, "id"), study.at("seq").get<std::uint64_t>(),
                        [&](const std::string& type, const OrderedJson& event) {
                          if (type == "reset") return false;
                          if (json) print_line(dump(event));
                          if (type == "STUDY_STATE_CHANGED") return !has_ended(event);
                          if (json || type != "TRIAL_STATE_CHANGED") return true;
                          const OrderedJson& trial = event.at("trial");
                          if (trial.at("ended_at").is_string()) print_line(describe_trial(trial));
                          return true;
                        });
}

Result<int> watch(Service& service, const RemoteOptions& options) {
  if (!options.service.store.empty())
    return fail(ErrorCode::invalid_argument,
                "nothing runs in a store by itself: krige sweep --store goes on with a study", "--store");
  KRIGE_TRY(OrderedJson study, find_study(service, options.studies.front()));
  const std::string path = study_path(study);
  while (!has_ended(study)) {
    KRIGE_CHECK(follow(service, study, options.json));
    KRIGE_TRY(study, service.get(path));
  }
  if (!options.json) print_study(study);
  return text(study, "state") == "FAILED" ? 1 : 0;
}

Result<int> change(Service& service, const RemoteOptions& options, const char* verb) {
  for (const std::string& wanted : options.studies) {
    KRIGE_TRY(const OrderedJson study, find_study(service, wanted));
    KRIGE_TRY(const OrderedJson changed,
              service.post(fmt::format("{}:{}", study_path(study), verb), OrderedJson::object()));
    print_line(options.json ? dump(changed) : fmt::format("{}  {}", state_with_reason(changed), title(changed)));
  }
  return 0;
}

Result<bool> agreed(const RemoteOptions& options, const OrderedJson& study) {
  if (options.yes) return true;
  if (::isatty(STDIN_FILENO) != 1)
    return fail(ErrorCode::invalid_argument, "is needed where nobody can be asked", "--yes");
  fmt::print(stderr, "Delete {} and its {} trials? [y/N] ", title(study), all_of(study.at("trial_counts")));
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "y" || answer == "Y" || answer == "yes";
}

Result<int> remove(Service& service, const RemoteOptions& options) {
  for (const std::string& wanted : options.studies) {
    KRIGE_TRY(const OrderedJson study, find_study(service, wanted));
    KRIGE_TRY(const bool yes, agreed(options, study));
    if (!yes) return 1;
    KRIGE_CHECK(service.remove(study_path(study)));
    note("deleted " + title(study));
  }
  return 0;
}

Result<int> clone(Service& service, const RemoteOptions& options) {
  KRIGE_TRY(const OrderedJson study, find_study(service, options.studies.front()));
  OrderedJson body = OrderedJson::object();
  if (!options.name.empty()) body["name"] = options.name;
  if (options.seed) body["seed"] = *options.seed;
  if (options.max_trials) body["budget"] = {{"max_trials", *options.max_trials}};
  if (options.warm_start) body["warm_start"] = true;
  KRIGE_TRY(const OrderedJson copy, service.post(study_path(study) + ":clone", body));
  return tell_created(copy, options.json);
}

Result<std::string> exported(Service& service, const OrderedJson& study, const RemoteOptions& options) {
  if (options.html) return report_page(service, study);
  KRIGE_TRY(const std::vector<OrderedJson> trials, service.list(study_path(study) + "/trials", "trials"));
  return options.csv ? trials_csv(study.at("spec"), trials) : dump({{"study", study}, {"trials", trials}}) + "\n";
}

Result<int> export_to_optuna(Service& service, const OrderedJson& study, const RemoteOptions& options) {
  KRIGE_TRY(const std::vector<OrderedJson> trials, service.list(study_path(study) + "/trials", "trials"));
  std::string name = options.name.empty() ? text(study, "name") : options.name;
  if (name.empty()) name = text(study, "id");
  KRIGE_CHECK(tuner::write_optuna_study(options.optuna, name, {{"study", study}, {"trials", trials}}));
  print_line(fmt::format("{} is in {}", name, options.optuna));
  return 0;
}

Result<int> export_study(Service& service, const RemoteOptions& options) {
  KRIGE_TRY(const OrderedJson study, find_study(service, options.studies.front()));
  if (!options.optuna.empty()) return export_to_optuna(service, study, options);
  KRIGE_TRY(const std::string content, exported(service, study, options));
  if (options.output.empty()) {
    fmt::print("{}", content);
    return 0;
  }
  KRIGE_CHECK(write_output(options.output, content, "--output"));
  return 0;
}

Result<OrderedJson> read_export(const RemoteOptions& options) {
  const std::string& path = options.file;
  if (tuner::is_sqlite_file(path)) {
    std::vector<std::string> notes;
    KRIGE_TRY(OrderedJson json, tuner::read_optuna_study(path, options.optuna, notes));
    for (const std::string& remark : notes) note("note: " + remark);
    return json;
  }
  if (!options.optuna.empty()) return fail(ErrorCode::invalid_argument, "is for a SQLite file of Optuna's", "--from");
  std::ifstream file(path);
  if (!file) return fail(ErrorCode::not_found, "cannot be read");
  std::ostringstream content;
  content << file.rdbuf();
  KRIGE_TRY(OrderedJson json, parse_json(content.str()));
  const auto study = json.is_object() ? json.find("study") : json.end();
  if (study == json.end() || !study->is_object() || !study->contains("spec") ||
      !json.value("trials", OrderedJson()).is_array())
    return fail(ErrorCode::invalid_argument, "is not what krige study export or krige sweep --json writes");
  return json;
}

// What it measured, by name where constraints or several objectives say so.
OrderedJson as_completed(const OrderedJson& trial) {
  OrderedJson metrics = trial.value("values", OrderedJson::object());
  if (trial.contains("constraints"))
    for (const auto& [name, held] : trial.at("constraints").items()) metrics[name] = held.at("value");
  OrderedJson body{{"params", trial.at("params")}};
  if (trial.value("value", OrderedJson()).is_number()) body["value"] = trial.at("value");
  if (!metrics.empty()) body["metrics"] = std::move(metrics);
  return body;
}

// The body that adds a trial that has ended, or null for one that cannot be taken over.
OrderedJson as_ended(const OrderedJson& trial) {
  const std::string state = trial.is_object() ? text(trial, "state") : "";
  if (state == "COMPLETED") return as_completed(trial);
  if (state != "FAILED" && state != "INFEASIBLE") return {};
  return {{"params", trial.at("params")}, {"state", state}, {"reason", text(trial, "reason")}};
}

Result<int> import_study(Service& service, const RemoteOptions& options) {
  KRIGE_TRY(const OrderedJson document, read_export(options));
  OrderedJson spec = document.at("study").at("spec");
  if (!options.name.empty()) spec["name"] = options.name;
  KRIGE_TRY(OrderedJson study, service.post("/studies", spec));
  const std::string path = study_path(study);
  KRIGE_CHECK(service.post(path + ":pause", OrderedJson::object()));
  std::size_t left_out = 0;
  for (const OrderedJson& trial : document.at("trials")) {
    const OrderedJson body = as_ended(trial);
    if (body.is_null())
      ++left_out;
    else
      KRIGE_CHECK(service.post(path + "/trials", body));
  }
  KRIGE_TRY(study, service.get(path));
  if (left_out > 0) note(fmt::format("{} trials that had no end of their own were left out", left_out));
  if (!has_ended(study)) note(fmt::format("the study is paused: krige study resume {}", text(study, "id")));
  return tell_created(study, options.json);
}

}  // namespace

Result<OrderedJson> find_study(Service& service, const std::string& wanted) {
  const bool could_be_id =
      !wanted.empty() && std::ranges::all_of(wanted, [](unsigned char c) { return std::isalnum(c) != 0; });
  if (could_be_id) {
    Result<OrderedJson> study = service.get("/studies/" + wanted);
    if (study || study.error().code != ErrorCode::not_found) return study;
  }
  KRIGE_TRY(std::vector<OrderedJson> studies, service.list("/studies", "studies"));
  std::erase_if(studies, [&](const OrderedJson& study) {
    return text(study, "name") != wanted && !(could_be_id && text(study, "id").starts_with(wanted));
  });
  if (studies.empty()) return fail(ErrorCode::not_found, fmt::format("there is no study {}", wanted));
  if (studies.size() == 1) return std::move(studies.front());
  std::vector<std::string> ids;
  for (const OrderedJson& study : studies) ids.push_back(text(study, "id"));
  return fail(ErrorCode::conflict, fmt::format("{} studies are called {}: name one by its id, {}", ids.size(), wanted,
                                               fmt::join(ids, ", ")));
}

std::string study_path(const OrderedJson& study) { return "/studies/" + text(study, "id"); }

int study_list(const RemoteOptions& options) { return run(options, list); }
int study_show(const RemoteOptions& options) { return run(options, show); }
int study_create(const RemoteOptions& options) { return run_making_store(options, create); }
int study_watch(const RemoteOptions& options) { return run(options, watch); }
int study_pause(const RemoteOptions& options) {
  return run(options, [](Service& service, const RemoteOptions& given) { return change(service, given, "pause"); });
}
int study_resume(const RemoteOptions& options) {
  return run(options, [](Service& service, const RemoteOptions& given) { return change(service, given, "resume"); });
}
int study_stop(const RemoteOptions& options) {
  return run(options, [](Service& service, const RemoteOptions& given) { return change(service, given, "stop"); });
}
int study_delete(const RemoteOptions& options) { return run(options, remove); }
int study_clone(const RemoteOptions& options) { return run(options, clone); }
int study_export(const RemoteOptions& options) { return run(options, export_study); }
int study_import(const RemoteOptions& options) { return run_making_store(options, import_study); }

}  // namespace krige::cli
