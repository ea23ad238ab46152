// A trained model's predictions and how good they are, by krige-trainer in this process's place.
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

#include "base/error.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "cli/workplace.h"

namespace krige::cli {
namespace {

// Returns only if the program cannot be run.
int become_trainer(std::vector<std::string> arguments) {
  const std::string program = trainer_path();
  arguments.insert(arguments.begin(), program);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  ::execvp(program.c_str(), argv.data());
  const Status failed = fail_errno(errno, fmt::format("cannot run {}", program));
  return report(failed.error());
}

}  // namespace

int predict(const PredictOptions& options) {
  std::vector<std::string> arguments{"predict", "--model", options.model, "--data", options.file};
  if (!options.output.empty()) arguments.insert(arguments.end(), {"--output", options.output});
  if (options.probabilities) arguments.emplace_back("--probabilities");
  if (options.json) arguments.emplace_back("--json");
  return become_trainer(std::move(arguments));
}

int evaluate(const EvaluateOptions& options) {
  std::vector<std::string> arguments{"evaluate", "--model", options.model, "--data", options.file};
  if (options.json) arguments.emplace_back("--json");
  return become_trainer(std::move(arguments));
}

}  // namespace krige::cli
