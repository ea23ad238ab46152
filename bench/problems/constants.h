// The constants that make one instance of a problem: shifts, rotations, mirrored axes.
#pragma once

#include <string_view>
#include <vector>

#include "base/rng.h"
#include "bench/problems/recorded.h"

namespace krige::bench {

using Vector = std::vector<double>;

// Square, row by row.
struct Matrix {
  std::size_t size = 0;
  Vector values;
  [[nodiscard]] Vector times(const Vector& x) const;
};

struct Box {
  Vector low;
  Vector high;
  static Box cube(std::size_t dims, double low, double high) { return {Vector(dims, low), Vector(dims, high)}; }
  [[nodiscard]] std::size_t dims() const { return low.size(); }
};

// An invertible map of a box onto (nearly) itself: axes permuted, mirrored and moved by up to a tenth of their width.
// It makes other instances of functions that have no constants.
class BoxMap {
 public:
  static BoxMap identity(Box box);
  static BoxMap drawn(Box box, Rng& rng);
  // From the problem's coordinates to the function's.
  [[nodiscard]] Vector apply(const Vector& x) const;
  // From the function's to the problem's.
  [[nodiscard]] Vector inverse(const Vector& z) const;

 private:
  explicit BoxMap(Box box) : box_(std::move(box)) {}
  Box box_;
  std::vector<std::size_t> source_;  // by coordinate of the function: which of the problem's; empty: the identity
  std::vector<bool> mirrored_;
  Vector offset_;  // in widths
};

// Gives an instance its constants, recorded or drawn. The order of calls matters to what is drawn.
class Constants {
 public:
  explicit Constants(const Recorded& source) : recorded_(&source), rng_(0) {}
  Constants(std::string_view problem, std::uint64_t instance);

  [[nodiscard]] Vector uniform(const std::string& name, std::size_t count, double low, double high);
  // Uniform in the inner 0.7 of a cube.
  [[nodiscard]] Vector shift(std::size_t dims, double low, double high);
  // Orthogonal, from the QR decomposition of a matrix of normal numbers.
  [[nodiscard]] Matrix rotation(std::size_t dims);
  // The identity when recorded.
  [[nodiscard]] BoxMap map(Box box);
  // The numbers 0 … count − 1 in order when recorded, else shuffled.
  [[nodiscard]] std::vector<std::size_t> permutation(std::size_t count);
  [[nodiscard]] Rng& rng() { return rng_; }

 private:
  const Recorded* recorded_ = nullptr;
  Rng rng_;
};

// The same for every platform (FNV-1a).
[[nodiscard]] std::uint64_t name_hash(std::string_view name);

}  // namespace krige::bench
