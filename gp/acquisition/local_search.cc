#include "gp/acquisition/local_search.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "gp/lbfgs.h"

namespace krige::gp {
namespace {

constexpr int kRounds = 4;
constexpr int kEvaluations = 40;
constexpr double kTolerance = 1e-5;
// A grid of so many levels is climbed as if it were continuous, and rounded.
constexpr std::int64_t kRelaxedLevels = 5;
// All levels are tried up to so many.
constexpr std::int64_t kExhaustiveLevels = 12;
// How often newly active dimensions are drawn.
constexpr int kDraws = 3;

}  // namespace

LocalSearch::LocalSearch(const InputSpace& space, const Acquisition& acquisition)
    : space_(space), acquisition_(acquisition), parent_(space.size(), false) {
  for (const Dimension& dimension : space.dimensions) {
    for (const Condition& condition : dimension.when) parent_[condition.parent] = true;
  }
  for (std::size_t d = 0; d < space.size(); ++d) {
    const Dimension& dimension = space.dimensions[d];
    const bool fine_grid = dimension.kind == DimensionKind::grid && dimension.levels >= kRelaxedLevels;
    relaxed_.push_back(dimension.kind == DimensionKind::continuous || (fine_grid && !parent_[d]));
  }
}

LocalOptimum LocalSearch::climb(LocalOptimum start, Rng& rng) const {
  LocalOptimum at = std::move(start);
  for (int round = 0; round < kRounds; ++round) {
    (void)climb_numeric(at);
    if (!sweep_discrete(at, rng)) break;
  }
  return at;
}

bool LocalSearch::climb_numeric(LocalOptimum& at) const {
  std::vector<std::size_t> free;
  std::vector<double> start;
  for (std::size_t d = 0; d < space_.size(); ++d) {
    if (!relaxed_[d] || std::isnan(at.point[d])) continue;
    free.push_back(d);
    start.push_back(at.point[d]);
  }
  if (free.empty()) return false;
  std::vector<double> point = at.point;
  const Objective objective = [&](std::span<const double> x, std::span<double> gradient) {
    for (std::size_t i = 0; i < free.size(); ++i) point[free[i]] = x[i];
    const Acquisition::Value value = acquisition_.evaluate_with_gradient(point);
    for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] = -value.gradient(static_cast<Eigen::Index>(free[i]));
    return -value.value;
  };
  const std::vector<double> low(free.size(), 0.0), high(free.size(), 1.0);
  const Minimum minimum = minimize_lbfgs(objective, start, low, high, {kEvaluations, kTolerance});
  for (std::size_t i = 0; i < free.size(); ++i) point[free[i]] = minimum.x[i];
  canonicalize(space_, point);
  // Rounding to the grid may have lost what was gained.
  const double value = acquisition_.evaluate(Points{space_.size(), point})(0);
  if (!(value > at.value)) return false;
  at = {std::move(point), value};
  return true;
}

bool LocalSearch::sweep_discrete(LocalOptimum& at, Rng& rng) const {
  bool improved = false;
  for (std::size_t d = 0; d < space_.size(); ++d) {
    if (space_.dimensions[d].kind == DimensionKind::continuous || std::isnan(at.point[d])) continue;
    const Points candidates = neighbours(at, d, rng);
    if (candidates.size() == 0) continue;
    Eigen::Index best = 0;
    const double value = acquisition_.evaluate(candidates).maxCoeff(&best);
    if (!(value > at.value + kTolerance)) continue;
    const auto row = candidates.row(static_cast<std::size_t>(best));
    at = {{row.begin(), row.end()}, value};
    improved = true;
  }
  return improved;
}

Points LocalSearch::neighbours(const LocalOptimum& at, std::size_t d, Rng& rng) const {
  const Dimension& dimension = space_.dimensions[d];
  const std::int64_t current = level_of(dimension, at.point[d]);
  std::vector<std::int64_t> levels;
  if (dimension.levels <= kExhaustiveLevels) {
    for (std::int64_t level = 0; level < dimension.levels; ++level) levels.push_back(level);
  } else if (dimension.kind == DimensionKind::grid) {
    for (const std::int64_t step : {-8, -3, -2, -1, 1, 2, 3, 8}) {
      levels.push_back(std::clamp<std::int64_t>(current + step, 0, dimension.levels - 1));
    }
  } else {
    for (std::int64_t i = 0; i < kExhaustiveLevels; ++i) {
      levels.push_back(static_cast<std::int64_t>(rng.below(static_cast<std::uint64_t>(dimension.levels))));
    }
  }
  Points out{space_.size(), {}};
  for (const std::int64_t level : levels) {
    if (level == current) continue;
    for (int draw = 0; draw < (parent_[d] ? kDraws : 1); ++draw) {
      std::vector<double> point = at.point;
      point[d] = value_of(dimension, level);
      std::vector<double> uniforms(space_.size());
      for (double& uniform : uniforms) uniform = draw == 0 ? 0.5 : rng.uniform();
      std::vector<double> drawn(space_.size());
      const std::vector<bool> active = activity(space_, point);
      decode_uniforms(space_, uniforms, drawn);
      for (std::size_t i = 0; i < point.size(); ++i) {
        if (active[i] && std::isnan(point[i])) point[i] = drawn[i];
      }
      canonicalize(space_, point);
      out.append(point);
    }
  }
  return out;
}

}  // namespace krige::gp
