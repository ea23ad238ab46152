#include "gp/state.h"

#include <algorithm>
#include <cmath>
#include <string>

namespace krige::gp {
namespace {

bool is_value(const Dimension& dimension, double value) {
  if (!std::isfinite(value)) return false;
  if (dimension.kind != DimensionKind::categorical) return true;
  return value >= 0 && value < static_cast<double>(dimension.levels) && value == std::floor(value);
}

Status check_hyperparameters(const InputSpace& space, const Hyperparameters& hyperparameters) {
  const auto finite = [](double value) { return std::isfinite(value); };
  if (hyperparameters.log_lengthscales.size() != space.size()) {
    return fail(ErrorCode::invalid_argument, "must be one a dimension", "hyperparameters.log_lengthscales");
  }
  const auto& main = hyperparameters.log_main_lengthscales;
  if (!main.empty() && main.size() != space.size()) {
    return fail(ErrorCode::invalid_argument, "must be one a dimension", "hyperparameters.log_main_lengthscales");
  }
  if (!std::ranges::all_of(hyperparameters.log_lengthscales, finite) || !std::ranges::all_of(main, finite) ||
      !finite(hyperparameters.log_signal) || !finite(hyperparameters.log_main_signal) ||
      !finite(hyperparameters.log_noise) || !finite(hyperparameters.mean)) {
    return fail(ErrorCode::invalid_argument, "must be finite", "hyperparameters");
  }
  return {};
}

}  // namespace

Status canonicalize(const InputSpace& space, Points& points) {
  if (points.dims != space.size() || points.values.size() % points.dims != 0) {
    return fail(ErrorCode::invalid_argument, "must have one value a dimension", "points");
  }
  for (std::size_t i = 0; i < points.size(); ++i) {
    const std::vector<bool> active = activity(space, points.row(i));
    for (std::size_t d = 0; d < space.size(); ++d) {
      if (active[d] && !is_value(space.dimensions[d], points.row(i)[d])) {
        return fail(ErrorCode::invalid_argument, "is no value of dimension " + std::to_string(d),
                    "points[" + std::to_string(i) + "]");
      }
    }
    canonicalize(space, points.row(i));
  }
  return {};
}

Status canonicalize(State& state) {
  if (state.version != State::kVersion) return fail(ErrorCode::unsupported, "is not known", "version");
  KRIGE_CHECK(validate(state.space));
  if (state.observations.empty()) return fail(ErrorCode::invalid_argument, "must not be empty", "observations");
  KRIGE_CHECK(canonicalize(state.space, state.points));
  if (state.points.size() != state.observations.size()) {
    return fail(ErrorCode::invalid_argument, "must be one a point", "observations");
  }
  for (std::size_t i = 0; i < state.observations.size(); ++i) {
    if (!std::isfinite(state.observations[i])) {
      return fail(ErrorCode::invalid_argument, "must be finite", "observations[" + std::to_string(i) + "]");
    }
  }
  if (state.hyperparameters.empty()) return fail(ErrorCode::invalid_argument, "must not be empty", "hyperparameters");
  for (const Hyperparameters& one : state.hyperparameters) KRIGE_CHECK(check_hyperparameters(state.space, one));
  return {};
}

}  // namespace krige::gp
