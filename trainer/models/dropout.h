// Inverted dropout (Srivastava et al. 2014, in the form that scales in training): a unit is kept with probability
// 1 − rate and then multiplied by 1 / (1 − rate), so that an evaluation needs no change.
#pragma once

#include <cmath>
#include <cstdint>
#include <span>

#include "base/rng.h"
#include "trainer/schedule.h"

namespace krige::trainer {

// The factors of one row's units: 0 or 1 / (1 − rate). A function of its arguments alone: counter-based, without a
// state, two units a hash.
template <typename T>
void dropout_mask(double rate, std::uint64_t seed, std::uint64_t step, std::uint64_t row, std::uint64_t layer,
                  std::span<T> factors) {
  constexpr std::uint64_t kGolden = 0x9e3779b97f4a7c15;  // of splitmix64
  std::uint64_t base = mix64(seed ^ mix64(static_cast<std::uint64_t>(SeedStream::dropout)));
  for (const std::uint64_t part : {step, row, layer}) base = mix64(base + kGolden * (part + 1));
  const auto dropped = static_cast<std::uint64_t>(std::llround(rate * 0x1p32));
  const auto kept = static_cast<T>(1 / (1 - rate));
  for (std::size_t unit = 0; unit < factors.size(); ++unit) {
    const std::uint64_t bits = mix64(base + kGolden * (unit / 2 + 1));
    factors[unit] = (unit % 2 == 0 ? bits & 0xffffffff : bits >> 32) < dropped ? T(0) : kept;
  }
}

}  // namespace krige::trainer
