// The factorization machine of second order (Rendle 2010).
#pragma once

#include <memory>

#include "base/train_job.h"
#include "trainer/models/loss.h"
#include "trainer/models/model.h"

namespace krige::trainer {

// For a squared, huber or logistic loss of its one output. Errors as make_model.
template <typename T>
[[nodiscard]] Result<std::unique_ptr<BasicModel<T>>> make_factorization_machine(const TrainJob& job,
                                                                                std::size_t features, Loss loss);

}  // namespace krige::trainer
