#include "trainer/optimizers/optimizer.h"

#include <cmath>

#include "trainer/floats.h"

namespace krige::trainer {
namespace {

// The loops are plain so that the compiler makes vectors of them; square root and division are exactly rounded either
// way.
class Sgd final : public Optimizer {
 public:
  explicit Sgd(double rate) : rate_(static_cast<float>(rate)) {}
  void step(std::span<float> weights, std::span<const float> gradient) override {
    float* w = weights.data();
    const float* g = gradient.data();
    for (std::size_t i = 0; i < weights.size(); ++i) w[i] -= rate_ * g[i];
  }

 private:
  float rate_;
};

class Momentum final : public Optimizer {
 public:
  Momentum(double rate, double momentum, std::size_t keys)
      : rate_(static_cast<float>(rate)), momentum_(static_cast<float>(momentum)), velocity_(keys, 0.0F) {}
  void step(std::span<float> weights, std::span<const float> gradient) override {
    float* w = weights.data();
    const float* g = gradient.data();
    float* v = velocity_.data();
    for (std::size_t i = 0; i < weights.size(); ++i) {
      v[i] = momentum_ * v[i] + g[i];
      w[i] -= rate_ * v[i];
    }
  }
  [[nodiscard]] std::vector<std::span<float>> state() override { return {velocity_}; }

 private:
  float rate_;
  float momentum_;
  Floats velocity_;
};

class Adagrad final : public Optimizer {
 public:
  Adagrad(double rate, std::size_t keys) : rate_(static_cast<float>(rate)), squares_(keys, 0.0F) {}
  void step(std::span<float> weights, std::span<const float> gradient) override {
    float* w = weights.data();
    const float* g = gradient.data();
    float* s = squares_.data();
    for (std::size_t i = 0; i < weights.size(); ++i) {
      s[i] += g[i] * g[i];
      w[i] -= rate_ * g[i] / (std::sqrt(s[i]) + 1e-10F);
    }
  }
  [[nodiscard]] std::vector<std::span<float>> state() override { return {squares_}; }

 private:
  float rate_;
  Floats squares_;
};

class Adam final : public Optimizer {
 public:
  Adam(double rate, std::size_t keys) : rate_(rate), mean_(keys, 0.0F), squares_(keys, 0.0F) {}
  void step(std::span<float> weights, std::span<const float> gradient) override {
    ++steps_;
    const double mean_correction = 1 - std::pow(kMeanDecay, static_cast<double>(steps_));
    const double square_correction = 1 - std::pow(kSquareDecay, static_cast<double>(steps_));
    const auto rate = static_cast<float>(rate_ / mean_correction);
    const auto root = static_cast<float>(1 / std::sqrt(square_correction));
    constexpr auto kKeepMean = static_cast<float>(kMeanDecay);
    constexpr auto kTakeMean = static_cast<float>(1 - kMeanDecay);
    constexpr auto kKeepSquare = static_cast<float>(kSquareDecay);
    constexpr auto kTakeSquare = static_cast<float>(1 - kSquareDecay);
    float* w = weights.data();
    const float* g = gradient.data();
    float* m = mean_.data();
    float* s = squares_.data();
    for (std::size_t i = 0; i < weights.size(); ++i) {
      m[i] = kKeepMean * m[i] + kTakeMean * g[i];
      s[i] = kKeepSquare * s[i] + kTakeSquare * (g[i] * g[i]);
      w[i] -= rate * m[i] / (std::sqrt(s[i]) * root + 1e-8F);
    }
  }
  [[nodiscard]] std::vector<std::span<float>> state() override { return {mean_, squares_}; }
  void resume(std::uint64_t steps) override { steps_ = steps; }

 private:
  static constexpr double kMeanDecay = 0.9;
  static constexpr double kSquareDecay = 0.999;
  double rate_;
  std::uint64_t steps_ = 0;
  Floats mean_;
  Floats squares_;
};

}  // namespace

std::unique_ptr<Optimizer> make_optimizer(const TrainJob& job, std::size_t keys) {
  switch (job.optimizer) {
    case OptimizerKind::momentum:
      return std::make_unique<Momentum>(job.learning_rate, job.momentum, keys);
    case OptimizerKind::adagrad:
      return std::make_unique<Adagrad>(job.learning_rate, keys);
    case OptimizerKind::adam:
      return std::make_unique<Adam>(job.learning_rate, keys);
    case OptimizerKind::sgd:
      break;
    case OptimizerKind::ftrl:
      break;  // parse_train_job refuses it
  }
  return std::make_unique<Sgd>(job.learning_rate);
}

}  // namespace krige::trainer
