// A search space: parameters of all kinds, some active only for certain values of others.
#pragma once

#include <functional>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "base/rng.h"
#include "tuner/space/parameter.h"

namespace krige::tuner {

class Space {
 public:
  Space() = default;
  // Errors: duplicates, a `when` that names no parameter, a value that its parent cannot have, a cycle. Paths start
  // with parameters.
  static Result<Space> make(std::vector<Parameter> parameters);

  // In the order of the study file.
  [[nodiscard]] const std::vector<Parameter>& parameters() const { return parameters_; }
  // Indices of parameters(), every parent before its children.
  [[nodiscard]] const std::vector<std::size_t>& topological_order() const { return order_; }
  // Indices of the parameters that vary, in file order: the dimensions of a model or of a sequence.
  [[nodiscard]] const std::vector<std::size_t>& dimensions() const { return dimensions_; }
  [[nodiscard]] bool finite() const;

  // Chooses the value of a parameter that is active.
  using Chooser = std::function<Value(std::size_t parameter)>;
  // The point that `choose` makes, parents first; inactive parameters are left out, fixed ones are in.
  [[nodiscard]] Params build(const Chooser& choose) const;

  // One quantile in [0, 1) a dimension (those of inactive parameters are not used).
  [[nodiscard]] Params at_quantiles(std::span<const double> u) const;
  [[nodiscard]] Params sample(Rng& rng) const;
  // Defaults where given, else the middle of the parameter's prior; nullopt when no parameter has a default.
  [[nodiscard]] std::optional<Params> default_point() const;

  // One coordinate a dimension (Parameter::encode), NaN for inactive. `params` must be a point of this space.
  [[nodiscard]] std::vector<double> encode(const Params& params) const;
  [[nodiscard]] Params decode(std::span<const double> coordinates) const;

  // The values as the space holds them, or which one is wrong: missing, unknown, inactive, out of range.
  [[nodiscard]] Result<Params> check(const Params& params) const;

  // A point of another space as one of this: values of parameters with the same name are kept, those that only this
  // space has take their default, else the middle of their prior. nullopt: a value is none here, or no name is.
  [[nodiscard]] std::optional<Params> adapt(const Params& params) const;

  // The first point, in the order of a grid, whose key is not in `used`; continuous parameters take a random value.
  // nullopt: a finite space is exhausted. Visits at most |used| + 1 points of a finite space.
  [[nodiscard]] std::optional<Params> first_unused(const std::set<std::string>& used, Rng& rng) const;

 private:
  std::vector<Parameter> parameters_;
  std::vector<std::size_t> order_;
  std::vector<std::size_t> dimensions_;
};

// Walks every point of a space once, the last parameter fastest; a continuous parameter takes one random value a point.
// The space must outlive it.
class GridCursor {
 public:
  explicit GridCursor(const Space& space) : space_(&space), indices_(space.parameters().size()) {}
  [[nodiscard]] std::optional<Params> next(Rng& rng);

 private:
  const Space* space_;
  std::vector<std::int64_t> indices_;  // by parameter
  bool done_ = false;
};

}  // namespace krige::tuner
