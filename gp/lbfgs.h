// Minimization within a box by L-BFGS (NLopt's LD_LBFGS: Nocedal 1980, Luksan's implementation).
#pragma once

#include <functional>
#include <span>
#include <vector>

namespace krige::gp {

// Writes the gradient and returns the value. A value that is not finite marks a place to stay away from.
using Objective = std::function<double(std::span<const double> x, std::span<double> gradient)>;

struct MinimizeOptions {
  int max_evaluations = 100;
  double tolerance = 1e-6;  // stop when a step changes the value by less, absolutely or relatively
};

struct Minimum {
  std::vector<double> x;  // within the box
  double value = 0;       // infinite when no evaluation was finite; x is then the start
  int evaluations = 0;
};

// The best point seen, whatever NLopt's own end. `start`, `low` and `high` have one length (0: the start is evaluated
// once); the start is clamped into the box. `objective` must not throw.
[[nodiscard]] Minimum minimize_lbfgs(const Objective& objective, std::vector<double> start, std::span<const double> low,
                                     std::span<const double> high, const MinimizeOptions& options);

}  // namespace krige::gp
