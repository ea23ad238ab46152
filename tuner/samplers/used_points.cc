#include "tuner/samplers/used_points.h"

namespace krige::tuner {

void UsedPoints::follow(std::span<const Trial> history) {
  const bool grew =
      followed_ <= history.size() && (followed_ == 0 || point_key(history[followed_ - 1].params) == last_);
  if (!grew) *this = UsedPoints();
  for (; followed_ < history.size(); ++followed_) {
    last_ = point_key(history[followed_].params);
    keys_.insert(last_);
  }
}

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
