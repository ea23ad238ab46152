// One training, or the same in all modes.
#include <fmt/format.h>
#include <unistd.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/compare.h"
#include "cli/interrupt.h"
#include "cli/job_file.h"
#include "cli/terminal.h"
#include "cli/training.h"

namespace krige::cli {
namespace {

namespace fs = std::filesystem;

// epoch 12  train_loss 0.1203  accuracy 0.9722  …
std::string readable(const OrderedJson& record) {
  std::string text;
  for (const auto& [name, value] : record.items()) {
    if (name == "step") continue;
    if (!text.empty()) text += "  ";
    text += name + " " + (value.is_number_float() ? short_number(value.get<double>()) : value.dump());
  }
  return text;
}

// Each record a line of standard output; where that is the terminal of the progress bar, only the last one.
class Printer {
 public:
  Printer(bool json, std::int64_t epochs)
      : json_(json), only_last_(!json && ::isatty(STDOUT_FILENO) == 1 && ::isatty(STDERR_FILENO) == 1), bar_(epochs) {}

  void add(std::string_view line) {
    const Result<OrderedJson> record = parse_json(line);
    const bool plain = json_ || !record;
    if (record) bar_.show(*record);
    last_ = plain ? std::string(line) : readable(*record);
    if (only_last_ && !plain) return;
    bar_.clear();
    print_line(last_);
  }
  void finish() {
    bar_.clear();
    if (only_last_ && !last_.empty()) print_line(last_);
  }

 private:
  bool json_;
  bool only_last_;
  EpochBar bar_;
  std::string last_;
};

std::vector<std::string> arguments_of(const TrainOptions& options) {
  std::vector<std::string> arguments;
  // The trainer runs in a folder of its own: a path is meant from here.
  if (!options.model.empty()) arguments.insert(arguments.end(), {"--model", fs::absolute(options.model).string()});
  if (!options.checkpoint.empty())
    arguments.insert(arguments.end(), {"--checkpoint", fs::absolute(options.checkpoint).string(), "--checkpoint-every",
                                       std::to_string(options.checkpoint_every)});
  if (options.resume) arguments.emplace_back("--resume");
  if (options.straggler > 0)
    arguments.insert(arguments.end(), {"--straggler", fmt::format("{:.3f}", options.straggler)});
  return arguments;
}

}  // namespace

int train(const TrainOptions& options) {
  const Result<OrderedJson> job = load_job(options.file);
  if (!job) return report(job.error(), options.file);
  const InterruptWatch interrupt;
  const std::vector<std::string> arguments = arguments_of(options);
  if (options.compare_modes) return compare_modes(*job, arguments, options.json, interrupt);
  Printer printer(options.json, (*job)["epochs"].get<std::int64_t>());
  const auto outcome = run_training(
      *job, arguments, [&](std::string_view line) { printer.add(line); }, interrupt);
  printer.finish();
  if (!outcome) return report(outcome.error());
  if (*outcome) return explain(**outcome);
  note("krige: interrupted");
  return 130;
}

}  // namespace krige::cli
