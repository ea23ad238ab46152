// Where a learning curve leads: a Bayesian average of simple models (after Domhan, Springenberg, Hutter, "Speeding up
// automatic hyperparameter optimization of deep neural networks by extrapolation of learning curves", 2015), all in
// closed form instead of by sampling. Pure functions.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

namespace krige::tuner {

// The metric of one attempt at its steps, ascending; no NaN.
using Curve = std::vector<std::pair<std::int64_t, double>>;

// The probability that the curve is below `level` at `step`, measured there with the noise that it has shown.
//
// Each model is y(t) = c + a·φ(t) + ε, ε ~ N(0, σ²), with φ(t) = t^−α or e^−t/τ over a grid of shapes; c, a and σ² have
// a normal-inverse-gamma prior whose unit is `scale` > 0, how far the study's curves are apart (Gelman et al.,
// "Bayesian Data Analysis", 3rd edition, section 14.8). A model's weight is its marginal likelihood, its prediction a
// Student t. The curve has at least one point, all finite; steps are from 1.
[[nodiscard]] double probability_below(const Curve& curve, std::int64_t step, double level, double scale);

}  // namespace krige::tuner
