// One method on one problem: trials in order, what they found and what the asking cost.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "bench/competitors/competitor.h"

namespace krige::bench {

struct RunOptions {
  std::size_t trials = 60;
  std::size_t parallel = 1;  // trials pending at once; the one asked for first finishes first
  std::uint64_t instance = 0;
  double crash = 0;  // share of the space whose trials fail
  // Noise in standard deviations of the problem over random points, in place of the problem's own. Judged is then not
  // the best value that was tried but that of the trial which looked best: all that a user could choose by.
  std::optional<double> noise = {};
};

struct Run {
  // Noise-free, after each finished trial; infinite before one completed. With RunOptions::noise not always descending.
  std::vector<double> best;
  std::vector<double> ask_seconds;  // CPU time of asking, and of telling what ended since the last, by trial
  // Share of the trials after the 15th in the region that fails; none without such a region.
  std::optional<double> crashed;
  bool nothing_can_fail = false;  // a region was asked for, and the problem has none
};

// `method`: one of method_names(). Errors: make_competitor()'s or the method's own.
[[nodiscard]] Result<Run> run(const Problem& problem, std::string_view method, std::uint64_t seed,
                              const RunOptions& options);

// Of the noise-free values at random points; the same for the same problem and instance.
[[nodiscard]] double standard_deviation(const Problem& problem, std::uint64_t instance);

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
