// A model is a loss over a flat vector of f32 parameters. Shapes: w is parameters(), features are rows × features,
// row-major. The sums run over the given rows only; the means, the penalty and the update are the shards' business.
//
// Every span begins on a 64-byte boundary or at the same offset from one in every process (see floats.h).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/train_job.h"
#include "trainer/data/dataset.h"
#include "trainer/data/examples.h"
#include "trainer/floats.h"
#include "trainer/wire/messages.h"

namespace krige::trainer {

// Holds buffers between calls: one thread at a time.
class Model {
 public:
  virtual ~Model() = default;
  [[nodiscard]] virtual std::size_t parameters() const = 0;
  // The keys that l1 and l2 apply to: all but the biases.
  [[nodiscard]] virtual std::vector<KeyRange> penalized() const = 0;
  [[nodiscard]] virtual Floats initial_weights(std::uint64_t seed) const = 0;
  // gradient = d(sum of the rows' losses)/dw, overwritten.
  virtual void gradient(std::span<const float> w, const Examples& rows, std::span<float> gradient) = 0;
  // The sum of the rows' losses, and of right answers (classes) or squared errors (regression). What is not a number is
  // wrong.
  virtual BlockSum evaluate(std::span<const float> w, const Examples& rows) = 0;
};

// invalid_argument: too many parameters for one training (2^28).
[[nodiscard]] Result<std::unique_ptr<Model>> make_model(const TrainJob& job, const DataSummary& data);

}  // namespace krige::trainer
