// Dense layers with one loss behind the last: linear, logistic and softmax are a network without hidden layers.
#pragma once

#include <memory>

#include "base/train_job.h"
#include "trainer/models/loss.h"
#include "trainer/models/model.h"

namespace krige::trainer {

// Numbers of units: the features, the hidden layers, the outputs. Errors as make_model.
template <typename T>
[[nodiscard]] Result<std::unique_ptr<BasicModel<T>>> make_network(const TrainJob& job,
                                                                  const std::vector<std::size_t>& widths, Loss loss);

}  // namespace krige::trainer
