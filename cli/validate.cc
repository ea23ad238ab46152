#include <fmt/format.h>
#include <fmt/ranges.h>

#include <nlohmann/json.hpp>

#include "base/train_job.h"
#include "cli/commands.h"
#include "cli/explain.h"
#include "cli/job_file.h"
#include "cli/terminal.h"
#include "tuner/spec/study_spec.h"

namespace krige::cli {

namespace {

int validate_job(const ValidateOptions& options) {
  const Result<OrderedJson> loaded = load_job(options.file);
  if (!loaded) return report(loaded.error(), options.file);
  if (options.json) {
    print_line(loaded->dump(2));
    return 0;
  }
  const TrainJob job = parse_train_job(*loaded).value();
  print_line(fmt::format("{} is a valid training job: {} by {}, {}, {} workers, {} epochs", options.file,
                         name(job.model), name(job.optimizer), name(job.mode), job.workers, job.epochs));
  return 0;
}

// What the study wants: "maximize accuracy", or several, with the constraints behind them.
std::string describe_goal(const tuner::StudySpec& spec) {
  std::vector<std::string> goals;
  for (const tuner::Objective& objective : spec.objectives)
    goals.push_back(fmt::format("{} {}", name(objective.goal), objective.name));
  if (goals.empty()) goals.push_back(fmt::format("{} {}", name(spec.metric.goal), spec.metric.name));
  std::vector<std::string> bounds;
  for (const tuner::Constraint& constraint : spec.constraints) {
    if (constraint.min) bounds.push_back(fmt::format("{} ≥ {}", constraint.name, *constraint.min));
    if (constraint.max) bounds.push_back(fmt::format("{} ≤ {}", constraint.name, *constraint.max));
  }
  std::string text = fmt::format("{}", fmt::join(goals, ", "));
  if (!bounds.empty()) text += fmt::format(" with {}", fmt::join(bounds, ", "));
  return text;
}

}  // namespace

int validate(const ValidateOptions& options) {
  if (const auto document = tuner::load_document(options.file); document && is_job(*document))
    return validate_job(options);
  const Result<tuner::StudySpec> spec = tuner::load_study(options.file);
  if (!spec) return report(spec.error(), options.file);
  if (options.json) {
    print_line(to_json(*spec).dump(2));
    return 0;
  }
  const tuner::Budget& budget = spec->budget;
  print_line(fmt::format("{} is a valid study: {} by {}, {} parameter{}, {}", options.file, describe_goal(*spec),
                         name(spec->method), spec->space.dimensions().size(),
                         spec->space.dimensions().size() == 1 ? "" : "s",
                         budget.max_trials ? fmt::format("{} trials, {} at once", *budget.max_trials, budget.parallel)
                                           : fmt::format("no limit of trials, {} at once", budget.parallel)));
  if (options.explain) print_line(explain(*spec));
  for (const tuner::OlderStudy& older : spec->warm_start)
    print_line(fmt::format("learns from {} trials of {}", older.trials.size(),
                           older.name.empty() ? "an older study" : older.name));
  for (const std::string& remark : spec->notes) print_line("note: " + remark);
  return 0;
}

}  // namespace krige::cli
