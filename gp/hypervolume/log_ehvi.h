// Logarithm of the expected hypervolume improvement for independent normal objectives: exact, for two to four of them.
//
// A new point y adds of a free box [l, u] the part Π_j (u_j − max(l_j, y_j))⁺. The objectives are independent, so the
// expectation of the product is the product of E(u − max(l, y))⁺ = ψ(u) − ψ(l), with ψ(t) = E(t − y)⁺, the expected
// improvement on t (Emmerich, Deutz, Klinkenberg 2011; Yang et al., "Efficient computation of expected hypervolume
// improvement using box decomposition algorithms", 2019). In logarithms where the improvement underflows (Ament et al.
// 2023).
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "gp/hypervolume/hypervolume.h"

namespace krige::gp {

// A value; const methods may be called from several threads at once.
class HypervolumeImprovement {
 public:
  // Of a front of `points` below `reference`, sizes as free_boxes().
  HypervolumeImprovement(std::span<const Objectives> points, std::span<const double> reference);

  struct Normal {
    double mean = 0;
    double sd = 0;  // above 0
  };
  struct Value {
    double log_improvement = 0;
    std::array<double, kMaxObjectives> by_mean{};  // ∂log/∂mean
    std::array<double, kMaxObjectives> by_sd{};
  };
  // One normal distribution an objective. −∞ with zero derivatives when even the logarithm has no value.
  [[nodiscard]] double log_expected(std::span<const Normal> objectives) const;
  [[nodiscard]] Value log_expected_with_gradient(std::span<const Normal> objectives) const;

 private:
  struct Cell {
    std::array<std::uint16_t, kMaxObjectives> low{};  // index of its threshold plus 1; 0: −∞
    std::array<std::uint16_t, kMaxObjectives> high{};
  };
  struct Marginals;
  [[nodiscard]] Marginals marginals(std::span<const Normal> objectives) const;
  [[nodiscard]] Value in_logarithms(const Marginals& marginals) const;

  std::vector<std::vector<double>> thresholds_;  // by objective, ascending; the last is the reference
  std::vector<Cell> cells_;
};

}  // namespace krige::gp
