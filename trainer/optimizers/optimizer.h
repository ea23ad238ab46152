// The rule by which a shard turns a gradient into new weights. It works element by element, so that the result does not
// depend on where the keys are cut into shards.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/train_job.h"

namespace krige::trainer {

// Holds the state of a fixed number of keys (velocity, squares, …), zero at first. Not to be shared between threads.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  // One update with the gradient of the objective at `weights`; both have the optimizer's number of keys.
  virtual void step(std::span<float> weights, std::span<const float> gradient) = 0;
  // For a checkpoint: the arrays of its state, one number a key each, and the updates that they come from.
  [[nodiscard]] virtual std::vector<std::span<float>> state() { return {}; }
  virtual void resume(std::uint64_t /*steps*/) {}
};

// With learning rate η and gradient g:
//   sgd       w −= η g
//   momentum  v = μ v + g; w −= η v                                 (heavy ball, Polyak 1964)
//   adagrad   s += g²; w −= η g / (√s + 1e−10)                      (Duchi, Hazan, Singer 2011)
//   adam      m = .9 m + .1 g; s = .999 s + .001 g²;
//             w −= η m̂ / (√ŝ + 1e−8), m̂ = m/(1 − .9ᵗ), ŝ = s/(1 − .999ᵗ)   (Kingma, Ba 2015, algorithm 1)
[[nodiscard]] std::unique_ptr<Optimizer> make_optimizer(const TrainJob& job, std::size_t keys);

}  // namespace krige::trainer
