#include "trainer/models/loss.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace krige::trainer {
namespace {

// log(1 + e^−z) without overflow.
double softplus_of_minus(double z) { return std::max(-z, 0.0) + std::log1p(std::exp(-std::abs(z))); }

float sigmoid(float z) {
  const float e = std::exp(-std::abs(z));
  return (z >= 0 ? 1.0F : e) / (1.0F + e);
}

// One row of scores becomes its softmax.
void softmax(std::span<float> scores) {
  const float top = *std::ranges::max_element(scores);
  float total = 0;
  for (float& score : scores) {
    score = std::exp(score - top);
    total += score;
  }
  for (float& score : scores) score /= total;
}

BlockSum squared_sum(std::span<const float> z, std::span<const float> targets) {
  double squares = 0;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const double off = static_cast<double>(z[i]) - static_cast<double>(targets[i]);
    squares += off * off;
  }
  return {squares / 2, squares};
}

BlockSum logistic_sum(std::span<const float> z, std::span<const float> targets) {
  BlockSum sum;
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const double score = targets[i] > 0.5F ? static_cast<double>(z[i]) : -static_cast<double>(z[i]);
    sum.loss += softplus_of_minus(score);
    // An undecided row counts as the first class.
    sum.score += score > 0 || (score == 0 && targets[i] < 0.5F) ? 1 : 0;
  }
  return sum;
}

BlockSum cross_entropy_sum(std::span<const float> z, std::span<const float> targets) {
  BlockSum sum;
  const std::size_t outputs = z.size() / targets.size();
  for (std::size_t i = 0; i < targets.size(); ++i) {
    const auto row = z.subspan(i * outputs, outputs);
    const auto target = static_cast<std::size_t>(targets[i]);
    std::size_t best = 0;
    bool numbers = true;
    for (std::size_t k = 0; k < outputs; ++k) {
      if (row[k] > row[best]) best = k;
      numbers = numbers && std::isfinite(row[k]);
    }
    if (!numbers) {
      sum.loss = std::numeric_limits<double>::quiet_NaN();
      continue;
    }
    double total = 0;
    for (const float score : row) total += std::exp(static_cast<double>(score) - static_cast<double>(row[best]));
    sum.loss += std::log(total) + static_cast<double>(row[best]) - static_cast<double>(row[target]);
    sum.score += best == target ? 1 : 0;
  }
  return sum;
}

}  // namespace

void loss_gradient(Loss loss, std::span<float> z, std::span<const float> targets) {
  switch (loss) {
    case Loss::squared:
      for (std::size_t i = 0; i < targets.size(); ++i) z[i] -= targets[i];
      return;
    case Loss::logistic:
      for (std::size_t i = 0; i < targets.size(); ++i) z[i] = sigmoid(z[i]) - targets[i];
      return;
    case Loss::cross_entropy: {
      const std::size_t outputs = z.size() / targets.size();
      for (std::size_t i = 0; i < targets.size(); ++i) {
        const auto row = z.subspan(i * outputs, outputs);
        softmax(row);
        row[static_cast<std::size_t>(targets[i])] -= 1;
      }
      return;
    }
  }
}

BlockSum loss_sum(Loss loss, std::span<const float> z, std::span<const float> targets) {
  if (targets.empty()) return {};
  switch (loss) {
    case Loss::squared:
      return squared_sum(z, targets);
    case Loss::logistic:
      return logistic_sum(z, targets);
    case Loss::cross_entropy:
      return cross_entropy_sum(z, targets);
  }
  return {};
}

}  // namespace krige::trainer
