// One training, run by krige-trainer under a supervisor.
#include <fmt/format.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "cli/interrupt.h"
#include "cli/job_file.h"
#include "cli/terminal.h"
#include "cli/workplace.h"
#include "tuner/executors/local_executor.h"

namespace krige::cli {
namespace {

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

struct Ending {
  std::mutex mutex;
  std::condition_variable_any ended;
  std::optional<tuner::Outcome> outcome;  // guarded by mutex
};

int explain(const tuner::Outcome& outcome) {
  if (outcome.kind == tuner::Outcome::Kind::exited && outcome.exit_code == 0) return 0;
  constexpr int kPaused = 75;  // as krige-trainer says it
  if (outcome.kind == tuner::Outcome::Kind::exited && outcome.exit_code == kPaused) {
    note("krige: paused; --resume goes on");
    return kPaused;
  }
  if (!outcome.error_tail.empty())
    fmt::print(stderr, "{}", outcome.error_tail);
  else
    note("krige: the training did not end well: " + outcome.reason);
  constexpr int kBadFile = 2;  // krige-trainer's codes are ours
  return outcome.kind == tuner::Outcome::Kind::exited && outcome.exit_code == kBadFile ? kBadFile : 1;
}

}  // namespace

int train(const TrainOptions& options) {
  const Result<OrderedJson> job = load_job(options.file);
  if (!job) return report(job.error(), options.file);
  const InterruptWatch interrupt;
  Ending ending;
  auto executor = tuner::make_local_executor({.supervisor = trainer_path(), .store_id = random_id(16)});
  if (!executor) return report(executor.error());
  (*executor)->set_callbacks({.on_line =
                                  [&](const tuner::AttemptKey&, std::string_view line) {
                                    const Result<OrderedJson> record = parse_json(line);
                                    print_line(options.json || !record ? std::string(line) : readable(*record));
                                  },
                              .on_exit =
                                  [&](const tuner::AttemptKey&, const tuner::Outcome& outcome) {
                                    const std::lock_guard lock(ending.mutex);
                                    ending.outcome = outcome;
                                    ending.ended.notify_all();
                                  }});
  tuner::RunSpec run;
  run.key = {"train", 1, 1};
  run.argv = {trainer_path(), "coordinator", "--job", "-"};
  if (!options.model.empty()) run.argv.insert(run.argv.end(), {"--model", options.model});
  // The trainer runs in a folder of its own: a path is meant from here.
  if (!options.checkpoint.empty())
    run.argv.insert(run.argv.end(), {"--checkpoint", std::filesystem::absolute(options.checkpoint).string(),
                                     "--checkpoint-every", std::to_string(options.checkpoint_every)});
  if (options.resume) run.argv.emplace_back("--resume");
  run.input = dump(*job);
  if (const Status started = (*executor)->start(run); !started) return report(started.error());

  std::unique_lock lock(ending.mutex);
  if (!ending.ended.wait(lock, interrupt.token(), [&] { return ending.outcome.has_value(); })) {
    lock.unlock();
    executor->reset();  // ends the training and everything of it
    note("krige: interrupted");
    return 130;
  }
  return explain(*ending.outcome);
}

}  // namespace krige::cli
