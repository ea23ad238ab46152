// What is started for an attempt, and what its output means.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "tuner/executors/executor.h"
#include "tuner/spec/study_spec.h"
#include "tuner/trial/trial.h"

namespace krige::tuner {

// Where a training keeps its checkpoint and goes on from, and after how many epochs in all it pauses.
struct CheckpointRun {
  std::string path;
  std::optional<std::int64_t> pause_after;
};
// The files of a training; empty: none.
struct TrainingRun {
  std::optional<CheckpointRun> checkpoint{};
  std::string model{};    // where the trained model goes
  std::string cluster{};  // and what its processes do meanwhile
};
// With which a training says that it has paused.
inline constexpr int kPausedExitCode = 75;

// The process of an attempt: krige-trainer with the job of the point, or the study's command with W&B's macros and
// {name} replaced. `trainer` is the path of krige-trainer. invalid_argument: a variable of the environment that the
// command wants is not there.
[[nodiscard]] Result<RunSpec> make_run(const StudySpec& spec, const AttemptKey& key, const Params& params,
                                       const std::string& trainer, const TrainingRun& files = {});

// A line of output as a record: a JSON object with numbers in it, else what the patterns find; `step` is its step, else
// `next_step`. nullopt: the line is something else, a program may print what it likes.
[[nodiscard]] std::optional<Record> parse_record(std::string_view line, const AttemptKey& key, std::int64_t next_step,
                                                 const MetricPatterns& patterns);

}  // namespace krige::tuner
