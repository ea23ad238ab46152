// The optimizers of mode mapreduce, which see the whole objective at once: L-BFGS (Liu, Nocedal 1989) and, with l1,
// OWL-QN (Andrew, Gao 2007), both of liblbfgs with 10 corrections; or proximal gradient descent (optimizer: sgd).
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/train_job.h"
#include "trainer/floats.h"

namespace krige::trainer {

struct DriverCalls {
  // The mean loss at w, and its gradient. An error ends the minimization with that error.
  std::function<Result<double>(std::span<const double> w, std::span<double> gradient)> mean_loss;
  // After each iteration, from 1; false ends the minimization.
  std::function<bool(std::uint64_t iteration, std::span<const double> w)> on_iteration;
};

// Minimizes mean loss + l2/2·‖w‖² + l1·‖w‖₁ from w in at most job.epochs iterations; the penalty is over the keys
// `penalized`. Ends earlier where the gradient vanishes or rounding leaves no descent. w is then the last iterate.
[[nodiscard]] Status minimize(const TrainJob& job, const std::vector<KeyRange>& penalized, std::vector<double>& w,
                              const DriverCalls& calls);

}  // namespace krige::trainer
