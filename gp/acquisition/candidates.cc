#include "gp/acquisition/candidates.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "base/sobol.h"

namespace krige::gp {
namespace {

constexpr std::size_t kBestObserved = 5;
constexpr std::array<double, 4> kPerturbations{0.2, 0.05, 0.01, 0.002};

double moved(const Dimension& dimension, double value, double sd, Rng& rng) {
  switch (dimension.kind) {
    case DimensionKind::continuous:
      return std::clamp(value + sd * rng.normal(), 0.0, 1.0);
    case DimensionKind::categorical:
      return static_cast<double>(rng.below(static_cast<std::uint64_t>(dimension.levels)));
    case DimensionKind::grid:
      break;
  }
  const std::int64_t before = level_of(dimension, value);
  const std::int64_t after = level_of(dimension, value + sd * rng.normal());
  if (after != before) return value_of(dimension, after);
  const std::int64_t step = rng.below(2) == 0 ? -1 : 1;
  return value_of(dimension, std::clamp<std::int64_t>(before + step, 0, dimension.levels - 1));
}

}  // namespace

Points sobol_candidates(const InputSpace& space, std::size_t count, Rng& rng) {
  SobolSequence sequence(space.size(), rng.next() | 1);
  Points out{space.size(), std::vector<double>(count * space.size())};
  std::vector<double> uniforms(space.size());
  for (std::size_t i = 0; i < count; ++i) {
    sequence.next(uniforms);
    decode_uniforms(space, uniforms, out.row(i));
  }
  return out;
}

Points best_observed(const GaussianProcess& process) {
  const State& state = process.state();
  std::vector<std::size_t> best(state.observations.size());
  std::iota(best.begin(), best.end(), std::size_t{0});
  std::ranges::stable_sort(best, {}, [&](std::size_t i) { return state.observations[i]; });
  best.resize(std::min(best.size(), kBestObserved));
  best.push_back(process.incumbent().first);
  Points out{process.space().size(), {}};
  for (const std::size_t i : best) out.append(state.points.row(i));
  return out;
}

Points history_candidates(const InputSpace& space, const Points& origins, std::size_t count, Rng& rng) {
  Points out{space.size(), {}};
  for (std::size_t i = 0; i < count; ++i) {
    const std::span<const double> origin = origins.row(i % origins.size());
    std::vector<double> point(origin.begin(), origin.end());
    const double rate = rng.below(2) == 0 ? 1.0 : std::max(0.2, 1.5 / static_cast<double>(space.size()));
    perturb(space, point, kPerturbations[(i / origins.size()) % kPerturbations.size()], rate, rng);
    out.append(point);
  }
  return out;
}

void perturb(const InputSpace& space, std::span<double> point, double sd, double rate, Rng& rng) {
  std::vector<std::size_t> active;
  for (std::size_t d = 0; d < point.size(); ++d) {
    if (!std::isnan(point[d])) active.push_back(d);
  }
  if (active.empty()) return;
  const std::size_t certain = active[rng.below(active.size())];
  for (const std::size_t d : active) {
    if (d == certain || rng.uniform() < rate) point[d] = moved(space.dimensions[d], point[d], sd, rng);
  }
  canonicalize(space, point);
}

bool same_point(const InputSpace& space, std::span<const double> a, std::span<const double> b, double tolerance) {
  for (std::size_t d = 0; d < a.size(); ++d) {
    if (std::isnan(a[d]) != std::isnan(b[d])) return false;
    if (std::isnan(a[d])) continue;
    const double allowed = space.dimensions[d].kind == DimensionKind::categorical ? 0 : tolerance;
    if (std::abs(a[d] - b[d]) > allowed) return false;
  }
  return true;
}

}  // namespace krige::gp
