#include "gp/hypervolume/pareto.h"

#include <algorithm>
#include <numeric>

namespace krige::gp {

bool dominates(std::span<const double> a, std::span<const double> b) {
  bool better = false;
  for (std::size_t j = 0; j < a.size(); ++j) {
    if (a[j] > b[j]) return false;
    if (a[j] < b[j]) better = true;
  }
  return better;
}

std::vector<std::size_t> non_dominated(std::span<const Objectives> points) {
  // In lexicographic order a point can be dominated by earlier ones only, and so by one of the earlier ones that stay.
  std::vector<std::size_t> order(points.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t i, std::size_t j) { return points[i] < points[j]; });
  std::vector<std::size_t> front;
  for (const std::size_t i : order) {
    if (std::ranges::none_of(front, [&](std::size_t j) { return dominates(points[j], points[i]); })) front.push_back(i);
  }
  std::ranges::sort(front);
  return front;
}

}  // namespace krige::gp
