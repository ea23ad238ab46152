#include "cli/manual.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace krige::cli {
namespace {

// A line of text that troff takes for text.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\')
      out += "\\e";
    else if (c == '-')
      out += "\\-";
    else
      out += c;
    if (c == '\n') out += "\\&";
  }
  return out.starts_with('.') || out.starts_with('\'') ? "\\&" + out : out;
}

std::vector<const CLI::App*> commands_of(const CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

// --name, -h,--help, FILE
std::string option_name(const CLI::Option& option) {
  if (option.get_positional()) return option.get_name(true);
  const std::string type = option.get_type_size() == 0 ? "" : option.get_type_name();
  // CLI11 names a flag that switches off as --no-auth{false}.
  const std::string name = option.get_name(false, true);
  return name.substr(0, name.find('{')) + (type.empty() ? "" : " " + type);
}

void add_options(std::string& page, const CLI::App& command) {
  for (const CLI::Option* option : command.get_options())
    if (option->get_description() != "Print this help message and exit")
      page += fmt::format(".TP\n.B {}\n{}\n", escaped(option_name(*option)), escaped(option->get_description()));
}

void add_command(std::string& page, const CLI::App& command, const std::string& name) {
  page += fmt::format(".SS {}\n{}\n", escaped(name), escaped(command.get_description()));
  add_options(page, command);
  if (!command.get_footer().empty()) page += fmt::format(".PP\n.nf\n{}\n.fi\n", escaped(command.get_footer()));
  for (const CLI::App* inner : commands_of(command)) add_command(page, *inner, name + " " + inner->get_name());
}

std::vector<std::string> words_of(const CLI::App& command) {
  std::vector<std::string> words;
  for (const CLI::App* inner : commands_of(command)) words.push_back(inner->get_name());
  for (const CLI::Option* option : command.get_options())
    for (const std::string& name : option->get_lnames()) words.push_back("--" + name);
  return words;
}

void add_cases(std::string& script, const CLI::App& command, const std::string& name) {
  script += fmt::format("    \"{}\") words=\"{}\" ;;\n", name, fmt::join(words_of(command), " "));
  for (const CLI::App* inner : commands_of(command)) add_cases(script, *inner, name + " " + inner->get_name());
}

}  // namespace

std::string manual_page(const CLI::App& app, const std::string& version) {
  std::string page = fmt::format(
      ".TH KRIGE 1 \"\" \"krige {}\" \"User Commands\"\n.SH NAME\nkrige \\- tunes hyperparameters\n.SH SYNOPSIS\n"
      ".B krige\n.I COMMAND\n[\\fIOPTION\\fR]...\n.SH DESCRIPTION\n{}\n.SH OPTIONS\n",
      escaped(version), escaped(app.get_description()));
  add_options(page, app);
  page += ".SH COMMANDS\n";
  for (const CLI::App* command : commands_of(app)) add_command(page, *command, "krige " + command->get_name());
  page +=
      ".SH EXIT STATUS\n0 done, 1 failed, 2 wrong usage or a bad file, 130 interrupted.\n.SH ENVIRONMENT\n"
      ".TP\n.B KRIGE_SERVER\nThe service of study and trial.\n.TP\n.B KRIGE_TOKEN\nThe token shown to it.\n";
  return page;
}

std::string bash_completion(const CLI::App& app) {
  std::string script =
      "# Completion of krige for bash: source <(krige completion bash)\n"
      "_krige() {\n"
      "  local command=krige word words\n"
      "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
      "    case \"$word\" in -*) continue ;; esac\n"
      "    case \" $(_krige_words \"$command\") \" in *\" $word \"*) command+=\" $word\" ;; esac\n"
      "  done\n"
      "  words=$(_krige_words \"$command\")\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
      "}\n"
      "_krige_words() {\n"
      "  local words=\n"
      "  case \"$1\" in\n";
  add_cases(script, app, "krige");
  script +=
      "  esac\n"
      "  echo \"$words\"\n"
      "}\n"
      "complete -o default -F _krige krige\n";
  return script;
}

}  // namespace krige::cli
