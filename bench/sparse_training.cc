// What sparse training costs before any message is sent: minibatch SGD in one process on made-up rows, with gradients
// over the touched keys only, against the dense gradient of the same rows. One JSON object a case.
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include "base/rng.h"
#include "trainer/models/model.h"

namespace {

using namespace krige;
using namespace krige::trainer;

struct Case {
  const char* name;
  ModelKind model;
  std::size_t rows;
  std::size_t columns;
  std::size_t non_zeros;  // a row
};

// Rows as bags of words: ids by a power law, values of one, labels by the parity of the first id.
struct Data {
  explicit Data(const Case& of) {
    Rng rng(1);
    offsets.push_back(0);
    for (std::size_t row = 0; row < of.rows; ++row) {
      const auto begin = static_cast<std::ptrdiff_t>(ids.size());
      for (std::size_t i = 0; i < of.non_zeros; ++i) {
        const double u = rng.uniform();
        ids.push_back(static_cast<std::uint32_t>(u * u * static_cast<double>(of.columns)));
      }
      std::sort(ids.begin() + begin, ids.end());
      ids.erase(std::unique(ids.begin() + begin, ids.end()), ids.end());
      targets.push_back(static_cast<float>(ids[static_cast<std::size_t>(begin)] % 2));
      offsets.push_back(ids.size());
    }
  }
  [[nodiscard]] Examples rows(std::size_t begin, std::size_t end, std::size_t columns) const {
    Examples view;
    view.columns = columns;
    view.offsets = std::span(offsets).subspan(begin, end - begin + 1);
    view.ids = ids;
    view.targets = std::span(targets).subspan(begin, end - begin);
    return view;
  }
  std::vector<std::uint64_t> offsets;
  std::vector<std::uint32_t> ids;
  std::vector<float> targets;
};

// The least of five epochs, in seconds.
template <typename Step>
double fastest_epoch(std::size_t rows, std::size_t batch, const Step& step) {
  double least = 1e300;
  for (int epoch = 0; epoch < 5; ++epoch) {
    const auto start = std::chrono::steady_clock::now();
    for (std::size_t begin = 0; begin < rows; begin += batch) step(begin, std::min(rows, begin + batch));
    least = std::min(least, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return least;
}

void measure(const Case& of) {
  constexpr std::size_t kBatch = 256;
  constexpr float kRate = 0.1F / kBatch;
  TrainJob job;
  job.model = of.model;
  DataSummary summary;
  summary.features.assign(of.columns, "x");
  summary.classes = {"0", "1"};
  const auto model = make_model(job, summary).value();
  const Data data(of);
  Floats w = model->initial_weights(1);
  SparseGradient sparse;
  const double sparse_seconds = fastest_epoch(of.rows, kBatch, [&](std::size_t begin, std::size_t end) {
    model->sparse_gradient(w, data.rows(begin, end, of.columns), {}, sparse);
    for (std::size_t i = 0; i < sparse.keys.size(); ++i) w[sparse.keys[i]] -= kRate * sparse.values[i];
  });
  Floats dense(w.size());
  const double dense_seconds = fastest_epoch(of.rows, kBatch, [&](std::size_t begin, std::size_t end) {
    model->gradient(w, data.rows(begin, end, of.columns), {}, dense);
    for (std::size_t i = 0; i < w.size(); ++i) w[i] -= kRate * dense[i];
  });
  fmt::print(R"({{"case": "{}", "rows": {}, "columns": {}, "batch": {}, "sparse_examples_per_second": {:.0f}, )"
             R"("sparse_ns_per_non_zero": {:.2f}, "dense_examples_per_second": {:.0f}}})"
             "\n",
             of.name, of.rows, of.columns, kBatch, static_cast<double>(of.rows) / sparse_seconds,
             1e9 * sparse_seconds / static_cast<double>(data.ids.size()), static_cast<double>(of.rows) / dense_seconds);
}

}  // namespace

int main() {
  measure({"logistic as a9a", ModelKind::logistic, 32'561, 123, 14});
  measure({"logistic, a million columns", ModelKind::logistic, 32'561, 1'000'000, 60});
  measure({"fm as MovieLens", ModelKind::fm, 90'752, 10'334, 2});
  return 0;
}
