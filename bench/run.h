// One sampler on one problem: trials in order, what they found and what the asking cost.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bench/problems/problem.h"

namespace krige::bench {

struct RunOptions {
  std::size_t trials = 60;
  std::size_t parallel = 1;  // trials pending at once; the one asked for first finishes first
  std::uint64_t instance = 0;
  double crash = 0;  // share of the space whose trials fail
};

struct Run {
  std::vector<double> best;         // noise-free, after each finished trial; infinite before one completed
  std::vector<double> ask_seconds;  // CPU time of the asking thread, by trial
  // Share of the trials after the 15th in the region that fails; none without such a region.
  std::optional<double> crashed;
  bool nothing_can_fail = false;  // a region was asked for, and the problem has none
};

// Error: the study's or the sampler's.
[[nodiscard]] Result<Run> run(const Problem& problem, tuner::Method method, std::uint64_t seed,
                              const RunOptions& options);

// A ball in the coordinates of the space, of which it holds `share` (less, where distances are equal) and not the
// problem's solution. Empty when no such ball was found.
class CrashRegion {
 public:
  CrashRegion(const Problem& problem, double share, std::uint64_t seed);
  [[nodiscard]] bool holds(const tuner::Params& params) const;
  [[nodiscard]] bool empty() const { return radius_ <= 0; }

 private:
  [[nodiscard]] double distance(const tuner::Params& params) const;
  const tuner::Space& space_;
  std::vector<double> centre_;
  double radius_ = 0;
};

}  // namespace krige::bench
