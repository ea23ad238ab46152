#include "base/sobol.h"

#include <algorithm>
#include <bit>

#include "base/rng.h"
#include "base/sobol_directions.h"

namespace krige {
namespace {

std::uint32_t reverse_bits(std::uint32_t x) {
  x = ((x >> 1) & 0x55555555U) | ((x & 0x55555555U) << 1);
  x = ((x >> 2) & 0x33333333U) | ((x & 0x33333333U) << 2);
  x = ((x >> 4) & 0x0f0f0f0fU) | ((x & 0x0f0f0f0fU) << 4);
  x = ((x >> 8) & 0x00ff00ffU) | ((x & 0x00ff00ffU) << 8);
  return std::rotl(x, 16);
}

// A hash in which each bit depends on lower bits only (Laine, Karras, with Vegdahl's constants): on reversed digits
// that is a nested uniform scramble.
std::uint32_t owen_scramble(std::uint32_t digits, std::uint32_t seed) {
  std::uint32_t x = reverse_bits(digits);
  x ^= x * 0x3d20adeaU;
  x += seed;
  x *= (seed >> 16) | 1U;
  x ^= x * 0x05526c56U;
  x ^= x * 0x53a22864U;
  return reverse_bits(x);
}

}  // namespace

SobolSequence::SobolSequence(std::size_t dims, std::uint64_t scramble_seed)
    : dims_(dims), seed_(scramble_seed), directions_(std::min(dims, kSobolTableDims)), digits_(directions_.size(), 0) {
  std::size_t cursor = 0;
  for (std::size_t d = 0; d < directions_.size(); ++d) {
    auto& v = directions_[d];
    if (d == 0) {
      for (std::size_t k = 0; k < kBits; ++k) v[k] = 1U << (kBits - 1 - k);
      continue;
    }
    const std::uint32_t polynomial = kSobolDirections[cursor++];
    const std::size_t degree = static_cast<std::size_t>(std::bit_width(polynomial)) - 1;
    for (std::size_t k = 0; k < degree; ++k) v[k] = std::uint32_t{kSobolDirections[cursor++]} << (kBits - 1 - k);
    for (std::size_t k = degree; k < kBits; ++k) {
      v[k] = v[k - degree] ^ (v[k - degree] >> degree);
      for (std::size_t j = 1; j < degree; ++j) {
        if ((polynomial >> (degree - j)) & 1U) v[k] ^= v[k - j];
      }
    }
  }
}

void SobolSequence::next(std::span<double> out) {
  for (std::size_t d = 0; d < digits_.size(); ++d) {
    if (seed_ == 0) {
      out[d] = digits_[d] * 0x1.0p-32;
    } else {
      out[d] = (owen_scramble(digits_[d], static_cast<std::uint32_t>(mix64(seed_ ^ mix64(d)))) + 0.5) * 0x1.0p-32;
    }
  }
  for (std::size_t d = digits_.size(); d < dims_; ++d) {
    out[d] = (static_cast<double>(mix64(mix64(seed_ ^ mix64(d)) ^ index_) >> 12) + 0.5) * 0x1.0p-52;
  }
  // From one Gray code to the next a single bit changes: the lowest zero of the index.
  const auto bit = static_cast<std::size_t>(std::countr_one(static_cast<std::uint32_t>(index_)));
  ++index_;
  for (std::size_t d = 0; d < digits_.size() && bit < kBits; ++d) digits_[d] ^= directions_[d][bit];
}

void SobolSequence::skip(std::uint64_t count) {
  index_ += count;
  const auto gray = static_cast<std::uint32_t>(index_ ^ (index_ >> 1));
  for (std::size_t d = 0; d < digits_.size(); ++d) {
    digits_[d] = 0;
    for (std::size_t k = 0; k < kBits; ++k) {
      if ((gray >> k) & 1U) digits_[d] ^= directions_[d][k];
    }
  }
}

}  // namespace krige
