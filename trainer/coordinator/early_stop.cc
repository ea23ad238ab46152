#include "trainer/coordinator/early_stop.h"

namespace krige::trainer {

bool BestEpoch::observe(std::uint64_t epoch, double loss) {
  last_ = epoch;
  if (loss < to_beat_ - rule_.min_delta) {
    to_beat_ = loss;
    gained_ = epoch;
  }
  if (!(loss < least_)) return false;
  least_ = loss;
  best_ = epoch;
  return true;
}

}  // namespace krige::trainer
