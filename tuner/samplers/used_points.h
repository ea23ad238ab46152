// The points that must not be proposed again.
#pragma once

#include <set>
#include <span>
#include <string>

#include "tuner/space/space.h"
#include "tuner/trial/trial.h"

namespace krige::tuner {

class UsedPoints {
 public:
  UsedPoints() = default;
  explicit UsedPoints(std::span<const Trial> history) { follow(history); }

  // The points of `history`, of which those that were followed before cost nothing: a history only grows.
  void follow(std::span<const Trial> history);
  [[nodiscard]] bool contains(const Params& point) const { return keys_.contains(point_key(point)); }

  // The first of many random points that is new, else the first new one of the grid; space_exhausted when there is
  // none.
  [[nodiscard]] Result<Params> any_unused(const Space& space, Rng& rng) const;

 private:
  std::set<std::string> keys_;
  std::size_t followed_ = 0;  // trials
  std::string last_;          // the point of the last of them
};

}  // namespace krige::tuner
