// The honest baseline of a parameter server on one machine: two threads on shared weights without any lock (Niu et al.,
// "Hogwild!", 2011), logistic regression with AdaGrad by the project's own gradients. Prints the least seconds of
// training to a train loss, over batches and learning rates, as one JSON object; evaluation does not count, the start
// of the threads does. l2 is applied to the touched keys only, which makes the task a little easier than the objective.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <cmath>
#include <limits>
#include <optional>
#include <thread>
#include <vector>

#include "base/rng.h"
#include "trainer/data/dataset.h"
#include "trainer/models/model.h"

namespace {

using namespace krige;
using namespace krige::trainer;

constexpr std::uint32_t kThreads = 2;
constexpr int kMaxEpochs = 40;
constexpr int kRuns = 3;

class Hogwild {
 public:
  Hogwild(const TrainJob& job, const Dataset& data) : job_(job), data_(data), order_(data.train.size()) {
    for (std::size_t i = 0; i < order_.size(); ++i) order_[i] = static_cast<std::uint32_t>(i);
    for (std::uint32_t t = 0; t < kThreads; ++t) models_.push_back(make_model(job, data.summary).value());
  }

  // Seconds of training until the loss is reached; nothing: it was not.
  std::optional<double> seconds_to(double target, std::size_t batch, float rate) {
    weights_.assign(models_[0]->parameters(), 0);
    squares_.assign(weights_.size(), 0);
    double seconds = 0;
    for (int epoch = 0; epoch < kMaxEpochs; ++epoch) {
      Rng rng(job_.seed, static_cast<std::uint64_t>(epoch));
      rng.shuffle(std::span<std::uint32_t>(order_));
      const auto begin = std::chrono::steady_clock::now();
      {
        std::vector<std::jthread> threads;
        for (std::uint32_t t = 0; t < kThreads; ++t) threads.emplace_back([&, t] { train(t, batch, rate); });
      }
      seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      if (loss() <= target) return seconds;
    }
    return std::nullopt;
  }

 private:
  // Other threads change the weights meanwhile: that is the method. Floats do not tear on the machines that this runs
  // on.
  void train(std::uint32_t thread, std::size_t batch, float rate) {
    RowBuffers buffers;
    SparseGradient gradient;
    const std::size_t share = order_.size() / kThreads;
    const std::span<const std::uint32_t> mine = std::span(order_).subspan(thread * share, share);
    for (std::size_t at = 0; at < mine.size(); at += batch) {
      const auto rows = mine.subspan(at, std::min(batch, mine.size() - at));
      models_[thread]->sparse_gradient(weights_, data_.train.gather(rows, buffers), {}, gradient);
      const float scale = 1.0F / static_cast<float>(rows.size());
      for (std::size_t i = 0; i < gradient.keys.size(); ++i) {
        const std::uint32_t key = gradient.keys[i];
        const float g = scale * gradient.values[i] + static_cast<float>(job_.l2) * weights_[key];
        const float s = squares_[key] += g * g;
        weights_[key] -= rate * g / (std::sqrt(s) + 1e-10F);
      }
    }
  }

  double loss() {
    RowBuffers buffers;
    constexpr std::size_t kRows = 1024;
    double sum = 0;
    for (std::uint64_t at = 0; at < data_.train.size(); at += kRows) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(kRows, data_.train.size() - at));
      sum += models_[0]->evaluate(weights_, data_.train.slice(at, count, buffers)).loss;
    }
    return sum / static_cast<double>(data_.train.size());
  }

  const TrainJob& job_;
  const Dataset& data_;
  std::vector<std::uint32_t> order_;
  std::vector<std::unique_ptr<Model>> models_;  // by thread
  Floats weights_, squares_;
};

}  // namespace

int main(int argc, char** argv) {
  std::string file;
  double target = 0;
  CLI::App app("Shared-memory Hogwild with two threads, to a train loss");
  app.add_option("file", file, "Rows in libsvm's format, labels of two classes")->required();
  app.add_option("--target", target, "Mean train loss")->required();
  CLI11_PARSE(app, argc, argv);
  TrainJob job;
  job.model = ModelKind::logistic;
  job.bias = false;
  job.data.path = file;
  job.data.format = DataFormat::libsvm;
  job.data.standardize = false;
  job.data.validation = 0.0;
  const Result<Dataset> data = load_dataset(job);
  if (!data) {
    fmt::print(stderr, "{}\n", data.error().describe());
    return exit_code(data.error().code);
  }
  job.l2 = 1 / static_cast<double>(data->train.size());
  double least = std::numeric_limits<double>::infinity();
  std::size_t best_batch = 0;
  float best_rate = 0;
  for (const std::size_t batch : {32, 64, 128, 256}) {
    for (const float rate : {0.1F, 0.2F, 0.4F, 0.8F}) {
      for (int run = 0; run < kRuns; ++run) {
        const auto seconds = Hogwild(job, *data).seconds_to(target, batch, rate);
        if (!seconds || *seconds >= least) continue;
        least = *seconds;
        best_batch = batch;
        best_rate = rate;
      }
    }
  }
  fmt::print(R"({{"seconds": {:.5f}, "batch": {}, "learning_rate": {:.2f}, "threads": {}}})"
             "\n",
             least, best_batch, best_rate, kThreads);
  return std::isfinite(least) ? 0 : 1;
}
