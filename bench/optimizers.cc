// Samplers against problems with a known optimum: normalized regret and CPU time, as a table and as JSON.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "bench/report.h"

namespace krige::bench {
namespace {

struct Options {
  std::vector<std::string> methods = {"gp", "random"};
  std::vector<std::string> problems = {"dev"};
  std::uint64_t seeds = 10;
  std::uint64_t first_seed = 1;
  std::size_t threads = 2;
  std::string json;
  RunOptions run;
};

struct Task {
  const Problem* problem;
  const std::vector<double>* random_median;
  std::string method;
  std::uint64_t seed;
};

struct Methods {
  std::vector<std::string> available;
  bool complete = true;  // whether all that were asked for by name are
};

// Peers that are not installed are named and left out. Error: a name that is none.
Result<Methods> find_methods(const std::vector<std::string>& asked) {
  Methods out;
  const bool all = asked == std::vector<std::string>{"all"};
  for (const std::string& name : all ? method_names() : asked) {
    const Status status = check_available(name);
    if (status) {
      out.available.push_back(name);
      continue;
    }
    if (status.error().code == ErrorCode::invalid_argument) return fail(status.error());
    fmt::print(stderr, "without {}: {}\n", name, status.error().describe());
    out.complete = out.complete && all;
  }
  return out;
}

Result<std::vector<Problem>> make_problems(const Options& options) {
  std::vector<Problem> problems;
  for (const std::string& word : options.problems) {
    const bool group = word == "all" || word == "dev" || word == "extra";
    for (const std::string& name : group ? problem_names(word) : std::vector{word}) {
      KRIGE_TRY(Problem problem, make_problem(name, options.run.instance));
      problems.push_back(std::move(problem));
    }
  }
  return problems;
}

Result<Outcome> carry_out(const Task& task, const RunOptions& options) {
  KRIGE_TRY(Run done, run(*task.problem, task.method, task.seed, options));
  const Regrets regret = normalized_regret(done, task.problem->optimum, *task.random_median);
  return Outcome{task.problem->name, task.problem->group, task.method, task.seed, regret, std::move(done)};
}

// In the order of the tasks; the first error of any.
Result<std::vector<Outcome>> carry_out_all(const std::vector<Task>& tasks, const Options& options) {
  std::vector<std::optional<Result<Outcome>>> results(tasks.size());
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < tasks.size(); i = next++) results[i] = carry_out(tasks[i], options.run);
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < std::max<std::size_t>(options.threads, 1); ++i) threads.emplace_back(work);
  }
  std::vector<Outcome> outcomes;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (!*results[i]) return fail(results[i]->error().within(tasks[i].problem->name));
    outcomes.push_back(std::move(**results[i]));
  }
  return outcomes;
}

// The exit code.
Result<int> measure(const Options& options) {
  KRIGE_TRY(const Methods methods, find_methods(options.methods));
  KRIGE_TRY(const std::vector<Problem> problems, make_problems(options));
  std::vector<std::vector<double>> medians;
  for (const Problem& problem : problems)
    medians.push_back(random_search_median(problem, options.run.instance, options.run.trials));
  std::vector<Task> tasks;
  for (std::size_t i = 0; i < problems.size(); ++i) {
    for (const std::string& method : methods.available) {
      if (const Status suits = check_suitable(method, problems[i]); !suits) {
        fmt::print(stderr, "{} skips {}: {}\n", method, problems[i].name, suits.error().describe());
        continue;
      }
      for (std::uint64_t seed = options.first_seed; seed < options.first_seed + options.seeds; ++seed)
        tasks.push_back({&problems[i], &medians[i], method, seed});
    }
  }
  if (tasks.empty()) return fail(ErrorCode::invalid_argument, "no method can run on any of these problems");
  KRIGE_TRY(const std::vector<Outcome> outcomes, carry_out_all(tasks, options));
  const bool comparable =
      options.run.instance == 0 && options.run.parallel == 1 && options.run.crash == 0 && !options.run.noise;
  fmt::print("{}", table(outcomes, {.peers = comparable}));
  const int code = methods.complete ? 0 : krige::exit_code(ErrorCode::invalid_argument);
  if (options.json.empty()) return code;
  const OrderedJson json{{"trials", options.run.trials},
                         {"instance", options.run.instance},
                         {"parallel", options.run.parallel},
                         {"crash", options.run.crash},
                         {"noise", options.run.noise ? OrderedJson(*options.run.noise) : OrderedJson()},
                         {"runs", to_json(outcomes)}};
  std::ofstream file(options.json);
  file << dump(json) << '\n';
  if (!file.flush()) return fail(ErrorCode::io, "cannot write " + options.json);
  return code;
}

}  // namespace
}  // namespace krige::bench

int main(int argc, char** argv) {
  krige::bench::Options options;
  CLI::App app("Samplers against problems with a known optimum");
  app.add_option("--method", options.methods,
                 fmt::format("all (that are installed), or some of {}", fmt::join(krige::bench::method_names(), ", ")))
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--problems", options.problems, "dev, extra, all or names")->delimiter(',')->capture_default_str();
  app.add_option("--seeds", options.seeds, "Seeds of each problem")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--first-seed", options.first_seed, "The first of them")->capture_default_str();
  app.add_option("--trials", options.run.trials, "Trials of a run")
      ->check(CLI::Range(1, 1'000'000))
      ->capture_default_str();
  app.add_option("--instance", options.run.instance, "0: the recorded constants; others are drawn")
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Runs at once")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("--parallel", options.run.parallel, "Trials pending at once")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app.add_option("--crash", options.run.crash, "Share of the space whose trials fail")
      ->check(CLI::Range(0.0, 0.9))
      ->capture_default_str();
  app.add_option("--noise", options.run.noise,
                 "Noise in standard deviations of the problem over random points; judged is the trial that looks best")
      ->check(CLI::Range(0.0, 10.0));
  app.add_option("--json", options.json, "Write every run here")->type_name("FILE");
  CLI11_PARSE(app, argc, argv);
  const krige::Result<int> done = krige::bench::measure(options);
  if (done) return *done;
  fmt::print(stderr, "{}\n", done.error().describe());
  return krige::exit_code(done.error().code);
}
