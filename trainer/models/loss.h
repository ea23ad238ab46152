// Losses of a model's last layer and their gradients, each for the rows of one block. T is float (training on the
// servers) or double (the driver of mapreduce).
#pragma once

#include <span>

#include "trainer/wire/messages.h"

namespace krige::trainer {

// squared: r²/2 with r = z − y. huber (Huber 1964): r²/2 up to |r| = delta, delta (|r| − delta/2) beyond. logistic: log
// loss of one output, y is 0 or 1. cross_entropy: softmax over `outputs`, y is a class.
enum class LossKind { squared, huber, logistic, cross_entropy };

struct Loss {
  LossKind kind = LossKind::squared;
  float delta = 1;  // huber
};

// `z` holds rows × outputs, row-major, and becomes d(loss)/dz.
template <typename T>
void loss_gradient(Loss loss, std::span<T> z, std::span<const float> targets);
// In double: the sum of the rows' losses, and of right answers (classes) or squared errors (regression).
template <typename T>
[[nodiscard]] BlockSum loss_sum(Loss loss, std::span<const T> z, std::span<const float> targets);

}  // namespace krige::trainer
