// Test problems for samplers: functions with a known optimum, over spaces of every kind. All are minimized.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "tuner/spec/study_spec.h"

namespace krige::bench {

struct Problem {
  std::string name;
  std::string group;       // dev or extra
  std::string parameters;  // those of a study file, JSON text
  tuner::Space space;
  double optimum = 0;      // of the noise-free value
  tuner::Params solution;  // a point that reaches it, up to the rounding of integers
  double noise = 0;        // standard deviation of what a study is told
  // The noise-free value at a point of the space. Safe from any thread.
  std::function<double(const tuner::Params&)> evaluate;

  // A study of this problem that minimizes `value`.
  [[nodiscard]] Result<tuner::StudySpec> study(tuner::Method method, std::uint64_t seed) const;
};

// Names of a group: dev, extra or all.
[[nodiscard]] std::vector<std::string> problem_names(std::string_view group);

// The problem with constants of its own for each instance; a dev problem's instance 0 has the recorded ones.
// Error: not_found.
[[nodiscard]] Result<Problem> make_problem(std::string_view name, std::uint64_t instance);

// The median, over many random searches, of the best noise-free value after each of `trials` trials. Recorded for
// instance 0 of the dev problems, as far as that goes; else estimated.
[[nodiscard]] std::vector<double> random_search_median(const Problem& problem, std::uint64_t instance,
                                                       std::size_t trials);

}  // namespace krige::bench
