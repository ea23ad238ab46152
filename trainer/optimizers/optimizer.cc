#include "trainer/optimizers/optimizer.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "trainer/floats.h"

namespace krige::trainer {
namespace {

// S(w, t); what is not a number stays so.
inline float shrunk(float w, float threshold) {
  return std::abs(w) <= threshold ? 0.0F : w - std::copysign(threshold, w);
}

// The loops are plain so that the compiler makes vectors of them; square root and division are exactly rounded either
// way. Without l1, S leaves a weight as it is.
class Sgd final : public Optimizer {
 public:
  Sgd(const TrainJob& job, std::size_t keys, const std::vector<KeyRange>& penalized)
      : Optimizer(job, keys, penalized) {}

 private:
  void begin(double rate, std::span<const float>) override { rate_ = static_cast<float>(rate); }
  void update(const Keys& keys, float* __restrict w, const Sum& sum) override {
    const GradientOf gradient(keys, w, sum);
    const float rate = rate_;
    const float threshold = rate * keys.l1;
    for (std::size_t i = keys.range.begin; i < keys.range.end; ++i) w[i] = shrunk(w[i] - rate * gradient[i], threshold);
  }

  float rate_ = 0;
};

class Momentum final : public Optimizer {
 public:
  Momentum(const TrainJob& job, std::size_t keys, const std::vector<KeyRange>& penalized)
      : Optimizer(job, keys, penalized), momentum_(static_cast<float>(job.momentum)), velocity_(keys, 0.0F) {}

 private:
  void begin(double rate, std::span<const float>) override { rate_ = static_cast<float>(rate); }
  void update(const Keys& keys, float* __restrict w, const Sum& sum) override {
    const GradientOf gradient(keys, w, sum);
    const float rate = rate_;
    const float momentum = momentum_;
    const float threshold = rate * keys.l1;
    float* __restrict v = velocity_.data();
    if (threshold == 0) {
      for (std::size_t i = keys.range.begin; i < keys.range.end; ++i) {
        v[i] = momentum * v[i] + gradient[i];
        w[i] -= rate * v[i];
      }
      return;
    }
    // The velocity is that of the step as it was made: else it would pile up against the threshold, and the weights
    // settle where g/(1 − μ), not g, balances l1.
    for (std::size_t i = keys.range.begin; i < keys.range.end; ++i) {
      const float before = w[i];
      w[i] = shrunk(before - rate * (momentum * v[i] + gradient[i]), threshold);
      v[i] = (before - w[i]) / rate;
    }
  }
  [[nodiscard]] std::vector<std::span<float>> state() override { return {velocity_}; }

  float rate_ = 0;
  float momentum_;
  Floats velocity_;
};

class Adagrad final : public Optimizer {
 public:
  Adagrad(const TrainJob& job, std::size_t keys, const std::vector<KeyRange>& penalized)
      : Optimizer(job, keys, penalized), squares_(keys, 0.0F) {}

 private:
  void begin(double rate, std::span<const float>) override { rate_ = static_cast<float>(rate); }
  void update(const Keys& keys, float* __restrict w, const Sum& sum) override {
    const GradientOf gradient(keys, w, sum);
    const float rate = rate_;
    const float l1 = keys.l1;
    float* __restrict s = squares_.data();
    for (std::size_t i = keys.range.begin; i < keys.range.end; ++i) {
      const float g = gradient[i];
      s[i] += g * g;
      const float step = rate / (std::sqrt(s[i]) + 1e-10F);
      w[i] = shrunk(w[i] - step * g, step * l1);
    }
  }
  [[nodiscard]] std::vector<std::span<float>> state() override { return {squares_}; }

  float rate_ = 0;
  Floats squares_;
};

class Adam final : public Optimizer {
 public:
  Adam(const TrainJob& job, std::size_t keys, const std::vector<KeyRange>& penalized)
      : Optimizer(job, keys, penalized), mean_(keys, 0.0F), squares_(keys, 0.0F) {}

 private:
  void begin(double rate, std::span<const float>) override {
    ++steps_;
    rate_ = static_cast<float>(rate);
    mean_scale_ = static_cast<float>(1 / (1 - std::pow(kMeanDecay, static_cast<double>(steps_))));
    root_scale_ = static_cast<float>(1 / std::sqrt(1 - std::pow(kSquareDecay, static_cast<double>(steps_))));
  }
  void update(const Keys& keys, float* __restrict w, const Sum& sum) override {
    const GradientOf gradient(keys, w, sum);
    constexpr auto kKeepMean = static_cast<float>(kMeanDecay);
    constexpr auto kTakeMean = static_cast<float>(1 - kMeanDecay);
    constexpr auto kKeepSquare = static_cast<float>(kSquareDecay);
    constexpr auto kTakeSquare = static_cast<float>(1 - kSquareDecay);
    const float rate = rate_;
    const float mean_scale = mean_scale_;
    const float root_scale = root_scale_;
    const float l1 = keys.l1;
    float* __restrict m = mean_.data();
    float* __restrict s = squares_.data();
    for (std::size_t i = keys.range.begin; i < keys.range.end; ++i) {
      const float g = gradient[i];
      m[i] = kKeepMean * m[i] + kTakeMean * g;
      s[i] = kKeepSquare * s[i] + kTakeSquare * (g * g);
      const float step = rate / (std::sqrt(s[i]) * root_scale + 1e-8F);
      w[i] = shrunk(w[i] - step * (mean_scale * m[i]), step * l1);
    }
  }
  [[nodiscard]] std::vector<std::span<float>> state() override { return {mean_, squares_}; }
  void resume(std::uint64_t steps, double) override { steps_ = steps; }

  static constexpr double kMeanDecay = 0.9;
  static constexpr double kSquareDecay = 0.999;
  std::uint64_t steps_ = 0;
  float rate_ = 0;
  float mean_scale_ = 1;
  float root_scale_ = 1;
  Floats mean_;
  Floats squares_;
};

class Ftrl final : public Optimizer {
 public:
  Ftrl(const TrainJob& job, std::size_t keys, const std::vector<KeyRange>& penalized)
      : Optimizer(job, keys, penalized), beta_(static_cast<float>(job.ftrl_beta)), sum_(keys), squares_(keys, 0.0F) {}

 private:
  void begin(double rate, std::span<const float> weights) override {
    const float inverse = inverse_of(rate);
    if (steps_++ == 0) {
      inverse_ = inverse;
      for (std::size_t i = 0; i < sum_.size(); ++i) sum_[i] = -weights[i] * beta_ * inverse_;
    }
    before_ = inverse_;
    inverse_ = inverse;
  }
  void update(const Keys& keys, float* __restrict w, const Sum& sum) override {
    const GradientOf gradient(keys, w, sum);
    const float beta = beta_;
    const float before = before_;
    const float inverse = inverse_;
    const float threshold = static_cast<float>(steps_) * keys.l1;
    float* __restrict z = sum_.data();
    float* __restrict n = squares_.data();
    for (std::size_t i = keys.range.begin; i < keys.range.end; ++i) {
      const float old = (beta + std::sqrt(n[i])) * before;
      const float g = gradient[i];
      n[i] += g * g;
      const float root = (beta + std::sqrt(n[i])) * inverse;
      z[i] += g - (root - old) * w[i];
      // β = 0 and no gradient yet: the weight has no scale, and stays.
      w[i] = root > 0 ? -shrunk(z[i], threshold) / root : w[i];
    }
  }
  [[nodiscard]] std::vector<std::span<float>> state() override { return {sum_, squares_}; }
  void resume(std::uint64_t steps, double last_rate) override {
    steps_ = steps;
    inverse_ = inverse_of(last_rate);
  }

  // A schedule may end at zero: nothing moves then, which 1/η cannot say.
  static float inverse_of(double rate) {
    return static_cast<float>(1 / std::max(rate, std::numeric_limits<float>::min() * 1e8));
  }

  float beta_;
  std::uint64_t steps_ = 0;
  float before_ = 0;   // 1/η of the last step
  float inverse_ = 0;  // and of this one
  Floats sum_;         // z of the algorithm
  Floats squares_;     // its n
};

}  // namespace

Optimizer::Optimizer(const TrainJob& job, std::size_t keys, const std::vector<KeyRange>& penalized) {
  const auto add = [&](std::uint64_t begin, std::uint64_t end, double l1, double l2) {
    if (begin < end) keys_.push_back({{begin, end}, static_cast<float>(l1), static_cast<float>(l2)});
  };
  std::uint64_t done = 0;
  if (job.l1 > 0 || job.l2 > 0)
    for (const KeyRange& range : penalized) {
      add(done, range.begin, 0, 0);
      add(range.begin, range.end, job.l1, job.l2);
      done = range.end;
    }
  add(done, keys, 0, 0);
}

void Optimizer::step(double rate, std::span<float> weights, std::span<const float> loss_gradients, float share) {
  begin(rate, weights);
  for (const Keys& keys : keys_) update(keys, weights.data(), {loss_gradients.data(), share});
}

std::unique_ptr<Optimizer> make_optimizer(const TrainJob& job, std::size_t keys,
                                          const std::vector<KeyRange>& penalized) {
  switch (job.optimizer) {
    case OptimizerKind::momentum:
      return std::make_unique<Momentum>(job, keys, penalized);
    case OptimizerKind::adagrad:
      return std::make_unique<Adagrad>(job, keys, penalized);
    case OptimizerKind::adam:
      return std::make_unique<Adam>(job, keys, penalized);
    case OptimizerKind::ftrl:
      return std::make_unique<Ftrl>(job, keys, penalized);
    case OptimizerKind::sgd:
    case OptimizerKind::lbfgs:  // the driver's, which has no use for this
      break;
  }
  return std::make_unique<Sgd>(job, keys, penalized);
}

}  // namespace krige::trainer
