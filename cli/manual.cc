#include "cli/manual.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <functional>
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
  const std::string type = type_word(option);
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

// What may follow "krige study", for any shell that knows case.
std::string words_function(const CLI::App& app) {
  std::string script =
      "_krige_words() {\n"
      "  local words=\n"
      "  case \"$1\" in\n";
  add_cases(script, app, "krige");
  return script +
         "  esac\n"
         "  echo \"$words\"\n"
         "}\n";
}

std::string bash_completion(const CLI::App& app) {
  return "# Completion of krige for bash: source <(krige completion bash)\n"
         "_krige() {\n"
         "  local command=krige word words\n"
         "  for word in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
         "    case \"$word\" in -*) continue ;; esac\n"
         "    case \" $(_krige_words \"$command\") \" in *\" $word \"*) command+=\" $word\" ;; esac\n"
         "  done\n"
         "  words=$(_krige_words \"$command\")\n"
         "  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"${COMP_WORDS[COMP_CWORD]}\")\n"
         "}\n" +
         words_function(app) + "complete -o default -F _krige krige\n";
}

std::string zsh_completion(const CLI::App& app) {
  return "#compdef krige\n"
         "# Completion of krige for zsh: source <(krige completion zsh), behind compinit; or as _krige in $fpath\n"
         "_krige() {\n"
         "  local command=krige word\n"
         "  for word in ${words[2,CURRENT-1]}; do\n"
         "    case \"$word\" in -*) continue ;; esac\n"
         "    case \" $(_krige_words \"$command\") \" in *\" $word \"*) command+=\" $word\" ;; esac\n"
         "  done\n"
         "  compadd -- ${=$(_krige_words \"$command\")}\n"
         "  _files\n"
         "}\n" +
         words_function(app) + "compdef _krige krige\n";
}

// 'text' as fish takes it.
std::string fish_quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "'";
}

void add_fish_commands(std::string& script, const CLI::App& command, const std::string& name) {
  const std::string here = fmt::format("complete -c krige -n {}", fish_quoted("__krige_at " + name));
  for (const CLI::App* inner : commands_of(command))
    script += fmt::format("{} -f -a {} -d {}\n", here, inner->get_name(), fish_quoted(inner->get_description()));
  for (const CLI::Option* option : command.get_options())
    for (const std::string& long_name : option->get_lnames())
      script += fmt::format("{} -l {}{} -d {}\n", here, long_name, option->get_type_size() == 0 ? "" : " -r",
                            fish_quoted(option->get_description()));
  for (const CLI::App* inner : commands_of(command)) add_fish_commands(script, *inner, name + " " + inner->get_name());
}

std::string fish_completion(const CLI::App& app) {
  std::string script =
      "# Completion of krige for fish: krige completion fish >~/.config/fish/completions/krige.fish\n"
      "# Whether the words before the cursor, without options, begin with these and name no further command.\n"
      "function __krige_at\n"
      "  set -l words (string match -v -- '-*' (commandline -opc))\n"
      "  set -l command $words[1]\n"
      "  for word in $words[2..-1]\n"
      "    contains -- $word (__krige_commands $command); and set -a command $word\n"
      "  end\n"
      "  test \"$command\" = \"$argv\"\n"
      "end\n"
      "function __krige_commands\n"
      "  switch \"$argv\"\n";
  const std::function<void(const CLI::App&, const std::string&)> add = [&](const CLI::App& command,
                                                                           const std::string& name) {
    std::vector<std::string> names;
    for (const CLI::App* inner : commands_of(command)) names.push_back(inner->get_name());
    if (!names.empty()) script += fmt::format("    case '{}'\n      printf '%s\\n' {}\n", name, fmt::join(names, " "));
    for (const CLI::App* inner : commands_of(command)) add(*inner, name + " " + inner->get_name());
  };
  add(app, "krige");
  script += "  end\nend\n";
  add_fish_commands(script, app, "krige");
  return script;
}

}  // namespace

std::string type_word(const CLI::Option& option) {
  if (option.get_type_size() == 0) return "";
  // Behind a colon stands what it may be, in the library's own words.
  const std::string type = option.get_type_name();
  const std::string word = type.substr(0, type.find(':'));
  if (word == "INT" || word == "UINT" || word == "FLOAT") return "NUMBER";
  return word == "TEXT" ? "WORD" : word;
}

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

std::string completion(const CLI::App& app, std::string_view shell) {
  if (shell == "zsh") return zsh_completion(app);
  return shell == "fish" ? fish_completion(app) : bash_completion(app);
}

}  // namespace krige::cli
