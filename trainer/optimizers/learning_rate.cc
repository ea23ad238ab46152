#include "trainer/optimizers/learning_rate.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace krige::trainer {

LearningRate::LearningRate(const TrainJob& job, std::uint64_t updates)
    : schedule_(job.schedule),
      rate_(job.learning_rate),
      decay_(job.schedule_decay),
      warmup_(static_cast<std::uint64_t>(job.warmup_steps)),
      updates_(updates) {}

double LearningRate::at(std::uint64_t update) const {
  const auto u = static_cast<double>(update);
  const auto warmup = static_cast<double>(warmup_);
  if (update < warmup_) return rate_ * (u + 1) / warmup;
  const auto span = static_cast<double>(updates_ > warmup_ ? updates_ - warmup_ : 1);
  const double p = std::min((u - warmup) / span, 1.0);
  switch (schedule_) {
    case RateSchedule::constant:
      return rate_;
    case RateSchedule::inverse_sqrt:
      return rate_ * std::sqrt(std::max(warmup, 1.0) / (u + 1));
    case RateSchedule::cosine:
      return rate_ * (1 + std::cos(std::numbers::pi * p)) / 2;
    case RateSchedule::step:
      return rate_ * (p < 0.5 ? 1 : p < 0.75 ? decay_ : decay_ * decay_);
    case RateSchedule::linear:
      return rate_ * (1 - p);
  }
  return rate_;
}

}  // namespace krige::trainer
