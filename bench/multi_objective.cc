// Several objectives and constraints: how much of the attainable hypervolume, or how near to the best feasible value, a
// method comes. As JSON, with a table on standard error.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <cmath>
#include <ctime>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <thread>

#include "bench/competitors/optuna.h"
#include "bench/problems/outcome_problems.h"
#include "gp/hypervolume/hypervolume.h"
#include "tuner/samplers/sampler.h"
#include "tuner/trial/outcome.h"

namespace krige::bench {
namespace {

using tuner::Trial;
using tuner::TrialState;

struct Options {
  std::vector<std::string> methods = {"gp", "sobol", "random", "optuna-tpe", "optuna-nsga2"};
  std::vector<std::string> problems = {"all"};
  std::uint64_t seeds = 10;
  std::size_t trials = 60;
  std::size_t parallel = 1;
  std::size_t threads = 2;
};

// Who is asked: a sampler of ours, or Optuna.
class Asked {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Asked>> make(const OutcomeProblem& problem, std::string_view method,
                                                           std::uint64_t seed) {
    auto out = std::make_unique<Asked>();
    const bool peer = method.starts_with("optuna-");
    const tuner::Method own = method == "gp"      ? tuner::Method::gp
                              : method == "sobol" ? tuner::Method::sobol
                                                  : tuner::Method::random;
    KRIGE_TRY(out->spec_, problem.study(peer ? tuner::Method::random : own, seed));
    if (peer) {
      KRIGE_TRY(out->peer_, make_optuna(method.substr(7), out->spec_.space, seed,
                                        {.objectives = problem.objectives, .constraints = problem.constraints}));
    } else {
      out->sampler_ = std::make_unique<tuner::FittingSampler>(out->spec_);
    }
    return out;
  }

  Result<Proposal> ask(std::span<const Trial> history, TrialId next) {
    if (peer_) return peer_->ask(history, next);
    KRIGE_TRY(tuner::Suggestion suggestion, sampler_->propose(history, next));
    return Proposal{std::move(suggestion), 0};
  }
  Status tell(const Trial& trial) { return peer_ ? peer_->tell(trial) : Status(); }
  [[nodiscard]] const tuner::StudySpec& spec() const { return spec_; }

 private:
  tuner::StudySpec spec_;
  std::unique_ptr<tuner::FittingSampler> sampler_;
  std::unique_ptr<Competitor> peer_;
};

// What has been found so far: the share of the attainable hypervolume, or how far the best feasible value is from the
// optimum (infinite without one).
double score_of(const OutcomeProblem& problem, const std::vector<Outcomes>& found) {
  std::vector<gp::Objectives> feasible;
  for (const Outcomes& one : found)
    if (std::ranges::all_of(one.constraints, [](double value) { return value <= 0; }))
      feasible.push_back(one.objectives);
  if (problem.objectives > 1) return gp::hypervolume(feasible, problem.reference) / problem.best;
  double gap = std::numeric_limits<double>::infinity();
  for (const gp::Objectives& one : feasible) gap = std::min(gap, one.front() - problem.best);
  return gap;
}

tuner::Metrics metrics_of(const Outcomes& outcomes) {
  tuner::Metrics metrics;
  for (std::size_t j = 0; j < outcomes.objectives.size(); ++j)
    metrics.emplace_back(fmt::format("f{}", j), outcomes.objectives[j]);
  for (std::size_t c = 0; c < outcomes.constraints.size(); ++c)
    metrics.emplace_back(fmt::format("c{}", c), outcomes.constraints[c]);
  return metrics;
}

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

struct Run {
  std::vector<double> scores;  // after each trial
  double ask_seconds = 0;      // CPU time, mean
};

Result<Run> run(const OutcomeProblem& problem, const std::string& method, std::uint64_t seed, const Options& options) {
  KRIGE_TRY(const std::unique_ptr<Asked> asked, Asked::make(problem, method, seed));
  Run out;
  std::vector<Trial> history;
  std::vector<Outcomes> found;
  while (found.size() < options.trials) {
    if (history.size() < options.trials && history.size() - found.size() < options.parallel) {
      Trial trial;
      trial.id = static_cast<TrialId>(history.size() + 1);
      const double before = thread_seconds();
      KRIGE_TRY(Proposal proposal, asked->ask(history, trial.id));
      out.ask_seconds += (thread_seconds() - before + proposal.cpu_seconds) / static_cast<double>(options.trials);
      trial.state = TrialState::running;
      trial.params = std::move(proposal.suggestion.params);
      history.push_back(std::move(trial));
      continue;
    }
    Trial& trial = history[found.size()];
    found.push_back(problem.at(trial.params));
    KRIGE_TRY(tuner::Verdict verdict, tuner::judge(asked->spec(), metrics_of(found.back())));
    trial.state = verdict.state;
    trial.set(std::move(verdict.measured));
    KRIGE_CHECK(asked->tell(trial));
    out.scores.push_back(score_of(problem, found));
  }
  return out;
}

struct Task {
  const OutcomeProblem* problem;
  std::string method;
  std::uint64_t seed;
};

// The mean with its standard error, and the median, after so many trials.
OrderedJson summary(const std::vector<Run>& runs, std::size_t trials) {
  std::vector<double> scores;
  for (const Run& one : runs) scores.push_back(one.scores[trials - 1]);
  std::ranges::sort(scores);
  const auto n = static_cast<double>(scores.size());
  double mean = 0, squares = 0;
  for (const double score : scores) mean += score / n;
  for (const double score : scores) squares += (score - mean) * (score - mean);
  const std::size_t half = scores.size() / 2;
  const double median = scores.size() % 2 == 1 ? scores[half] : (scores[half - 1] + scores[half]) / 2;
  return {{"mean", number_to_json(mean)},
          {"standard_error", number_to_json(n > 1 ? std::sqrt(squares / (n - 1) / n) : 0)},
          {"median", number_to_json(median)}};
}

Result<std::vector<Run>> carry_out(const std::vector<Task>& tasks, const Options& options) {
  std::vector<std::optional<Result<Run>>> results(tasks.size());
  std::atomic<std::size_t> next = 0;
  {
    std::vector<std::jthread> threads;
    for (std::size_t t = 0; t < options.threads; ++t) {
      threads.emplace_back([&] {
        for (std::size_t i = next++; i < tasks.size(); i = next++)
          results[i] = run(*tasks[i].problem, tasks[i].method, tasks[i].seed, options);
      });
    }
  }
  std::vector<Run> runs;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!*results[i]) return fail(results[i]->error().within(tasks[i].problem->name));
    runs.push_back(std::move(**results[i]));
  }
  return runs;
}

Result<std::vector<const OutcomeProblem*>> chosen_problems(const std::vector<std::string>& names) {
  std::vector<const OutcomeProblem*> out;
  for (const OutcomeProblem& problem : outcome_problems())
    if (names == std::vector<std::string>{"all"} || std::ranges::find(names, problem.name) != names.end())
      out.push_back(&problem);
  if (out.empty()) return fail(ErrorCode::invalid_argument, "none of these problems is known", "problems");
  return out;
}

std::vector<std::string> available_methods(const std::vector<std::string>& asked) {
  std::vector<std::string> out;
  for (const std::string& method : asked) {
    if (method.starts_with("optuna-")) {
      if (const auto process = OptunaProcess::start(); !process) {
        fmt::print(stderr, "without {}: {}\n", method, process.error().describe());
        continue;
      }
    }
    out.push_back(method);
  }
  return out;
}

void print_row(const OutcomeProblem& problem, const std::string& method, const OrderedJson& row) {
  const char* key = problem.objectives > 1 ? "mean" : "median";
  std::string text = fmt::format("{:<14} {:<13}", problem.name, method);
  for (const auto& [trials, one] : row["after"].items())
    text +=
        fmt::format("  @{} {}", trials, one[key].is_number() ? fmt::format("{:.4f}", one[key].get<double>()) : "none");
  fmt::print(stderr, "{}  {:.1f} ms\n", text, 1e3 * row["ask_cpu_seconds"].get<double>());
}

Status measure(const Options& options) {
  KRIGE_TRY(const std::vector<const OutcomeProblem*> problems, chosen_problems(options.problems));
  const std::vector<std::string> methods = available_methods(options.methods);
  std::vector<Task> tasks;
  for (const OutcomeProblem* problem : problems)
    for (const std::string& method : methods)
      for (std::uint64_t seed = 1; seed <= options.seeds; ++seed) tasks.push_back({problem, method, seed});
  KRIGE_TRY(const std::vector<Run> runs, carry_out(tasks, options));
  OrderedJson rows = OrderedJson::array();
  for (std::size_t i = 0; i < tasks.size(); i += options.seeds) {
    const std::vector<Run> of(runs.begin() + static_cast<std::ptrdiff_t>(i),
                              runs.begin() + static_cast<std::ptrdiff_t>(i + options.seeds));
    const OutcomeProblem& problem = *tasks[i].problem;
    OrderedJson row{{"problem", problem.name},
                    {"method", tasks[i].method},
                    {"score", problem.objectives > 1 ? "share of the hypervolume" : "gap to the optimum"}};
    for (const std::size_t trials : {options.trials / 2, options.trials})
      row["after"][std::to_string(trials)] = summary(of, trials);
    double seconds = 0;
    for (const Run& one : of) seconds += one.ask_seconds / static_cast<double>(of.size());
    row["ask_cpu_seconds"] = seconds;
    print_row(problem, tasks[i].method, row);
    rows.push_back(std::move(row));
  }
  fmt::print("{}\n", dump({{"trials", options.trials},
                           {"parallel", options.parallel},
                           {"seeds", options.seeds},
                           {"rows", std::move(rows)}}));
  return {};
}

}  // namespace
}  // namespace krige::bench

int main(int argc, char** argv) {
  krige::bench::Options options;
  const std::vector<std::string> known = options.methods;
  CLI::App app("Several objectives and constraints: hypervolume, or the gap to the best feasible value");
  app.add_option("--method", options.methods, "Some of the default")
      ->delimiter(',')
      ->check(CLI::IsMember(known))
      ->capture_default_str();
  app.add_option("--problems", options.problems, "all, or names")->delimiter(',')->capture_default_str();
  app.add_option("--seeds", options.seeds, "Seeds of each problem")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  app.add_option("--trials", options.trials, "Trials of a run")->check(CLI::Range(2, 100'000))->capture_default_str();
  app.add_option("--parallel", options.parallel, "Trials pending at once")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Runs at once")->check(CLI::Range(1, 1024))->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const krige::Status done = krige::bench::measure(options);
  if (done) return 0;
  fmt::print(stderr, "{}\n", done.error().describe());
  return krige::exit_code(done.error().code);
}
