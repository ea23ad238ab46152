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
  explicit UsedPoints(std::span<const Trial> history) {
    for (const Trial& trial : history) keys_.insert(point_key(trial.params));
  }
  [[nodiscard]] bool contains(const Params& point) const { return keys_.contains(point_key(point)); }

  // The first of many random points that is new, else the first new one of the grid; space_exhausted when there is
  // none.
  [[nodiscard]] Result<Params> any_unused(const Space& space, Rng& rng) const;

 private:
  std::set<std::string> keys_;
};

}  // namespace krige::tuner
