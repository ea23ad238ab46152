#include "bench/run.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>

#include "base/rng.h"
#include "bench/problems/constants.h"

namespace krige::bench {
namespace {

using tuner::Trial;
using tuner::TrialState;

constexpr std::size_t kCrashesCountedAfter = 15;

double thread_seconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// One distance for parameters that only one of two points has, and for two categories.
double difference(const tuner::Parameter& parameter, double a, double b) {
  if (std::isnan(a) && std::isnan(b)) return 0;
  if (std::isnan(a) || std::isnan(b)) return 0.5;
  if (parameter.kind == tuner::ParameterKind::categorical) return a == b ? 0 : 0.5;
  return a - b;
}

}  // namespace

CrashRegion::CrashRegion(const Problem& problem, double share, std::uint64_t seed) : space_(problem.space) {
  constexpr std::size_t kSamples = 4000;
  constexpr int kCentres = 100;
  Rng rng(seed, 1);
  std::vector<double> distances(kSamples);
  for (int i = 0; i < kCentres; ++i) {
    centre_ = space_.encode(space_.sample(rng));
    for (double& one : distances) one = distance(space_.sample(rng));
    const auto edge = distances.begin() + static_cast<std::ptrdiff_t>(share * kSamples);
    std::ranges::nth_element(distances, edge);
    radius_ = *edge;
    if (!holds(problem.solution)) return;
  }
  radius_ = 0;  // every ball of that share has the solution: nothing fails
}

double CrashRegion::distance(const tuner::Params& params) const {
  const std::vector<double> point = space_.encode(params);
  double sum = 0;
  for (std::size_t i = 0; i < point.size(); ++i) {
    const double d = difference(space_.parameters()[space_.dimensions()[i]], point[i], centre_[i]);
    sum += d * d;
  }
  return std::sqrt(sum);
}

bool CrashRegion::holds(const tuner::Params& params) const { return distance(params) < radius_; }

double standard_deviation(const Problem& problem, std::uint64_t instance) {
  constexpr int kSamples = 4000;
  Rng rng(name_hash(problem.name + " standard deviation"), instance);
  double mean = 0, squares = 0;  // Welford's, without cancellation
  for (int i = 1; i <= kSamples; ++i) {
    const double value = problem.evaluate(problem.space.sample(rng));
    const double before = value - mean;
    mean += before / i;
    squares += before * (value - mean);
  }
  return std::sqrt(squares / kSamples);
}

Result<Run> run(const Problem& problem, std::string_view method, std::uint64_t seed, const RunOptions& options) {
  KRIGE_TRY(const std::unique_ptr<Competitor> competitor, make_competitor(method, problem, seed));
  const double noise_sd =
      options.noise ? *options.noise * standard_deviation(problem, options.instance) : problem.noise;
  std::optional<CrashRegion> region;
  Run out;
  if (options.crash > 0) {
    region.emplace(problem, options.crash, mix64(seed) ^ options.instance);
    out.nothing_can_fail = region->empty();
    if (region->empty()) region.reset();
  }
  std::vector<Trial> history;
  double best = std::numeric_limits<double>::infinity(), best_seen = best, telling = 0;
  std::size_t late_crashes = 0;
  while (out.best.size() < options.trials) {
    const std::size_t asked = history.size();
    if (asked < options.trials && asked - out.best.size() < std::max<std::size_t>(options.parallel, 1)) {
      Trial trial;
      trial.id = static_cast<TrialId>(asked + 1);
      const double before = thread_seconds();
      KRIGE_TRY(Proposal proposal, competitor->ask(history, trial.id));
      out.ask_seconds.push_back(thread_seconds() - before + proposal.cpu_seconds + telling);
      telling = 0;
      trial.state = TrialState::running;
      trial.params = std::move(proposal.suggestion.params);
      trial.suggestion = std::move(proposal.suggestion.info);
      history.push_back(std::move(trial));
      continue;
    }
    Trial& trial = history[out.best.size()];
    if (region && region->holds(trial.params)) {
      trial.state = TrialState::failed;
      if (out.best.size() >= kCrashesCountedAfter) ++late_crashes;
    } else {
      const double value = problem.evaluate(trial.params);
      // The same noise for every method.
      const double noise = noise_sd > 0 ? noise_sd * Rng(seed, static_cast<std::uint64_t>(trial.id)).normal() : 0;
      trial.state = TrialState::completed;
      trial.value = value + noise;
      if (!options.noise) {
        best = std::min(best, value);
      } else if (*trial.value < best_seen) {
        best_seen = *trial.value;
        best = value;
      }
    }
    const double before = thread_seconds();
    KRIGE_CHECK(competitor->tell(trial));
    telling += thread_seconds() - before;
    out.best.push_back(best);
  }
  if (region && options.trials > kCrashesCountedAfter)
    out.crashed = static_cast<double>(late_crashes) / static_cast<double>(options.trials - kCrashesCountedAfter);
  return out;
}

}  // namespace krige::bench
