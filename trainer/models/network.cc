#include "trainer/models/model.h"

#include <fmt/format.h>

#include <Eigen/Core>
#include <cmath>

#include "base/rng.h"
#include "trainer/models/loss.h"
#include "trainer/schedule.h"

namespace krige::trainer {
namespace {

// Dense layers with one loss behind the last: linear, logistic and softmax are a network without hidden layers.
//
// Layer l has weights W_l (in × out, row-major) and then biases b_l (out), all layers one after the other in the flat
// vector.
//   A_0 = features, Z_l = A_l W_l + b_l, A_{l+1} = act(Z_l); loss(Z_last).
// Backwards, with D_l = d(loss)/dZ_l: dW_l = A_lᵀ D_l, db_l = column sums of D_l, D_{l−1} = (D_l W_lᵀ) ∘ act′.

using Matrix = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
using MatrixView = Eigen::Map<const Matrix>;

constexpr std::size_t kMaxParameters = std::size_t{1} << 28;

struct Layer {
  std::size_t in;
  std::size_t out;
  std::size_t weights;  // key of its first weight
  std::size_t biases;   // key of its first bias
};

Eigen::Index index(std::size_t n) { return static_cast<Eigen::Index>(n); }

class Network final : public Model {
 public:
  Network(std::vector<Layer> layers, std::size_t parameters, Loss loss, Activation activation, bool bias)
      : layers_(std::move(layers)), parameters_(parameters), loss_(loss), activation_(activation), bias_(bias) {
    outputs_.resize(layers_.size());
    deltas_.resize(layers_.size());
  }

  [[nodiscard]] std::size_t parameters() const override { return parameters_; }

  [[nodiscard]] std::vector<KeyRange> penalized() const override {
    std::vector<KeyRange> ranges;
    for (const Layer& layer : layers_) ranges.push_back({layer.weights, layer.biases});
    return ranges;
  }

  // A convex model begins at zero. Else hidden ReLU layers as He et al. 2015 (eq. 10), all others as Glorot, Bengio
  // 2010 (eq. 16).
  [[nodiscard]] Floats initial_weights(std::uint64_t seed) const override {
    Floats w(parameters_, 0.0F);
    if (layers_.size() == 1) return w;
    Rng rng(seed, static_cast<std::uint64_t>(SeedStream::weights));
    for (const Layer& layer : layers_) {
      const bool he = activation_ == Activation::relu && &layer != &layers_.back();
      const double he_deviation = std::sqrt(2.0 / static_cast<double>(layer.in));
      const double glorot_bound = std::sqrt(6.0 / static_cast<double>(layer.in + layer.out));
      for (std::size_t i = layer.weights; i < layer.biases; ++i)
        w[i] = static_cast<float>(he ? he_deviation * rng.normal() : rng.uniform(-glorot_bound, glorot_bound));
    }
    return w;
  }

  void gradient(std::span<const float> w, const Examples& rows, std::span<float> gradient) override {
    const MatrixView features = features_of(rows);
    forward(w, features);
    deltas_.back().swap(outputs_.back());
    loss_gradient(loss_, {deltas_.back().data(), static_cast<std::size_t>(deltas_.back().size())}, rows.targets);
    for (std::size_t l = layers_.size(); l-- > 0;) {
      const Layer& layer = layers_[l];
      Matrix& delta = deltas_[l];
      Eigen::Map<Matrix> weights(gradient.data() + layer.weights, index(layer.in), index(layer.out));
      if (l == 0)
        weights.noalias() = features.transpose() * delta;
      else
        weights.noalias() = outputs_[l - 1].transpose() * delta;
      if (bias_)
        Eigen::Map<Eigen::RowVectorXf>(gradient.data() + layer.biases, index(layer.out)).noalias() =
            delta.colwise().sum();
      if (l == 0) return;
      deltas_[l - 1].noalias() = delta * weights_of(w, layer).transpose();
      multiply_by_slope(outputs_[l - 1], deltas_[l - 1]);
    }
  }

  BlockSum evaluate(std::span<const float> w, const Examples& rows) override {
    forward(w, features_of(rows));
    const Matrix& z = outputs_.back();
    return loss_sum(loss_, {z.data(), static_cast<std::size_t>(z.size())}, rows.targets);
  }

 private:
  [[nodiscard]] MatrixView features_of(const Examples& rows) const {
    return {rows.features.data(), index(rows.targets.size()), index(layers_.front().in)};
  }
  static MatrixView weights_of(std::span<const float> w, const Layer& layer) {
    return {w.data() + layer.weights, index(layer.in), index(layer.out)};
  }

  // outputs_[l] = A_{l+1}; the last one is Z, before the loss.
  void forward(std::span<const float> w, const MatrixView& features) {
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const Layer& layer = layers_[l];
      Matrix& out = outputs_[l];
      out.resize(features.rows(), index(layer.out));
      if (l == 0)
        out.noalias() = features * weights_of(w, layer);
      else
        out.noalias() = outputs_[l - 1] * weights_of(w, layer);
      if (bias_) out.rowwise() += Eigen::Map<const Eigen::RowVectorXf>(w.data() + layer.biases, index(layer.out));
      if (l + 1 == layers_.size()) return;
      if (activation_ == Activation::relu)
        out = out.cwiseMax(0.0F);
      else
        out = out.array().tanh().matrix();
    }
  }

  // The slope of either activation is a function of its value.
  void multiply_by_slope(const Matrix& value, Matrix& delta) const {
    if (activation_ == Activation::relu)
      delta.array() *= (value.array() > 0.0F).cast<float>();
    else
      delta.array() *= 1.0F - value.array().square();
  }

  std::vector<Layer> layers_;
  std::size_t parameters_;
  Loss loss_;
  Activation activation_;
  bool bias_;
  std::vector<Matrix> outputs_;
  std::vector<Matrix> deltas_;
};

}  // namespace

Result<std::unique_ptr<Model>> make_model(const TrainJob& job, const DataSummary& data) {
  std::vector<std::size_t> widths{data.columns()};
  if (job.model == ModelKind::mlp)
    for (const std::int64_t width : job.hidden) widths.push_back(static_cast<std::size_t>(width));
  Loss loss = Loss::squared;
  if (!data.regression()) loss = job.model == ModelKind::logistic ? Loss::logistic : Loss::cross_entropy;
  widths.push_back(loss == Loss::cross_entropy ? data.classes.size() : 1);

  std::vector<Layer> layers;
  std::size_t parameters = 0;
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
    Layer layer{widths[l], widths[l + 1], parameters, 0};
    layer.biases = parameters + layer.in * layer.out;
    parameters = layer.biases + (job.bias ? layer.out : 0);
    layers.push_back(layer);
    if (parameters > kMaxParameters)
      return fail(ErrorCode::invalid_argument, fmt::format("makes a model of more than {} parameters", kMaxParameters),
                  job.model == ModelKind::mlp ? "hidden" : "data");
  }
  return std::make_unique<Network>(std::move(layers), parameters, loss, job.activation, job.bias);
}

}  // namespace krige::trainer
