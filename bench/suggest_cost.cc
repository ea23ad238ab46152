// What a suggestion costs as a study grows: process CPU time of ask and tell, and the peak of memory.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <ctime>
#include <fstream>
#include <nlohmann/json.hpp>

#include "base/rng.h"
#include "tuner/samplers/sampler.h"

namespace krige::bench {
namespace {

using tuner::Trial;

constexpr int kAsks = 20;

struct Case {
  std::size_t trials;
  std::size_t dims;
};

double process_seconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// VmHWM, of the whole process so far.
double peak_megabytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::stod(line.substr(6)) / 1024;
  return 0;
}

Result<tuner::StudySpec> study(std::size_t dims, std::uint64_t seed) {
  OrderedJson parameters;
  for (std::size_t i = 0; i < dims; ++i)
    parameters[fmt::format("x{}", i)] = {{"type", "float"}, {"min", 0}, {"max", 1}};
  return tuner::parse_study(
      {{"metric", {{"name", "value"}}}, {"method", "gp"}, {"seed", seed}, {"parameters", std::move(parameters)}});
}

Trial completed(const tuner::StudySpec& spec, TrialId id, tuner::Params params) {
  Trial trial;
  trial.id = id;
  trial.state = tuner::TrialState::completed;
  double sum = 0;
  double weight = 1;
  for (const double u : spec.space.encode(params)) {
    sum += weight * (u - 0.4) * (u - 0.4);
    weight *= 0.8;
  }
  trial.value = sum;
  trial.params = std::move(params);
  return trial;
}

Result<OrderedJson> measure(const Case& one, std::uint64_t seed) {
  KRIGE_TRY(const tuner::StudySpec spec, study(one.dims, seed));
  tuner::FittingSampler sampler(spec);
  Rng rng(seed);
  std::vector<Trial> history;
  while (history.size() < one.trials)
    history.push_back(completed(spec, static_cast<TrialId>(history.size() + 1), spec.space.sample(rng)));
  std::vector<double> seconds;
  for (int i = 0; i < kAsks; ++i) {
    const auto next = static_cast<TrialId>(history.size() + 1);
    const double before = process_seconds();
    KRIGE_TRY(tuner::Suggestion suggestion, sampler.propose(history, next));
    history.push_back(completed(spec, next, std::move(suggestion.params)));
    seconds.push_back(process_seconds() - before);
  }
  double sum = 0;
  for (const double x : seconds) sum += x;
  return OrderedJson{{"trials", one.trials},
                     {"dims", one.dims},
                     {"cpu_seconds_mean", sum / kAsks},
                     {"cpu_seconds_first", seconds.front()},
                     {"cpu_seconds_max", *std::ranges::max_element(seconds)},
                     {"peak_rss_mb", peak_megabytes()}};
}

}  // namespace
}  // namespace krige::bench

int main(int argc, char** argv) {
  using krige::bench::Case;
  std::vector<std::size_t> sizes = {50, 100, 1000, 10'000};
  std::uint64_t seed = 1;
  CLI::App app("CPU time of ask and tell, mean over 20 trials: 10 dimensions, 20 from 10000 trials");
  app.add_option("--trials", sizes, "Completed trials before, ascending")->delimiter(',')->capture_default_str();
  app.add_option("--seed", seed, "Of the history and the study")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  krige::OrderedJson cases = krige::OrderedJson::array();
  for (const std::size_t size : sizes) {
    const krige::Result<krige::OrderedJson> one = krige::bench::measure(Case{size, size < 10'000 ? 10U : 20U}, seed);
    if (!one) {
      fmt::print(stderr, "{}\n", one.error().describe());
      return krige::exit_code(one.error().code);
    }
    cases.push_back(*one);
  }
  fmt::print("{}\n", krige::dump({{"cases", std::move(cases)}}));
}
