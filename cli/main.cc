// Flags are parsed here and in the files of flags.h, nowhere else.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <memory>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/manual.h"
#include "tuner/spec/duration.h"

namespace {

using namespace krige::cli;

std::vector<std::string> command_names(const CLI::App& app) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    names.push_back(command->get_name());
  return names;
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  return names;
}

std::string guess(const std::string& word, const std::vector<std::string>& names) {
  const std::optional<std::string> near = krige::nearest_name(word, names);
  return near ? fmt::format("; did you mean {}?", *near) : "";
}

// What the library says of a wrong command line, in our words where ours help more.
int explain_usage(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App* command = &app;
  std::string name = "krige";
  while (!command->get_subcommands().empty()) {
    command = command->get_subcommands().front();
    name += " " + command->get_name();
  }
  const std::vector<std::string> names = command_names(*command), words = command->remaining();
  std::string text = error.what();
  if (!names.empty() && !words.empty() && !words.front().starts_with('-'))
    text = fmt::format("there is no command {}{}\nThe commands are {}", words.front(), guess(words.front(), names),
                       fmt::join(names, ", "));
  else if (!names.empty())
    text = fmt::format("which command? {}", fmt::join(names, ", "));
  else if (!words.empty() && words.front().starts_with("--"))
    text = fmt::format("there is no option {}{}", words.front(), guess(words.front(), option_names(*command)));
  else if (!words.empty())
    text = fmt::format("does not take {}", fmt::join(words, " "));
  fmt::print(stderr, "{}: {}\n{} --help says more.\n", name, text, name);
  return 2;
}

// Types in a word, without the ranges that the library would add.
class HelpFormat : public CLI::Formatter {
 public:
  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text = option->get_positional() ? "" : type_word(*option);
    if (!option->get_default_str().empty()) text += " (default: " + option->get_default_str() + ")";
    return text.empty() ? "" : " " + text;
  }
};

// Each adds a command, whose options live as long as the command does.
CLI::Option* add_duration(CLI::App& command, const std::string& name, std::optional<krige::Millis>& into,
                          const std::string& about) {
  const auto read = [name, &into](const std::string& text) {
    into = krige::tuner::parse_duration(text);
    if (!into) throw CLI::ValidationError(name, fmt::format("must be a duration as 30d or 12h, is {}", text));
  };
  return command.add_option_function<std::string>(name, read, about)->type_name("TIME");
}

void add_retention(CLI::App& command, ServeOptions& options) {
  add_duration(command, "--keep-files", options.keep_files,
               "How long logs and models of a trial stay behind its end: 30d, 12h (default: for ever)");
  add_duration(command, "--keep-records", options.keep_records,
               "How long the records of a trial stay behind its end (default: for ever)");
  command
      .add_option("--keep-bytes", options.keep_bytes,
                  "What the files of all trials may take, as 10G; beyond, those of trials that ended first go")
      ->transform(CLI::AsSizeValue(false))
      ->type_name("SIZE");
  command.add_option("--keep-best", options.keep_best, "The best trials of each study keep all; so do those not ended")
      ->check(CLI::Range(0, 1'000'000))
      ->capture_default_str();
}

void add_serve(CLI::App& app, int& code) {
  const auto kept = std::make_shared<ServeOptions>();
  ServeOptions& serve_options = *kept;
  CLI::App* serve_command = app.add_subcommand("serve", "Run the service: REST, events and the dashboard");
  serve_command->add_option("--listen", serve_options.listen, "Address and port; port 0 takes any free one")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  serve_command
      ->add_option("--data-dir", serve_options.data_dir, "Where studies are kept (default: ~/.local/share/krige)")
      ->type_name("DIR");
  serve_command
      ->add_option("--data-root", serve_options.data_root,
                   "Studies may read data below this folder only (default: the working directory)")
      ->type_name("DIR");
  serve_command
      ->add_option("--allow-host", serve_options.allowed_hosts, "A further name by which clients may call the service")
      ->type_name("NAME[:PORT]")
      ->check([](const std::string& name) {
        return name.empty() || name.find_first_of("/ @") != std::string::npos
                   ? "must be a name as example.org, is " + name
                   : std::string();
      });
  serve_command
      ->add_option("--allow-program", serve_options.allowed_programs,
                   "A program that the command of a study may start: its first word, by its whole path")
      ->type_name("PATH")
      ->check([](const std::string& path) {
        return path.starts_with('/') ? std::string() : "must be an absolute path, is " + path;
      });
  add_duration(*serve_command, "--lease", serve_options.lease,
               "How long a worker outside keeps a trial without a report or heartbeat: 5m, 2h (default: 1m)");
  serve_command
      ->add_option("--webhook", serve_options.webhooks,
                   "Tell this address when a trial or study has ended, signed by the key in the file webhook-secret")
      ->type_name("URL");
  serve_command
      ->add_option("--webhook-ca", serve_options.webhook_authorities,
                   "Who may certify the https addresses of webhooks, PEM, instead of those that the system trusts")
      ->check(CLI::ExistingFile)
      ->type_name("FILE");
  add_retention(*serve_command, serve_options);
  serve_command->add_flag("!--no-auth", serve_options.auth,
                          "Ask nobody for a token; possible only on addresses of this machine");
  CLI::Option* certificate =
      serve_command->add_option("--tls-cert", serve_options.tls_certificate, "Serve by TLS: certificate chain, PEM")
          ->type_name("FILE");
  CLI::Option* key = serve_command->add_option("--tls-key", serve_options.tls_key, "Its key, PEM")->type_name("FILE");
  certificate->needs(key);
  key->needs(certificate);
  serve_command->add_flag("--insecure-http", serve_options.insecure_http,
                          "Let other machines in without TLS, as behind a proxy that has it");
  serve_command
      ->add_option("--rate-limit", serve_options.rate_limit,
                   "Requests a second that each token may send; 0: any number, also of who shows none")
      ->check(CLI::Range(1.0, 1e9) | CLI::Range(0.0, 0.0))
      ->capture_default_str();
  serve_command
      ->add_option("--log", serve_options.log, "text, or json: a JSON line for every message and every request")
      ->check(CLI::IsMember({"text", "json"}))
      ->capture_default_str();
  serve_command->callback([kept, &code] { code = serve(*kept); });
}

void add_token(CLI::App& app, int& code) {
  const auto kept = std::make_shared<TokenOptions>();
  TokenOptions& token_options = *kept;
  CLI::App* token_command = app.add_subcommand("token", "Make, list and revoke tokens of the service");
  token_command->require_subcommand(1);
  token_command->add_option("--data-dir", token_options.data_dir, "As of krige serve")->type_name("DIR");
  CLI::App* token_create_command = token_command->add_subcommand("create", "Print a new token");
  token_create_command->add_option("NAME", token_options.name, "Who uses it, for the audit log")->required();
  token_create_command->add_option("--role", token_options.role, "viewer, operator or admin")->capture_default_str();
  token_create_command->callback([kept, &code] { code = token_create(*kept); });
  CLI::App* token_list_command = token_command->add_subcommand("list", "Print names and roles");
  token_list_command->callback([kept, &code] { code = token_list(*kept); });
  CLI::App* token_revoke_command = token_command->add_subcommand("revoke", "Let nobody in with it any more");
  token_revoke_command->add_option("NAME", token_options.name)->required();
  token_revoke_command->callback([kept, &code] { code = token_revoke(*kept); });
  for (CLI::App* command : {token_create_command, token_list_command})
    command->add_flag("--json", token_options.json, "Print one JSON document");
  // --data-dir may stand behind the last word too.
  for (CLI::App* command : {token_create_command, token_list_command, token_revoke_command}) command->fallthrough();
}

void add_sweep(CLI::App& app, int& code) {
  const auto kept = std::make_shared<SweepOptions>();
  SweepOptions& sweep_options = *kept;
  CLI::App* sweep_command = app.add_subcommand("sweep", "Run a whole study here, without a server");
  sweep_command->add_option("FILE", sweep_options.file, "Study file, YAML or JSON")->required();
  sweep_command
      ->add_option("--store", sweep_options.store, "Keep the study in this SQLite file; the same again goes on with it")
      ->type_name("FILE");
  sweep_command->add_flag("--json", sweep_options.json, "Print the study and its trials as one JSON document");
  sweep_command->add_option("--parallel", sweep_options.parallel, "Trials at once, instead of budget.parallel")
      ->check(CLI::Range(1, 1000));
  sweep_command->add_option("--max-trials", sweep_options.max_trials, "Instead of budget.max_trials")
      ->check(CLI::Range(1, 1'000'000'000));
  sweep_command
      ->add_option("--until", sweep_options.until,
                   "End when a trial is as good, instead of metric.target; exit code 1 when none is")
      ->type_name("VALUE");
  sweep_command->add_option("--csv", sweep_options.csv, "Write the trials there at the end, a line each")
      ->type_name("FILE");
  sweep_command
      ->add_option("--html", sweep_options.html,
                   "Write a page of charts there at the end, which needs no server and no network")
      ->type_name("FILE");
  sweep_command->add_flag("--dry-run", sweep_options.dry_run, "Print the first points and start nothing");
  sweep_command->footer("Ctrl-C lets the trials that run finish, once more stops them.");
  sweep_command->callback([kept, &code] { code = sweep(*kept); });
}

void add_train(CLI::App& app, int& code) {
  const auto kept = std::make_shared<TrainOptions>();
  TrainOptions& train_options = *kept;
  CLI::App* train_command = app.add_subcommand("train", "Run one distributed training and print its records");
  train_command->add_option("FILE", train_options.file, "Training job, YAML or JSON")->required();
  train_command->add_flag("--json", train_options.json, "Print the records as JSON lines");
  CLI::Option* model =
      train_command->add_option("--model", train_options.model, "Write the trained model")->type_name("OUT");
  CLI::Option* checkpoint =
      train_command->add_option("--checkpoint", train_options.checkpoint, "Keep what the training needs to go on")
          ->type_name("FILE");
  train_command->add_option("--checkpoint-every", train_options.checkpoint_every, "Epochs between checkpoints")
      ->check(CLI::Range(1, 1'000'000'000))
      ->needs(checkpoint);
  train_command->add_flag("--resume", train_options.resume, "Go on from the checkpoint, if there is one")
      ->needs(checkpoint);
  CLI::Option* compare =
      train_command
          ->add_flag("--compare-modes", train_options.compare_modes, "Run it in all modes, print loss and time of each")
          ->excludes(checkpoint)
          ->excludes(model);
  train_command
      ->add_option("--straggler", train_options.straggler, "One worker takes so much longer over each minibatch")
      ->type_name("SECONDS")
      ->check(CLI::Range(0.001, 1.0))
      ->needs(compare);
  train_command->callback([kept, &code] { code = train(*kept); });
}

void add_predict(CLI::App& app, int& code) {
  const auto kept = std::make_shared<PredictOptions>();
  PredictOptions& predict_options = *kept;
  CLI::App* predict_command = app.add_subcommand("predict", "Print what a trained model says of the rows of a file");
  predict_command->add_option("MODEL", predict_options.model, "Written by krige train --model")->required();
  predict_command->add_option("FILE", predict_options.file, "Data as the model's training file; needs no label")
      ->required();
  predict_command->add_option("--output", predict_options.output, "Write the lines there")->type_name("FILE");
  predict_command->add_flag("--probabilities", predict_options.probabilities, "With the probability of each class");
  predict_command->add_flag("--json", predict_options.json, "Print JSON lines");
  predict_command->callback([kept, &code] { code = predict(*kept); });
}

void add_evaluate(CLI::App& app, int& code) {
  const auto kept = std::make_shared<EvaluateOptions>();
  EvaluateOptions& evaluate_options = *kept;
  CLI::App* evaluate_command = app.add_subcommand("evaluate", "Print a trained model's loss on the rows of a file");
  evaluate_command->add_option("MODEL", evaluate_options.model, "Written by krige train --model")->required();
  evaluate_command->add_option("FILE", evaluate_options.file, "Data as the model's training file, with labels")
      ->required();
  evaluate_command->add_flag("--json", evaluate_options.json, "Print one JSON document");
  evaluate_command->callback([kept, &code] { code = evaluate(*kept); });
}

void add_validate(CLI::App& app, int& code) {
  const auto kept = std::make_shared<ValidateOptions>();
  ValidateOptions& validate_options = *kept;
  CLI::App* validate_command =
      app.add_subcommand("validate", "Check a study file or a training job and say what it means");
  validate_command->add_option("FILE", validate_options.file, "Study file, YAML or JSON")->required();
  validate_command->add_flag("--json", validate_options.json, "Print the study in its canonical form");
  validate_command->add_flag("--explain", validate_options.explain, "Say what each part of the study means");
  validate_command->callback([kept, &code] { code = validate(*kept); });
}

void add_ask_tell(CLI::App& app, int& code) {
  const auto kept = std::make_shared<AskTellOptions>();
  AskTellOptions& ask_tell_options = *kept;
  CLI::App* ask_tell_command =
      app.add_subcommand("ask-tell", "Propose points and take results as JSON lines on standard input");
  ask_tell_command
      ->add_option("FILE", ask_tell_options.file, "Study file; -: the first line of input is the study as JSON")
      ->required();
  ask_tell_command->footer(
      "{\"ask\":2}                            gives {\"trials\":[{\"id\":1,\"params\":{…}},…]}\n"
      "{\"tell\":[{\"id\":1,\"value\":0.3}]}      or {\"id\":1,\"state\":\"FAILED\"}, gives {\"ok\":true}\n"
      "{\"tell\":[{\"params\":{…},\"value\":1}]} a point that was not asked for (\"state\":\"RUNNING\": one that "
      "others try),\n"
      "                                     gives {\"ok\":true,\"ids\":[2]}\n"
      "{\"best\":true}                        gives {\"best\":{\"trial\":1,\"value\":0.3,\"params\":{…}}}");
  ask_tell_command->callback([kept, &code] { code = ask_tell(*kept); });
}

void add_report(CLI::App& app, int& code) {
  const auto kept = std::make_shared<ReportOptions>();
  ReportOptions& report_options = *kept;
  CLI::App* report_command = app.add_subcommand("report", "Report metrics from inside a trial that krige started");
  report_command->add_option("METRIC", report_options.metrics, "NAME=NUMBER, as accuracy=0.9")->required();
  report_command->add_option("--step", report_options.step, "The step they belong to (default: the next)")
      ->check(CLI::Range(std::int64_t{0}, std::int64_t{1} << 53));
  report_command->callback([kept, &code] { code = report_metrics(*kept); });
}

void add_backup(CLI::App& app, int& code) {
  const auto kept = std::make_shared<BackupOptions>();
  BackupOptions& backup_options = *kept;
  CLI::App* backup_command = app.add_subcommand("backup", "Copy the store of krige serve, also while it runs");
  backup_command->add_option("FILE", backup_options.file, "The copy, which must not exist yet")->required();
  backup_command->add_option("--data-dir", backup_options.data_dir, "As of krige serve")->type_name("DIR");
  backup_command->callback([kept, &code] { code = backup(*kept); });
}

void add_version(CLI::App& app, int& code) {
  const auto kept = std::make_shared<VersionOptions>();
  app.set_version_flag("--version", version_line, "Print the version and how it was built");
  CLI::App* version_command = app.add_subcommand("version", "Print the version and how it was built");
  version_command->add_flag("--verbose", kept->verbose, "With what krige-trainer was built for");
  version_command->callback([kept, &code] { code = version(*kept); });
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app(
      "Krige tunes hyperparameters: a Gaussian process proposes, trials run on a built-in parameter server or as any\n"
      "program, a service keeps and shows everything.",
      "krige");
  app.require_subcommand(1);
  app.formatter(std::make_shared<HelpFormat>());
  int code = 0;

  add_serve(app, code);
  add_token(app, code);
  add_sweep(app, code);
  add_train(app, code);
  add_predict(app, code);
  add_evaluate(app, code);
  add_validate(app, code);
  add_ask_tell(app, code);
  add_report(app, code);
  add_backup(app, code);
  add_remote_commands(app, code);
  app.add_subcommand("schema", "Print the JSON Schema of the study file, for editors")->callback([&] {
    code = schema();
  });
  app.add_subcommand("man", "Print the manual page, for man -l -")->callback([&] {
    fmt::print("{}", manual_page(app, KRIGE_VERSION));
  });
  std::string shell;
  CLI::App* completion_command = app.add_subcommand("completion", "Print a script that completes krige's commands");
  completion_command->add_option("SHELL", shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion_command->callback([&] { fmt::print("{}", completion(app, shell)); });

  add_version(app, code);

  if (argc == 1) {
    fmt::print(stderr, "{}", app.help());
    return 2;
  }
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    // Of --help too, which is none.
    return error.get_exit_code() == 0 ? app.exit(error) : explain_usage(app, error);
  }
  return code;
}
