// When a training has stopped getting better (job field early_stop), and which epoch was the best.
#pragma once

#include <cstdint>
#include <limits>

#include "base/train_job.h"

namespace krige::trainer {

// A value.
class BestEpoch {
 public:
  explicit BestEpoch(const EarlyStop& rule) : rule_(rule) {}
  // Takes the validation loss after `epoch` (from 1, ascending). Whether it is the least so far; what is not a number
  // never is.
  bool observe(std::uint64_t epoch, double loss);
  // Whether the last `patience` epochs have all failed to beat the best one before them by more than min_delta.
  [[nodiscard]] bool exhausted() const { return last_ - gained_ >= static_cast<std::uint64_t>(rule_.patience); }
  [[nodiscard]] std::uint64_t epoch() const { return best_; }  // 0: none

 private:
  EarlyStop rule_;
  double least_ = std::numeric_limits<double>::infinity();
  double to_beat_ = std::numeric_limits<double>::infinity();  // by more than min_delta
  std::uint64_t best_ = 0;
  std::uint64_t gained_ = 0;  // the epoch that set to_beat_
  std::uint64_t last_ = 0;
};

}  // namespace krige::trainer
