// Losses of a model's last layer and their gradients, each for the rows of one block.
#pragma once

#include <span>

#include "trainer/wire/messages.h"

namespace krige::trainer {

// squared: (z − y)² / 2. logistic: log loss of one output, y is 0 or 1. cross_entropy: softmax over `outputs`, y is a
// class.
enum class Loss { squared, logistic, cross_entropy };

// `z` holds rows × outputs, row-major, and becomes d(loss)/dz.
void loss_gradient(Loss loss, std::span<float> z, std::span<const float> targets);
[[nodiscard]] BlockSum loss_sum(Loss loss, std::span<const float> z, std::span<const float> targets);

}  // namespace krige::trainer
