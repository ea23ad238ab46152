// The rule by which a shard turns a gradient into new weights. It works element by element, so that the result does not
// depend on where the keys are cut into shards.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/train_job.h"
#include "trainer/floats.h"

namespace krige::trainer {

// Holds the state of a fixed number of keys (velocity, squares, …). Not to be shared between threads.
class Optimizer {
 public:
  virtual ~Optimizer() = default;
  // One update with learning rate `rate`: the gradient of the objective at `weights` is `share` times the sum of the
  // losses' gradients, and the penalty's. Both spans have the optimizer's number of keys.
  void step(double rate, std::span<float> weights, std::span<const float> loss_gradients, float share = 1);
  // For a checkpoint: the arrays of its state, one number a key each; and the updates that they come from, with the
  // rate of the last one.
  [[nodiscard]] virtual std::vector<std::span<float>> state() { return {}; }
  virtual void resume(std::uint64_t /*steps*/, double /*last_rate*/) {}

 protected:
  Optimizer(const TrainJob& job, std::size_t keys, const std::vector<KeyRange>& penalized);
  struct Keys {
    KeyRange range;
    float l1;
    float l2;
  };
  struct Sum {
    const float* loss_gradients;
    float share;
  };
  // The gradient of the objective without its l1 term, computed where it is used: one pass over memory.
  class GradientOf {
   public:
    GradientOf(const Keys& keys, const float* weights, const Sum& sum)
        : sums_(sum.loss_gradients), weights_(weights), share_(sum.share), l2_(keys.l2) {}
    float operator[](std::size_t i) const { return share_ * sums_[i] + l2_ * weights_[i]; }

   private:
    const float* sums_;
    const float* weights_;
    float share_;
    float l2_;
  };

 private:
  // Called once a step, before all update().
  virtual void begin(double rate, std::span<const float> weights) = 0;
  // w and the sum are of all keys.
  virtual void update(const Keys& keys, float* w, const Sum& sum) = 0;

  std::vector<Keys> keys_;  // maximal ranges of one penalty
};

// With learning rate η, gradient g and S(w, t) = sign(w) max(|w| − t, 0), the proximal step of t·|w|:
//   sgd       w = S(w − η g, η l1)
//   momentum  v = μ v + g; w′ = S(w − η v, η l1); v = (w − w′)/η    (heavy ball, Polyak 1964; with l1 Ochs et al. 2014)
//   adagrad   s += g²; w = S(w − a g, a l1), a = η / (√s + 1e−10)   (Duchi, Hazan, Singer 2011, eq. 24)
//   adam      m = .9 m + .1 g; s = .999 s + .001 g²;
//             w = S(w − a m̂, a l1), a = η / (√ŝ + 1e−8),
//             m̂ = m/(1 − .9ᵗ), ŝ = s/(1 − .999ᵗ)                   (Kingma, Ba 2015, algorithm 1)
//   ftrl      r = (β + √n)/η; n += g²; r′ = (β + √n)/η; z += g − (r′ − r) w; w = −S(z, t l1) / r′
//                                                                  (McMahan et al. 2013, algorithm 1)
// ftrl sums gradients, so its l1 counts once an update (McMahan 2011, eq. 4): the objective is then the one of all
// other optimizers. Its z begins at −w β/η, which keeps the initial weights of a model that does not begin at zero.
//
// `penalized` are the keys that l1 and l2 apply to, ascending.
[[nodiscard]] std::unique_ptr<Optimizer> make_optimizer(const TrainJob& job, std::size_t keys,
                                                        const std::vector<KeyRange>& penalized);

}  // namespace krige::trainer
