// The learning rate as a function of the number of updates.
#pragma once

#include <cstdint>

#include "base/train_job.h"

namespace krige::trainer {

// A value. With W warm-up updates, T updates in all and p = (u − W)/(T − W), the rate of update u (from 0) is
// learning_rate times
//   (u + 1)/W                 while u < W
//   constant      1
//   inverse_sqrt  √(max(W, 1)/(u + 1))        (Vaswani et al. 2017, eq. 3)
//   cosine        (1 + cos πp)/2              (Loshchilov, Hutter 2017, eq. 5, one period)
//   step          schedule_decay once from p = 1/2 on, twice from 3/4 on    (He et al. 2016, section 4.2)
//   linear        1 − p
class LearningRate {
 public:
  // `updates`: T, of the whole training.
  LearningRate(const TrainJob& job, std::uint64_t updates);
  [[nodiscard]] double at(std::uint64_t update) const;

 private:
  RateSchedule schedule_;
  double rate_;
  double decay_;
  std::uint64_t warmup_;
  std::uint64_t updates_;
};

}  // namespace krige::trainer
