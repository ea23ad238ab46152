#include <memory>

#include "cli/flags.h"
#include "cli/remote.h"

namespace krige::cli {
namespace {

using Options = std::shared_ptr<RemoteOptions>;
using Run = int (*)(const RemoteOptions& options);

CLI::App* add(CLI::App& group, const char* name, const char* help, const Options& options, int& code, Run run) {
  CLI::App* command = group.add_subcommand(name, help);
  command
      ->add_option("--server", options->service.server,
                   "The service (default: $KRIGE_SERVER, else http://127.0.0.1:8080)")
      ->type_name("ADDRESS");
  command
      ->add_option("--data-dir", options->service.data_dir,
                   "As of krige serve: where the token of a service of this machine is, when $KRIGE_TOKEN has none")
      ->type_name("DIR");
  command
      ->add_option(
          "--store", options->service.store,
          "Instead of a service: the file of krige sweep --store, or the data directory of a service that does "
          "not run")
      ->type_name("PATH")
      ->excludes("--server");
  command->callback([options, &code, run] { code = run(*options); });
  return command;
}

CLI::App* add_json(CLI::App* command, const Options& options) {
  command->add_flag("--json", options->json, "Print JSON");
  return command;
}

constexpr const char* kStudyHelp = "Its id, the beginning of it, or its name";

void add_study(CLI::App* command, const Options& options) {
  command
      ->add_option_function<std::string>(
          "STUDY", [options](const std::string& study) { options->studies = {study}; }, kStudyHelp)
      ->required();
}

void add_studies(CLI::App* command, const Options& options) {
  command->add_option("STUDY", options->studies, kStudyHelp)->required();
}

void add_name(CLI::App* command, const Options& options) {
  command->add_option("--name", options->name, "Another name for the new study")->type_name("NAME");
}

void add_filters(CLI::App* command, const Options& options) {
  command->add_option("--state", options->states, "Only those in this state, as COMPLETED or RUNNING; may be repeated")
      ->type_name("STATE");
  command->add_option("--limit", options->limit, "At most so many")->check(CLI::Range(1, 1'000'000'000));
}

void add_changes(CLI::App& study, const Options& options, int& code) {
  struct Verb {
    const char* name;
    const char* help;
    Run run;
  };
  for (const Verb& verb : {Verb{"pause", "Begin no further trials", study_pause},
                           Verb{"resume", "Go on with paused studies", study_resume},
                           Verb{"stop", "End studies; running trials are asked to stop", study_stop}})
    add_studies(add_json(add(study, verb.name, verb.help, options, code, verb.run), options), options);
  CLI::App* remove = add(study, "delete", "Delete studies with all of their trials", options, code, study_delete);
  add_studies(remove, options);
  remove->add_flag("--yes", options->yes, "Do not ask");
}

void add_copies(CLI::App& study, const Options& options, int& code) {
  CLI::App* clone =
      add_json(add(study, "clone", "Start a new study of the same study file", options, code, study_clone), options);
  add_study(clone, options);
  add_name(clone, options);
  clone->add_option("--seed", options->seed, "Another seed");
  clone->add_option("--max-trials", options->max_trials, "Another budget")->check(CLI::Range(1, 1'000'000'000));
  clone->add_flag("--warm-start", options->warm_start, "It learns from the trials of the old one");
  CLI::App* written = add(study, "export", "Write a study with its trials as JSON, CSV, HTML or for Optuna", options,
                          code, study_export);
  add_study(written, options);
  CLI::Option* csv = written->add_flag("--csv", options->csv, "A line a trial instead of JSON");
  CLI::Option* html =
      written->add_flag("--html", options->html, "A page of charts that needs no server and no network")->excludes(csv);
  written
      ->add_option("--optuna", options->optuna,
                   "Add it to this SQLite file of Optuna's, which is made where there is none")
      ->type_name("FILE")
      ->excludes(csv)
      ->excludes(html);
  add_name(written, options);
  written->add_option("--output", options->output, "Write there instead of standard output")->type_name("FILE");
  CLI::App* read =
      add_json(add(study, "import",
                   "Make a study, paused, of what export or krige sweep --json wrote, or of a SQLite file of Optuna's",
                   options, code, study_import),
               options);
  read->add_option("FILE", options->file)->required();
  read->add_option("--from", options->optuna, "Which study of Optuna's file, where it has several")->type_name("NAME");
  add_name(read, options);
}

void add_study_commands(CLI::App& app, int& code) {
  CLI::App* study = app.add_subcommand("study", "Look at the studies of a service or a store, and change them");
  study->require_subcommand(1);
  const auto options = std::make_shared<RemoteOptions>();
  add_filters(add_json(add(*study, "list", "List studies, newest first", options, code, study_list), options), options);
  add_study(add_json(add(*study, "show", "Show a study", options, code, study_show), options), options);
  CLI::App* create =
      add_json(add(*study, "create", "Start a study; prints its id", options, code, study_create), options);
  create->add_option("FILE", options->file, "Study file, YAML or JSON")->required();
  add_name(create, options);
  CLI::App* watch = add_json(
      add(*study, "watch", "Print trials as they end, until the study does", options, code, study_watch), options);
  add_study(watch, options);
  add_changes(*study, options, code);
  add_copies(*study, options, code);
}

void add_trial_commands(CLI::App& app, int& code) {
  CLI::App* trial = app.add_subcommand("trial", "Look at the trials of a study, and change them");
  trial->require_subcommand(1);
  const auto options = std::make_shared<RemoteOptions>();
  CLI::App* list = add_json(add(*trial, "list", "List trials", options, code, trial_list), options);
  add_study(list, options);
  add_filters(list, options);
  const auto add_trial = [&](CLI::App* command) {
    add_study(command, options);
    command->add_option("TRIAL", options->trial, "Its number")->required()->check(CLI::Range(1, 1'000'000'000));
  };
  add_trial(add_json(add(*trial, "show", "Show a trial, its attempts and what it reported", options, code, trial_show),
                     options));
  add_trial(add_json(add(*trial, "retry", "Run the point of a trial that has ended again", options, code, trial_retry),
                     options));
  add_trial(add_json(add(*trial, "stop", "End a trial, which keeps what it has reached", options, code, trial_stop),
                     options));
  CLI::App* logs =
      add(*trial, "logs", "Print what an attempt that ran beside the service wrote", options, code, trial_logs);
  add_trial(logs);
  logs->add_option("--attempt", options->attempt, "Which one (default: the last)")->check(CLI::Range(1, 1'000'000));
  logs->add_flag("--follow", options->follow, "Go on until the trial ends");
}

}  // namespace

void add_remote_commands(CLI::App& app, int& code) {
  add_study_commands(app, code);
  add_trial_commands(app, code);
}

}  // namespace krige::cli
