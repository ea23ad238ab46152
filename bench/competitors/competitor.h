// Who is asked for trials: a method of this project, or another optimizer (a peer) with its own settings.
//
// gp, random, sobol, cmaes: ours. optuna-tpe, optuna-cmaes: Optuna (MIT licence), a child process a run. dlib:
// find_min_global's search (Boost Software License), where the program was built with it.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "bench/problems/problem.h"
#include "tuner/samplers/sampler.h"

namespace krige::bench {

struct Proposal {
  tuner::Suggestion suggestion;
  double cpu_seconds = 0;  // spent in another process; the caller measures its own
};

// One run over one problem. Not thread-safe.
class Competitor {
 public:
  virtual ~Competitor() = default;
  // A point for trial `next`; `history` has every earlier trial by id, of which those told have ended.
  [[nodiscard]] virtual Result<Proposal> ask(std::span<const tuner::Trial> history, TrialId next) = 0;
  // `trial` has ended, COMPLETED or FAILED.
  [[nodiscard]] virtual Status tell(const tuner::Trial& trial) = 0;
};

// Every name, whether or not it is available.
[[nodiscard]] const std::vector<std::string>& method_names();

// Errors: invalid_argument, for a name that is none; unavailable, where a peer is not installed.
[[nodiscard]] Status check_available(std::string_view method);
// Error: invalid_argument, where the method cannot search the problem's space.
[[nodiscard]] Status check_suitable(std::string_view method, const Problem& problem);

// `problem` must outlive it. Errors: those of both checks; of a peer also io and process_failed.
[[nodiscard]] Result<std::unique_ptr<Competitor>> make_competitor(std::string_view method, const Problem& problem,
                                                                  std::uint64_t seed);

}  // namespace krige::bench
