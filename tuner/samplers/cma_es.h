// The covariance matrix adaptation evolution strategy on the unit cube: (μ/μ_w, λ) with cumulative step-size
// adaptation, rank-one and rank-μ update, also with negative weights. N. Hansen, "The CMA Evolution Strategy: A
// Tutorial", arXiv:1604.00772v2 (2023); every constant not named here is the tutorial's default.
#pragma once

#include <cstddef>
#include <deque>
#include <span>
#include <vector>

#include "base/rng.h"

namespace krige::tuner {

// A value: a copy goes its own way.
class CmaEs {
 public:
  // One member of a generation.
  struct Member {
    std::vector<double> point;
    double loss = 0;  // smaller is better; +∞ for one that failed, which ranks last; never NaN
    // Not drawn from the present distribution. A step longer than its own are likely to be is shortened: N. Hansen,
    // "Injecting external solutions into CMA-ES", arXiv:1110.4181 (2011).
    bool foreign = false;
  };

  // `mean` in the unit cube, at least one dimension; population ≥ 2.
  CmaEs(std::vector<double> mean, double sigma, std::size_t population);

  // 4 + ⌊3 ln dims⌋
  [[nodiscard]] static std::size_t default_population(std::size_t dims);
  // λ
  [[nodiscard]] std::size_t population() const { return population_; }
  [[nodiscard]] const std::vector<double>& mean() const { return mean_; }
  // Of one coordinate of what is drawn, before the bounds.
  [[nodiscard]] double standard_deviation(std::size_t i) const;

  // A point in the cube: drawn again while outside, at last clamped. `spread` multiplies the standard deviation.
  [[nodiscard]] std::vector<double> draw(Rng& rng, double spread = 1) const;

  // Moves the distribution by a generation, in any number: the weights are those of a population of its size. Only the
  // order of the losses counts. One or none, or only failed ones, teach nothing.
  void tell(std::vector<Member> generation);

  // Widens the distribution where a coordinate has less than its least standard deviation.
  void widen(std::span<const double> least);

  // Whether going on is of no use: the losses differ by no more than rounding, or the distribution is as good as a
  // point or as a line.
  [[nodiscard]] bool stagnates() const;

 private:
  void decompose();
  [[nodiscard]] double greatest_deviation() const;
  [[nodiscard]] std::size_t window() const;  // how many generations without progress are enough

  std::size_t dims_;
  std::size_t population_;
  double sigma_;
  std::size_t generation_ = 0;
  std::vector<double> mean_;
  std::vector<double> sigma_path_;
  std::vector<double> covariance_path_;
  std::vector<double> covariance_;  // dims × dims
  std::vector<double> basis_;       // its eigenvectors, columns
  std::vector<double> axes_;        // the square roots of its eigenvalues, ascending
  std::deque<double> best_losses_;  // of the last generations
  double worst_loss_ = 0;           // of the last one that had a value
};

}  // namespace krige::tuner
