#include "trainer/models/network.h"

#include <fmt/format.h>

#include <Eigen/Core>
#include <cmath>
#include <numeric>

#include "base/rng.h"
#include "trainer/models/dropout.h"
#include "trainer/models/limits.h"
#include "trainer/models/rows.h"
#include "trainer/schedule.h"

namespace krige::trainer {
namespace {

// Layer l has weights W_l (in × out, row-major) and then biases b_l (out), all layers one after the other in the flat
// vector. With r the dropout masks of the hidden layers (all ones in an evaluation):
//   A_0 = features, Z_l = A_l W_l + b_l, A_{l+1} = act(Z_l) ∘ r_l; loss(Z_last).
// Backwards, with D_l = d(loss)/dZ_l: dW_l = A_lᵀ D_l, db_l = column sums of D_l,
//   D_{l−1} = (D_l W_lᵀ) ∘ r_{l−1} ∘ act′(Z_{l−1}).

template <typename T>
using Matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

struct Layer {
  std::size_t in;
  std::size_t out;
  std::size_t weights;  // key of its first weight
  std::size_t biases;   // key of its first bias
};

Eigen::Index index(std::size_t n) { return static_cast<Eigen::Index>(n); }

template <typename T>
class Network final : public BasicModel<T> {
 public:
  Network(std::vector<Layer> layers, std::size_t parameters, Loss loss, const TrainJob& job)
      : layers_(std::move(layers)),
        parameters_(parameters),
        loss_(loss),
        activation_(job.activation),
        bias_(job.bias),
        dropout_(layers_.size() > 1 ? job.dropout : 0),
        outputs_(layers_.size()),
        deltas_(layers_.size()),
        masks_(layers_.size()) {}

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

  void gradient(std::span<const T> w, const Examples& rows, const BlockPlace& place, std::span<T> gradient) override {
    forward(w, rows, dropout_ > 0 ? &place : nullptr);
    backward_dense(w, rows, gradient, dropout_ > 0);
  }

  void sparse_gradient(std::span<const T> w, const Examples& rows, const BlockPlace& place,
                       BasicSparseGradient<T>& gradient) override {
    forward(w, rows, dropout_ > 0 ? &place : nullptr);
    const Layer& first = layers_.front();
    gradient.touched.collect(all_ids(rows), first.in);
    const auto& touched = gradient.touched.ids();
    const std::size_t touched_weights = touched.size() * first.out;
    const std::size_t total = touched_weights + parameters_ - first.biases;
    gradient.keys.resize(total);
    auto key = gradient.keys.begin();
    for (const std::uint32_t id : touched)
      for (std::size_t k = 0; k < first.out; ++k) *key++ = static_cast<std::uint32_t>(id * first.out + k);
    std::iota(key, gradient.keys.end(), static_cast<std::uint32_t>(first.biases));
    gradient.values.resize(total);
    T* values = gradient.values.data();
    const Matrix<T>& delta = backward_to_first(w, rows.targets, values + touched_weights, dropout_ > 0);
    std::fill_n(values, touched_weights, T(0));
    scatter_first(rows, delta, values,
                  [&](std::size_t id) { return gradient.touched.rank(static_cast<std::uint32_t>(id)); });
  }

  BlockSum evaluate(std::span<const T> w, const Examples& rows) override {
    return loss_sum<T>(loss_, outputs(w, rows), rows.targets);
  }

  std::span<const T> outputs(std::span<const T> w, const Examples& rows) override {
    forward(w, rows, nullptr);
    const Matrix<T>& z = outputs_.back();
    return {z.data(), static_cast<std::size_t>(z.size())};
  }

  BlockSum evaluate_with_gradient(std::span<const T> w, const Examples& rows, std::span<T> gradient) override {
    const BlockSum sum = evaluate(w, rows);
    backward_dense(w, rows, gradient, false);
    return sum;
  }

 private:
  using MatrixView = Eigen::Map<const Matrix<T>>;
  using RowView = Eigen::Map<const Eigen::Matrix<T, 1, Eigen::Dynamic>>;
  using FeatureView = Eigen::Map<const Matrix<float>>;

  [[nodiscard]] FeatureView features_of(const Examples& rows) const {
    return {rows.features.data(), index(rows.rows()), index(layers_.front().in)};
  }
  static MatrixView weights_of(std::span<const T> w, const Layer& layer) {
    return {w.data() + layer.weights, index(layer.in), index(layer.out)};
  }

  // outputs_[l] = A_{l+1}; the last one is Z, before the loss. Without a place nothing is dropped.
  void forward(std::span<const T> w, const Examples& rows, const BlockPlace* place) {
    for (std::size_t l = 0; l < layers_.size(); ++l) {
      const Layer& layer = layers_[l];
      Matrix<T>& out = outputs_[l];
      out.resize(index(rows.rows()), index(layer.out));
      if (l == 0)
        multiply_first(w, rows, out);
      else
        out.noalias() = outputs_[l - 1] * weights_of(w, layer);
      if (bias_) out.rowwise() += RowView(w.data() + layer.biases, index(layer.out));
      if (l + 1 == layers_.size()) return;
      if (activation_ == Activation::relu)
        out = out.cwiseMax(T(0));
      else
        out = out.array().tanh().matrix();
      if (place != nullptr) drop(out, *place, l);
    }
  }

  // out = A_0 W_0.
  void multiply_first(std::span<const T> w, const Examples& rows, Matrix<T>& out) {
    const Layer& layer = layers_.front();
    if (!rows.sparse()) {
      if constexpr (std::is_same_v<T, float>) {
        out.noalias() = features_of(rows) * weights_of(w, layer);
      } else {
        features_ = features_of(rows).template cast<T>();
        out.noalias() = features_ * weights_of(w, layer);
      }
    } else if (layer.out == 1) {
      for (std::size_t i = 0; i < rows.rows(); ++i) {
        T sum = 0;
        for_each_entry(rows, i, [&](std::size_t id, float x) { sum += static_cast<T>(x) * w[id]; });
        out(index(i), 0) = sum;
      }
    } else {
      out.setZero();
      for (std::size_t i = 0; i < rows.rows(); ++i) {
        T* z = out.data() + i * layer.out;
        for_each_entry(
            rows, i, [&](std::size_t id, float x) { add_scaled(z, static_cast<T>(x), &w[id * layer.out], layer.out); });
      }
    }
  }

  static void add_scaled(T* to, T factor, const T* from, std::size_t n) {
    for (std::size_t k = 0; k < n; ++k) to[k] += factor * from[k];
  }

  void drop(Matrix<T>& out, const BlockPlace& place, std::size_t layer) {
    Matrix<T>& mask = masks_[layer];
    mask.resize(out.rows(), out.cols());
    for (Eigen::Index i = 0; i < out.rows(); ++i)
      dropout_mask<T>(dropout_, place.seed, place.step, place.first_row + static_cast<std::uint64_t>(i), layer,
                      {mask.data() + i * out.cols(), static_cast<std::size_t>(out.cols())});
    out.array() *= mask.array();
  }

  void backward_dense(std::span<const T> w, const Examples& rows, std::span<T> gradient, bool dropped) {
    const Layer& first = layers_.front();
    const Matrix<T>& delta = backward_to_first(w, rows.targets, gradient.data() + first.biases, dropped);
    Eigen::Map<Matrix<T>> weights(gradient.data(), index(first.in), index(first.out));
    if (rows.sparse()) {
      weights.setZero();
      scatter_first(rows, delta, gradient.data(), [](std::size_t id) { return id; });
    } else if constexpr (std::is_same_v<T, float>) {
      weights.noalias() = features_of(rows).transpose() * delta;
    } else {
      weights.noalias() = features_.transpose() * delta;
    }
  }

  // The gradient of everything behind the first layer's weights, from its biases on at `rest`; gives D_0.
  const Matrix<T>& backward_to_first(std::span<const T> w, std::span<const float> targets, T* rest, bool dropped) {
    deltas_.back().swap(outputs_.back());
    loss_gradient<T>(loss_, {deltas_.back().data(), static_cast<std::size_t>(deltas_.back().size())}, targets);
    const auto at = [&](std::size_t key) { return rest + (key - layers_.front().biases); };
    for (std::size_t l = layers_.size(); l-- > 0;) {
      const Layer& layer = layers_[l];
      const Matrix<T>& delta = deltas_[l];
      if (bias_)
        Eigen::Map<Eigen::Matrix<T, 1, Eigen::Dynamic>>(at(layer.biases), index(layer.out)).noalias() =
            delta.colwise().sum();
      if (l == 0) break;
      Eigen::Map<Matrix<T>>(at(layer.weights), index(layer.in), index(layer.out)).noalias() =
          outputs_[l - 1].transpose() * delta;
      deltas_[l - 1].noalias() = delta * weights_of(w, layer).transpose();
      multiply_by_slope(l - 1, dropped);
    }
    return deltas_.front();
  }

  // Adds A_0ᵀ D_0 of sparse rows to rows of `out` numbers at `to`; place_of says which row is an id's.
  template <typename PlaceOf>
  void scatter_first(const Examples& rows, const Matrix<T>& delta, T* to, const PlaceOf& place_of) const {
    const std::size_t out = layers_.front().out;
    for (std::size_t i = 0; i < rows.rows(); ++i) {
      const T* d = delta.data() + i * out;
      if (out == 1)
        for_each_entry(rows, i, [&](std::size_t id, float x) { to[place_of(id)] += static_cast<T>(x) * *d; });
      else
        for_each_entry(
            rows, i, [&](std::size_t id, float x) { add_scaled(to + place_of(id) * out, static_cast<T>(x), d, out); });
    }
  }

  // deltas_[l] ∘ r ∘ act′(Z). The slope of either activation is a function of its value, which is A / r.
  void multiply_by_slope(std::size_t l, bool dropped) {
    auto delta = deltas_[l].array();
    const auto value = outputs_[l].array();
    if (dropped) delta *= masks_[l].array();
    if (activation_ == Activation::relu)
      delta *= (value > T(0)).template cast<T>();
    else
      delta *= T(1) - (value * static_cast<T>(dropped ? 1 - dropout_ : 1)).square();
  }

  std::vector<Layer> layers_;
  std::size_t parameters_;
  Loss loss_;
  Activation activation_;
  bool bias_;
  double dropout_;
  std::vector<Matrix<T>> outputs_;
  std::vector<Matrix<T>> deltas_;
  std::vector<Matrix<T>> masks_;
  Matrix<T> features_;  // dense features as T, where that is not float
};

}  // namespace

template <typename T>
Result<std::unique_ptr<BasicModel<T>>> make_network(const TrainJob& job, const std::vector<std::size_t>& widths,
                                                    Loss loss) {
  std::vector<Layer> layers;
  std::size_t parameters = 0;
  for (std::size_t l = 0; l + 1 < widths.size(); ++l) {
    Layer layer{widths[l], widths[l + 1], parameters, 0};
    layer.biases = parameters + layer.in * layer.out;
    parameters = layer.biases + (job.bias ? layer.out : 0);
    layers.push_back(layer);
    if (parameters > kMaxParameters) return too_many_parameters(job.model == ModelKind::mlp ? "hidden" : "data");
  }
  return std::make_unique<Network<T>>(std::move(layers), parameters, loss, job);
}

template Result<std::unique_ptr<BasicModel<float>>> make_network(const TrainJob&, const std::vector<std::size_t>&,
                                                                 Loss);
template Result<std::unique_ptr<BasicModel<double>>> make_network(const TrainJob&, const std::vector<std::size_t>&,
                                                                  Loss);

}  // namespace krige::trainer
