// A trained model's predictions and how good they are, by krige-trainer in this process's place.
#include <vector>

#include "cli/commands.h"
#include "cli/workplace.h"

namespace krige::cli {

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
