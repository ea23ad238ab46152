// One training after another, each run by krige-trainer under a supervisor.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "cli/interrupt.h"
#include "tuner/executors/executor.h"

namespace krige::cli {

// Runs the job to its end; `on_line` gets each line of the trainer's standard output, from another thread. nullopt:
// interrupted, and everything of the training has ended. `arguments` are further ones of the coordinator.
[[nodiscard]] Result<std::optional<tuner::Outcome>> run_training(const OrderedJson& job,
                                                                 const std::vector<std::string>& arguments,
                                                                 const std::function<void(std::string_view)>& on_line,
                                                                 const InterruptWatch& interrupt);

// Says what ended a training; the exit code.
int explain(const tuner::Outcome& outcome);

}  // namespace krige::cli
