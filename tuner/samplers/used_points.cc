#include "tuner/samplers/used_points.h"

namespace krige::tuner {

Result<Params> UsedPoints::any_unused(const Space& space, Rng& rng) const {
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    Params point = space.sample(rng);
    if (!contains(point)) return point;
  }
  if (std::optional<Params> point = space.first_unused(keys_, rng)) return std::move(*point);
  return fail(ErrorCode::space_exhausted, "every point of the space has been tried");
}

}  // namespace krige::tuner
