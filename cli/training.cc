#include "cli/training.h"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>
#include <nlohmann/json.hpp>

#include "cli/terminal.h"
#include "cli/workplace.h"
#include "tuner/executors/local_executor.h"

namespace krige::cli {
namespace {

struct Ending {
  std::mutex mutex;
  std::condition_variable_any ended;
  std::optional<tuner::Outcome> outcome;  // guarded by mutex
};

}  // namespace

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

Result<std::optional<tuner::Outcome>> run_training(const OrderedJson& job, const std::vector<std::string>& arguments,
                                                   const std::function<void(std::string_view)>& on_line,
                                                   const InterruptWatch& interrupt) {
  Ending ending;
  KRIGE_TRY(auto executor, tuner::make_local_executor({.supervisor = trainer_path(), .store_id = random_id(16)}));
  executor->set_callbacks({.on_line = [&](const tuner::AttemptKey&, std::string_view line) { on_line(line); },
                           .on_exit =
                               [&](const tuner::AttemptKey&, const tuner::Outcome& outcome) {
                                 const std::lock_guard lock(ending.mutex);
                                 ending.outcome = outcome;
                                 ending.ended.notify_all();
                               }});
  tuner::RunSpec run;
  run.key = {"train", 1, 1};
  run.argv = {trainer_path(), "coordinator", "--job", "-"};
  run.argv.insert(run.argv.end(), arguments.begin(), arguments.end());
  run.input = dump(job);
  KRIGE_CHECK(executor->start(run));
  std::unique_lock lock(ending.mutex);
  const bool ended = ending.ended.wait(lock, interrupt.token(), [&] { return ending.outcome.has_value(); });
  lock.unlock();
  executor.reset();  // ends what still runs of the training, and every callback
  if (!ended) return std::optional<tuner::Outcome>();
  return ending.outcome;
}

}  // namespace krige::cli
