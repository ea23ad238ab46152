#include "gp/hypervolume/hypervolume.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <utility>

namespace krige::gp {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Of an inferred reference point, by measurement (docs/optimizer.md). A narrow margin leaves nothing to gain beyond the
// ends of the front, so that a short front stays short; with more objectives the ends are many and a wide one draws
// everything to them.
constexpr double kMarginOfTwo = 0.3;
constexpr double kMarginOfMore = 0.1;

// What points leave free in the first two objectives, while a third one rises: strips of x, each free below its height.
// A strip that ends becomes a box, from the level at which it began to the one at which it ended.
class Staircase {
 public:
  Staircase(double reference_x, double reference_y) : end_(reference_x) {
    strips_.emplace(-kInfinity, Strip{reference_x, reference_y});
  }

  // From `level` on what is at or beyond (x, y), both below the reference, is taken. Levels do not fall.
  void take(double x, double y, double level) {
    auto at = std::prev(strips_.upper_bound(x));
    if (at->second.height <= y) return;  // taken already
    if (at->first < x) {
      const Strip old = at->second;
      close(at->first, old, level);
      at->second = {x, old.height, level};
      ++at;
    }
    while (at != strips_.end() && at->second.height >= y) {
      close(at->first, at->second, level);
      at = strips_.erase(at);
    }
    const double end = at == strips_.end() ? end_ : at->first;
    strips_.emplace_hint(at, x, Strip{end, y, level});
  }

  // Every box, up to the last level.
  std::vector<Box> finish(double level) && {
    for (const auto& [x, strip] : strips_) close(x, strip, level);
    return std::move(boxes_);
  }

 private:
  struct Strip {
    double end;  // in x
    double height;
    double since = -kInfinity;
  };

  void close(double x, const Strip& strip, double level) {
    if (strip.since < level) boxes_.push_back({{x, -kInfinity, strip.since}, {strip.end, strip.height, level}});
  }

  double end_;                      // of the last strip
  std::map<double, Strip> strips_;  // by where they begin
  std::vector<Box> boxes_;
};

std::vector<Box> boxes_in_plane(std::span<const Objectives> points, std::span<const double> reference) {
  Staircase staircase(reference[0], reference[1]);
  for (const Objectives& point : points) staircase.take(point[0], point[1], -kInfinity);
  return std::move(staircase).finish(0);
}

// `points` by rising third objective.
std::vector<Box> boxes_in_space(std::span<const Objectives> points, std::span<const double> reference) {
  Staircase staircase(reference[0], reference[1]);
  for (const Objectives& point : points) staircase.take(point[0], point[1], point[2]);
  return std::move(staircase).finish(reference[2]);
}

// `points` by rising fourth objective: between two of them what is free is that of the first three objectives of all
// points so far.
std::vector<Box> boxes_in_four(std::span<const Objectives> points, std::span<const double> reference) {
  using Key = std::pair<std::array<double, kMaxObjectives>, std::array<double, kMaxObjectives>>;
  std::map<Key, double> open;  // since which level
  std::vector<Box> boxes;
  const auto close = [&](const Key& key, double since, double level) {
    if (since >= level) return;
    Box box{key.first, key.second};
    box.low[3] = since;
    box.high[3] = level;
    boxes.push_back(box);
  };
  std::vector<Objectives> taken;  // by rising third objective
  double level = -kInfinity;
  for (std::size_t i = 0; i <= points.size(); ++i) {
    std::map<Key, double> next;
    for (const Box& box : boxes_in_space(taken, reference)) {
      const Key key{box.low, box.high};
      const auto same = open.find(key);
      next.emplace(key, same == open.end() ? level : same->second);
    }
    for (const auto& [key, since] : open)
      if (!next.contains(key)) close(key, since, level);
    open = std::move(next);
    if (i == points.size()) break;
    level = points[i][3];
    const auto third = [](const Objectives& point) { return point[2]; };
    taken.insert(std::ranges::upper_bound(taken, points[i][2], {}, third), points[i]);
  }
  for (const auto& [key, since] : open) close(key, since, reference[3]);
  return boxes;
}

}  // namespace

std::vector<Box> free_boxes(std::span<const Objectives> points, std::span<const double> reference) {
  std::vector<Objectives> below;
  for (const Objectives& point : points)
    if (std::ranges::equal(point, reference, std::less{})) below.push_back(point);
  std::vector<Objectives> front;
  for (const std::size_t i : non_dominated(below)) front.push_back(below[i]);
  std::ranges::stable_sort(front, {}, [](const Objectives& point) { return point.back(); });
  switch (reference.size()) {
    case 2:
      return boxes_in_plane(front, reference);
    case 3:
      return boxes_in_space(front, reference);
    default:
      return boxes_in_four(front, reference);
  }
}

double hypervolume(std::span<const Objectives> points, std::span<const double> reference) {
  Objectives ideal(reference.begin(), reference.end());
  for (const Objectives& point : points) {
    if (!std::ranges::equal(point, reference, std::less{})) continue;
    for (std::size_t j = 0; j < ideal.size(); ++j) ideal[j] = std::min(ideal[j], point[j]);
  }
  double volume = 1;
  for (std::size_t j = 0; j < ideal.size(); ++j) volume *= reference[j] - ideal[j];
  for (const Box& box : free_boxes(points, reference)) {
    double free = 1;
    for (std::size_t j = 0; j < ideal.size(); ++j) free *= std::max(0.0, box.high[j] - std::max(box.low[j], ideal[j]));
    volume -= free;
  }
  return std::max(volume, 0.0);
}

Objectives inferred_reference(std::span<const Objectives> points) {
  const std::vector<std::size_t> front = non_dominated(points);
  const std::size_t m = points.front().size();
  Objectives reference;
  for (std::size_t j = 0; j < m; ++j) {
    double worst = -kInfinity, least = kInfinity, most = -kInfinity;
    for (const std::size_t i : front) worst = std::max(worst, points[i][j]);
    for (const Objectives& point : points) {
      least = std::min(least, point[j]);
      most = std::max(most, point[j]);
    }
    reference.push_back(worst + (m == 2 ? kMarginOfTwo : kMarginOfMore) * (most > least ? most - least : 1));
  }
  return reference;
}

}  // namespace krige::gp
