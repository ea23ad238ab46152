// What runs add up to: normalized regret, its intervals, tables and JSON.
#pragma once

#include <string>
#include <vector>

#include "base/json.h"
#include "bench/problems/recorded.h"
#include "bench/run.h"

namespace krige::bench {

struct Outcome {
  std::string problem;
  std::string group;
  std::string method;
  std::uint64_t seed = 0;
  // At each of kCheckpoints: 1 is random search with as many trials, 0 the optimum; clipped to [0, 2]. NaN, shown as
  // "-", when the run was shorter.
  Regrets regret{};
  Run run;
};

// Where random search has found the optimum too, 0 for who has and 2 for who has not.
[[nodiscard]] Regrets normalized_regret(const Run& run, double optimum, const std::vector<double>& random_median);

// Of CPU seconds an ask.
struct AskCost {
  double median = 0, p95 = 0, mean = 0;
  double late_mean = 0;  // of the last 20 trials
};
[[nodiscard]] AskCost ask_cost(const Run& run);

struct Estimate {
  double mean = 0, low = 0, high = 0;
};
// Mean over problems of the mean over seeds, with a 95 % bootstrap interval over both. `by_problem`: a value a seed.
[[nodiscard]] Estimate bootstrap(const std::vector<std::vector<double>>& by_problem);

struct ReportOptions {
  bool peers = false;  // show the recorded ones beside
};
// By problem, then by group. A method need not have run on every problem.
[[nodiscard]] std::string table(const std::vector<Outcome>& outcomes, const ReportOptions& options);
[[nodiscard]] OrderedJson to_json(const std::vector<Outcome>& outcomes);

}  // namespace krige::bench
