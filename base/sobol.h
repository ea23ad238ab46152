// Sobol's low-discrepancy sequence in Gray-code order (Bratley, Fox 1988), Owen-scrambled by hashing (Burley,
// "Practical hash-based Owen scrambling", JCGT 9, 2020).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace krige {

// A value: copy it to replay it. Not to be shared between threads.
class SobolSequence {
 public:
  // Seed 0: the plain sequence in [0, 1), which begins with the origin. Any other seed: its scrambling, in (0, 1). Any
  // number of dimensions; those beyond the 128 of the table are independent uniform numbers derived from the seed.
  explicit SobolSequence(std::size_t dims, std::uint64_t scramble_seed = 0);

  [[nodiscard]] std::size_t dims() const { return dims_; }
  // Writes the next point; `out` has dims() places. The sequence has 2³² points and then repeats.
  void next(std::span<double> out);
  // Passes over the next `count` points.
  void skip(std::uint64_t count);

 private:
  static constexpr std::size_t kBits = 32;

  std::size_t dims_;
  std::uint64_t seed_;
  std::uint64_t index_ = 0;
  std::vector<std::array<std::uint32_t, kBits>> directions_;  // by dimension
  std::vector<std::uint32_t> digits_;                         // the point of index_, by dimension
};

}  // namespace krige
