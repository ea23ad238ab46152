#include "bench/problems/problem.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "bench/problems/make.h"

namespace krige::bench {
namespace {

constexpr std::size_t kSearches = 400;  // the median's own error is then a few hundredths of the spread

std::vector<double> estimate_median(const Problem& problem, std::uint64_t instance, std::size_t trials) {
  Rng rng(name_hash(problem.name + " random search"), instance);
  std::vector<std::vector<double>> best(trials, std::vector<double>(kSearches));
  for (std::size_t search = 0; search < kSearches; ++search) {
    for (std::size_t trial = 0; trial < trials; ++trial) {
      const double value = problem.evaluate(problem.space.sample(rng));
      best[trial][search] = trial == 0 ? value : std::min(value, best[trial - 1][search]);
    }
  }
  std::vector<double> median;
  for (std::vector<double>& values : best) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(kSearches / 2);
    std::ranges::nth_element(values, middle);
    median.push_back(*middle);
  }
  return median;
}

}  // namespace

Result<tuner::StudySpec> Problem::study(tuner::Method method, std::uint64_t seed) const {
  KRIGE_TRY(OrderedJson read, parse_json(parameters));
  return tuner::parse_study({{"name", name},
                             {"metric", {{"name", "value"}, {"goal", "minimize"}}},
                             {"method", tuner::name(method)},
                             {"seed", seed},
                             {"parameters", std::move(read)}});
}

std::vector<std::string> problem_names(std::string_view group) {
  std::vector<std::string> names;
  if (group != "extra")
    for (const Maker& maker : dev_makers()) names.emplace_back(maker.name);
  if (group != "dev")
    for (const Maker& maker : extra_makers()) names.emplace_back(maker.name);
  return names;
}

Result<Problem> make_problem(std::string_view name, std::uint64_t instance) {
  for (const bool dev : {true, false}) {
    for (const Maker& maker : dev ? dev_makers() : extra_makers()) {
      if (maker.name != name) continue;
      Constants constants = dev && instance == 0 ? Constants(*recorded(name)) : Constants(name, instance);
      Problem problem = maker.make(constants);
      problem.name = name;
      problem.group = dev ? "dev" : "extra";
      return problem;
    }
  }
  return fail(ErrorCode::not_found, fmt::format("there is no problem {}", name));
}

std::vector<double> random_search_median(const Problem& problem, std::uint64_t instance, std::size_t trials) {
  const Recorded* known = problem.group == "dev" && instance == 0 ? recorded(problem.name) : nullptr;
  if (known != nullptr && trials <= known->random_median.size())
    return {known->random_median.begin(), known->random_median.begin() + static_cast<std::ptrdiff_t>(trials)};
  return estimate_median(problem, instance, trials);
}

}  // namespace krige::bench
