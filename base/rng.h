// Random numbers that are the same on every machine: the standard library's distributions differ between
// implementations.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numbers>
#include <span>
#include <utility>

namespace krige {

// One step of splitmix64 (Steele, Lea, Flood 2014): a bijective mix, also used to derive seeds from (seed, stream).
[[nodiscard]] std::uint64_t mix64(std::uint64_t value);

// xoshiro256++ 1.0 (Blackman, Vigna 2019). A value: copy it to replay it. Not to be shared between threads.
class Rng {
 public:
  explicit Rng(std::uint64_t seed);
  // An independent generator for a stream of its own, as Rng(study_seed, trial_id).
  Rng(std::uint64_t seed, std::uint64_t stream);

  std::uint64_t next();
  // Uniform in [0, 1) with 53 bits.
  double uniform();
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  // Uniform in {0, …, n − 1} without bias (Lemire 2019); n ≥ 1.
  std::uint64_t below(std::uint64_t n);
  // Standard normal by Marsaglia's polar method.
  double normal();

  // Fisher-Yates.
  template <typename T>
  void shuffle(std::span<T> items) {
    for (std::size_t i = items.size(); i > 1; --i) std::swap(items[i - 1], items[below(i)]);
  }

  // The whole state, for a checkpoint.
  struct State {
    std::array<std::uint64_t, 4> words{};
    double spare_normal = 0;
    bool has_spare = false;
    friend bool operator==(const State&, const State&) = default;
  };
  [[nodiscard]] const State& state() const { return state_; }
  void restore(const State& state) { state_ = state; }

 private:
  State state_;
};

}  // namespace krige
