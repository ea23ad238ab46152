// One parameter of a space.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "tuner/space/value.h"

namespace krige::tuner {

enum class ParameterKind { floating, integer, categorical, ordinal, fixed };
// How [min, max] maps to the unit interval. `normal`: by the quantiles of N(mu, sigma²), unbounded.
enum class Scale { linear, log, normal };

// Active only when the parameter has one of the values.
struct Condition {
  std::string parameter;
  std::vector<Value> values;
  friend bool operator==(const Condition&, const Condition&) = default;
};

// Where the user expects good values: a guess that a model may start from, never a constraint.
struct Prior {
  // Numeric: a normal density around a value of the parameter; its standard deviation is a part of the range, in (0,
  // 1], on the parameter's scale.
  Value center;
  double spread = 0.25;
  // Categorical and ordinal instead: one a value, each above 0; only their ratios matter.
  std::vector<double> weights;
  friend bool operator==(const Prior&, const Prior&) = default;
};

struct Interval {
  double low, high;
};

struct Parameter {
  std::string name;
  ParameterKind kind = ParameterKind::floating;
  double min = 0;  // floating, integer
  double max = 1;
  std::optional<double> step;  // values are min, min + step, …, ≤ max
  Scale scale = Scale::linear;
  double mu = 0, sigma = 1;            // scale normal
  std::vector<Value> values;           // categorical, ordinal: in order; fixed: the one
  std::vector<double> probabilities;   // categorical under random search: empty, or one a value, summing to 1
  std::optional<Value> default_value;  // the first trial's
  std::optional<Prior> prior;          // not of fixed parameters, not of scale normal
  std::vector<Condition> when;         // all must hold
  friend bool operator==(const Parameter&, const Parameter&) = default;

  // Number of distinct values; nullopt when they are a continuum (or as good as one: 2^53 and more).
  [[nodiscard]] std::optional<std::int64_t> cardinality() const;
  // The value at quantile u in [0, 1): uniform u gives the parameter's prior.
  [[nodiscard]] Value at_quantile(double u) const;
  // The i-th value of a finite parameter, 0 ≤ i < cardinality().
  [[nodiscard]] Value at_index(std::int64_t i) const;

  // Numeric coordinate for a model: numerics and ordinals in [0, 1] by their scale, categoricals the index of the
  // value.
  [[nodiscard]] double encode(const Value& value) const;
  // The nearest value to a coordinate.
  [[nodiscard]] Value decode(double coordinate) const;
  // The coordinates that decode to a value of the parameter; of a continuous one, its own coordinate.
  [[nodiscard]] Interval interval(const Value& value) const;
  // Log of the prior's density at a coordinate, relative to its greatest: ≤ 0, and 0 everywhere without a prior.
  [[nodiscard]] double log_prior(double coordinate) const;

  // The value as this parameter holds it (3 for 3.0 of an integer), or why it is none of the parameter's.
  [[nodiscard]] Result<Value> check(const Value& value) const;
};

}  // namespace krige::tuner
