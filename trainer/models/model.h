// A model is a loss over a flat vector of parameters. Shapes: w is parameters(); rows are dense or sparse (examples.h).
// The sums run over the given rows only; the means, the penalty and the update are the servers' or the driver's.
//
// T is the type of the parameters and of all sums: float where servers hold them, double at the driver of mapreduce,
// whose optima are exact to more digits than f32 has. Every span of floats begins on a 64-byte boundary or at the same
// offset from one in every process (see floats.h).
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/train_job.h"
#include "trainer/data/dataset.h"
#include "trainer/data/examples.h"
#include "trainer/floats.h"
#include "trainer/models/loss.h"
#include "trainer/models/sparse_gradient.h"
#include "trainer/wire/messages.h"

namespace krige::trainer {

// Where in a training a block of rows stands. Dropout masks are a function of it and of (row, layer, unit), so that
// they do not depend on which worker computes the block.
struct BlockPlace {
  std::uint64_t seed = 0;
  std::uint64_t step = 0;       // minibatches done before
  std::uint64_t first_row = 0;  // place of the block's first row in the epoch's order
};

// Holds buffers between calls: one thread at a time.
template <typename T>
class BasicModel {
 public:
  virtual ~BasicModel() = default;
  [[nodiscard]] virtual std::size_t parameters() const = 0;
  // The keys that l1 and l2 apply to: all but the biases.
  [[nodiscard]] virtual std::vector<KeyRange> penalized() const = 0;
  [[nodiscard]] virtual Floats initial_weights(std::uint64_t seed) const = 0;
  // gradient = d(sum of the rows' losses)/dw, overwritten; with dropout at `place`.
  virtual void gradient(std::span<const T> w, const Examples& rows, const BlockPlace& place, std::span<T> gradient) = 0;
  // The same numbers for the keys that the rows touch; rows must be sparse.
  virtual void sparse_gradient(std::span<const T> w, const Examples& rows, const BlockPlace& place,
                               BasicSparseGradient<T>& gradient) = 0;
  // The sum of the rows' losses, and of right answers (classes) or squared errors (regression); without dropout. What
  // is not a number is wrong.
  virtual BlockSum evaluate(std::span<const T> w, const Examples& rows) = 0;
  // The last layer's outputs before the loss, rows × outputs, row-major; without dropout. Valid until the next call.
  virtual std::span<const T> outputs(std::span<const T> w, const Examples& rows) = 0;
  // evaluate(), and its gradient, from one pass.
  virtual BlockSum evaluate_with_gradient(std::span<const T> w, const Examples& rows, std::span<T> gradient) = 0;
};
using Model = BasicModel<float>;

// The loss that the job's model has on these data.
[[nodiscard]] Loss loss_of(const TrainJob& job, const DataSummary& data);

// invalid_argument: too many parameters for one training (2^28).
template <typename T>
[[nodiscard]] Result<std::unique_ptr<BasicModel<T>>> make_basic_model(const TrainJob& job, const DataSummary& data);
[[nodiscard]] inline Result<std::unique_ptr<Model>> make_model(const TrainJob& job, const DataSummary& data) {
  return make_basic_model<float>(job, data);
}

}  // namespace krige::trainer
