// What the Gaussian process makes of more than values: trials of older studies, the time that trials take, measuring a
// point again. Each is compared with the same sampler without it, in pairs of the same problem and seed.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <numeric>
#include <thread>

#include "base/rng.h"
#include "bench/report.h"
#include "tuner/samplers/sampler.h"

namespace krige::bench {
namespace {

using tuner::Params;
using tuner::StudySpec;
using tuner::Trial;
using tuner::TrialState;

struct Options {
  std::string what = "related";
  std::vector<std::string> problems = {"dev"};
  std::uint64_t seeds = 5;
  std::size_t trials = 40;
  std::uint64_t instance = 0;
  double noise = 0.3;  // repeats: of the standard deviation of the objective over the space
  std::size_t threads = 2;
};

constexpr std::size_t kOlderTrials = 40;

// What a trial shows of a point: the value that is told and the seconds that it took.
struct Shown {
  double value;
  double seconds;
};
using Objective = std::function<Shown(const Params&, std::uint64_t trial)>;

std::vector<Trial> carry_out(const StudySpec& spec, std::size_t trials, const Objective& objective) {
  tuner::FittingSampler sampler(spec);
  std::vector<Trial> history;
  while (history.size() < trials) {
    const auto id = static_cast<TrialId>(history.size() + 1);
    Result<tuner::Suggestion> suggestion = sampler.propose(history, id);
    if (!suggestion) throw std::runtime_error(suggestion.error().describe());
    Trial trial;
    trial.id = id;
    trial.params = std::move(suggestion->params);
    const Shown shown = objective(trial.params, static_cast<std::uint64_t>(id));
    trial.value = shown.value;
    trial.state = TrialState::completed;
    tuner::Attempt attempt;
    attempt.ended_at =
        attempt.started_at + std::chrono::round<WallTime::duration>(std::chrono::duration<double>(shown.seconds));
    trial.attempts.push_back(std::move(attempt));
    history.push_back(std::move(trial));
  }
  return history;
}

// The point with numbers moved by `shift` of their range (mirrored at the edges) or, if `mirror`, at the other end.
Params moved(const tuner::Space& space, const Params& params, const std::vector<double>& shift, bool mirror) {
  std::vector<double> point = space.encode(params);
  for (std::size_t i = 0; i < point.size(); ++i) {
    const tuner::Parameter& parameter = space.parameters()[space.dimensions()[i]];
    if (std::isnan(point[i])) continue;
    if (parameter.kind == tuner::ParameterKind::categorical) {
      if (mirror) point[i] = static_cast<double>(parameter.values.size() - 1) - point[i];
      continue;
    }
    point[i] = mirror ? 1 - point[i] : std::abs(point[i] + shift[i]);
    if (point[i] > 1) point[i] = 2 - point[i];
  }
  return space.decode(point);
}

// Trials of a study that was made before, by the same method.
tuner::OlderStudy older_study(const Problem& problem, const std::string& kind, std::uint64_t seed) {
  Rng rng(seed, 77);
  std::vector<double> shift(problem.space.dimensions().size());
  for (double& one : shift) one = 0.05 * rng.normal();
  const StudySpec spec = problem.study(tuner::Method::gp, seed + 1000).value();
  const std::vector<Trial> trials = carry_out(spec, kOlderTrials, [&](const Params& params, std::uint64_t) {
    return Shown{3 * problem.evaluate(moved(problem.space, params, shift, kind == "mirrored")) + 7, 1};
  });
  tuner::OlderStudy study{kind, {}};
  for (const Trial& trial : trials) study.trials.emplace_back(trial.params, *trial.value);
  if (kind == "shuffled") {
    std::vector<double> values;
    for (const auto& trial : study.trials) values.push_back(trial.second);
    rng.shuffle(std::span<double>(values));
    for (std::size_t i = 0; i < values.size(); ++i) study.trials[i].second = values[i];
  }
  return study;
}

// From 1 s at one end of the first numeric parameter to e⁴ s at the other.
double seconds_of(const Problem& problem, const Params& params) {
  const std::vector<double> point = problem.space.encode(params);
  for (std::size_t i = 0; i < point.size(); ++i) {
    const tuner::Parameter& parameter = problem.space.parameters()[problem.space.dimensions()[i]];
    if (parameter.kind != tuner::ParameterKind::categorical && !std::isnan(point[i])) return std::exp(4 * point[i]);
  }
  return 1;
}

double spread(const Problem& problem) {
  Rng rng(4);
  double sum = 0, squares = 0;
  constexpr int kSamples = 2000;
  for (int i = 0; i < kSamples; ++i) {
    const double value = problem.evaluate(problem.space.sample(rng));
    sum += value;
    squares += value * value;
  }
  return std::sqrt(std::max(squares / kSamples - sum / kSamples * (sum / kSamples), 0.0));
}

// Noise-free best after each trial.
std::vector<double> best_so_far(const Problem& problem, const std::vector<Trial>& trials) {
  std::vector<double> best;
  double least = std::numeric_limits<double>::infinity();
  for (const Trial& trial : trials) best.push_back(least = std::min(least, problem.evaluate(trial.params)));
  return best;
}

// Normalized regrets with the feature and without.
struct Pair {
  std::vector<double> with, without;
};

double regret(double best, const Problem& problem, double random) {
  return std::clamp((best - problem.optimum) / std::max(random - problem.optimum, 1e-12), 0.0, 2.0);
}

constexpr std::array<std::size_t, 3> kCheckpoints{10, 20, 40};

Pair compare_older(const Problem& problem, std::uint64_t seed, const Options& options,
                   const std::vector<double>& median) {
  StudySpec cold = problem.study(tuner::Method::gp, seed).value();
  StudySpec warm = cold;
  warm.warm_start.push_back(older_study(problem, options.what, seed));
  Pair out;
  for (const StudySpec* spec : {&warm, &cold}) {
    const auto best = best_so_far(problem, carry_out(*spec, options.trials, [&](const Params& params, std::uint64_t) {
                                    return Shown{problem.evaluate(params), 1};
                                  }));
    for (const std::size_t at : kCheckpoints)
      if (at <= best.size())
        (spec == &warm ? out.with : out.without).push_back(regret(best[at - 1], problem, median[at - 1]));
  }
  return out;
}

// At equal time: that of 10, 20 and 40 trials of mean cost over the space.
Pair compare_costs(const Problem& problem, std::uint64_t seed, const Options& options,
                   const std::vector<double>& median) {
  StudySpec plain = problem.study(tuner::Method::gp, seed).value();
  StudySpec per_second = plain;
  per_second.acquisition = tuner::Acquisition::ei_per_second;
  Rng rng(9);
  double mean = 0;
  for (int i = 0; i < 1000; ++i) mean += seconds_of(problem, problem.space.sample(rng)) / 1000;
  Pair out;
  for (const StudySpec* spec : {&per_second, &plain}) {
    const auto trials = carry_out(*spec, 3 * options.trials, [&](const Params& params, std::uint64_t) {
      return Shown{problem.evaluate(params), seconds_of(problem, params)};
    });
    const auto best = best_so_far(problem, trials);
    for (const std::size_t at : kCheckpoints) {
      double spent = 0, found = std::numeric_limits<double>::infinity();
      for (std::size_t i = 0; i < trials.size(); ++i) {
        spent += seconds_of(problem, trials[i].params);
        if (spent > mean * static_cast<double>(at)) break;
        found = best[i];
      }
      (spec == &per_second ? out.with : out.without).push_back(regret(found, problem, median[at - 1]));
    }
  }
  return out;
}

// Noise-free value of the point that would be chosen: with repeats, of the best mean among points measured again, if
// there is one; without, of the best value.
double chosen_value(const Problem& problem, const std::vector<Trial>& trials, std::size_t count) {
  struct Seen {
    double sum = 0;
    std::size_t n = 0;
    const Trial* trial = nullptr;
  };
  std::map<std::string, Seen> seen;
  for (std::size_t i = 0; i < count; ++i) {
    Seen& one = seen[tuner::point_key(trials[i].params)];
    one.sum += *trials[i].value;
    ++one.n;
    one.trial = &trials[i];
  }
  const bool again = std::ranges::any_of(seen, [](const auto& one) { return one.second.n > 1; });
  const Seen* best = nullptr;
  for (const auto& [key, one] : seen) {
    if (again && one.n == 1) continue;
    if (best == nullptr || one.sum / static_cast<double>(one.n) < best->sum / static_cast<double>(best->n)) best = &one;
  }
  return problem.evaluate(best->trial->params);
}

Pair compare_repeats(const Problem& problem, std::uint64_t seed, const Options& options,
                     const std::vector<double>& median) {
  StudySpec once = problem.study(tuner::Method::gp, seed).value();
  StudySpec again = once;
  again.repeats = 10;
  const double sd = options.noise * spread(problem);
  Pair out;
  for (const StudySpec* spec : {&again, &once}) {
    const auto trials = carry_out(*spec, options.trials, [&](const Params& params, std::uint64_t trial) {
      return Shown{problem.evaluate(params) + sd * Rng(seed, trial).normal(), 1};
    });
    for (const std::size_t at : kCheckpoints)
      if (at <= trials.size())
        (spec == &again ? out.with : out.without)
            .push_back(regret(chosen_value(problem, trials, at), problem, median[at - 1]));
  }
  return out;
}

Status measure(const Options& options) {
  std::vector<Problem> problems;
  for (const std::string& word : options.problems) {
    const bool group = word == "all" || word == "dev" || word == "extra";
    for (const std::string& name : group ? problem_names(word) : std::vector{word}) {
      KRIGE_TRY(Problem problem, make_problem(name, options.instance));
      problems.push_back(std::move(problem));
    }
  }
  struct Task {
    std::size_t problem;
    std::uint64_t seed;
    Pair pair;
  };
  std::vector<std::vector<double>> medians;
  std::vector<Task> tasks;
  for (std::size_t i = 0; i < problems.size(); ++i) {
    medians.push_back(random_search_median(problems[i], options.instance, kCheckpoints.back()));
    for (std::uint64_t seed = 1; seed <= options.seeds; ++seed) tasks.push_back({i, seed, {}});
  }
  const auto compare = options.what == "costs"     ? compare_costs
                       : options.what == "repeats" ? compare_repeats
                                                   : compare_older;
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t i = next++; i < tasks.size(); i = next++)
      tasks[i].pair = compare(problems[tasks[i].problem], tasks[i].seed, options, medians[tasks[i].problem]);
  };
  {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < std::max<std::size_t>(options.threads, 1); ++i) threads.emplace_back(work);
  }
  fmt::print("{} on {} problems, {} seeds: normalized regret at 10, 20, 40{}\n", options.what, problems.size(),
             options.seeds, options.what == "costs" ? " trials' time" : " trials");
  for (std::size_t c = 0; c < kCheckpoints.size(); ++c) {
    std::vector<std::vector<double>> with(problems.size()), without(problems.size()), difference(problems.size());
    for (const Task& task : tasks) {
      with[task.problem].push_back(task.pair.with[c]);
      without[task.problem].push_back(task.pair.without[c]);
      difference[task.problem].push_back(task.pair.with[c] - task.pair.without[c]);
    }
    const Estimate gain = bootstrap(difference);
    fmt::print("@{}: with {:.3f}  without {:.3f}  difference {:+.3f} [{:+.3f}, {:+.3f}]\n", kCheckpoints[c],
               bootstrap(with).mean, bootstrap(without).mean, gain.mean, gain.low, gain.high);
  }
  return {};
}

}  // namespace
}  // namespace krige::bench

int main(int argc, char** argv) {
  krige::bench::Options options;
  CLI::App app("What the Gaussian process gains by knowing more than values");
  app.add_option("what", options.what, "related, mirrored, shuffled (an older study), costs or repeats")
      ->check(CLI::IsMember({"related", "mirrored", "shuffled", "costs", "repeats"}))
      ->capture_default_str();
  app.add_option("--problems", options.problems, "dev, extra, all or names")->delimiter(',')->capture_default_str();
  app.add_option("--seeds", options.seeds)->check(CLI::Range(1, 1000))->capture_default_str();
  app.add_option("--instance", options.instance, "0: the recorded constants; others are drawn")->capture_default_str();
  app.add_option("--noise", options.noise, "repeats: noise, in standard deviations of the objective over the space")
      ->check(CLI::Range(0.0, 10.0))
      ->capture_default_str();
  app.add_option("--threads", options.threads, "Runs at once")->check(CLI::Range(1, 1024))->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const krige::Status status = krige::bench::measure(options);
  if (status) return 0;
  fmt::print(stderr, "{}\n", status.error().describe());
  return krige::exit_code(status.error().code);
}
