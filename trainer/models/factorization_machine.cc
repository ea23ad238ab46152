#include "trainer/models/factorization_machine.h"

#include <algorithm>

#include "base/rng.h"
#include "trainer/models/limits.h"
#include "trainer/models/rows.h"
#include "trainer/schedule.h"

namespace krige::trainer {
namespace {

// Feature i has the 1 + k keys from i (1 + k): its weight w_i and its factors v_i; behind all of them the bias w_0.
//   z = w_0 + Σ_i w_i x_i + ½ Σ_f (s_f² − Σ_i v_if² x_i²),  s_f = Σ_i v_if x_i       (Rendle 2010, eq. 1 and lemma 3.1)
//   dz/dw_0 = 1, dz/dw_i = x_i, dz/dv_if = x_i (s_f − v_if x_i)                       (eq. 4)
// A feature's weight is treated as a factor that takes no part in the pairs: its s is the linear sum.

// Rendle's libFM draws the factors with this deviation by default.
constexpr double kFactorDeviation = 0.1;

template <typename T>
class FactorizationMachine final : public BasicModel<T> {
 public:
  FactorizationMachine(std::size_t features, std::size_t factors, bool bias, Loss loss)
      : features_(features), stride_(1 + factors), bias_(bias), loss_(loss) {}

  [[nodiscard]] std::size_t parameters() const override { return features_ * stride_ + (bias_ ? 1 : 0); }
  [[nodiscard]] std::vector<KeyRange> penalized() const override { return {{0, features_ * stride_}}; }

  // At v = 0 the gradient of v is zero as well: the factors must begin apart.
  [[nodiscard]] Floats initial_weights(std::uint64_t seed) const override {
    Floats w(parameters(), 0.0F);
    Rng rng(seed, static_cast<std::uint64_t>(SeedStream::weights));
    for (std::size_t i = 0; i < features_; ++i)
      for (std::size_t f = 1; f < stride_; ++f)
        w[i * stride_ + f] = static_cast<float>(kFactorDeviation * rng.normal());
    return w;
  }

  void gradient(std::span<const T> w, const Examples& rows, const BlockPlace&, std::span<T> gradient) override {
    forward(w, rows);
    backward_dense(w, rows, gradient);
  }

  void sparse_gradient(std::span<const T> w, const Examples& rows, const BlockPlace&,
                       BasicSparseGradient<T>& gradient) override {
    forward(w, rows);
    gradient.touched.collect(all_ids(rows), features_);
    const auto& touched = gradient.touched.ids();
    gradient.values.assign(touched.size() * stride_ + (bias_ ? 1 : 0), T(0));
    gradient.keys.resize(gradient.values.size());
    auto key = gradient.keys.begin();
    for (const std::uint32_t id : touched)
      for (std::size_t f = 0; f < stride_; ++f) *key++ = static_cast<std::uint32_t>(id * stride_ + f);
    if (bias_) *key = static_cast<std::uint32_t>(features_ * stride_);
    backward(w, rows, gradient.values,
             [&](std::size_t id) { return gradient.touched.rank(static_cast<std::uint32_t>(id)); });
  }

  BlockSum evaluate(std::span<const T> w, const Examples& rows) override {
    return loss_sum<T>(loss_, outputs(w, rows), rows.targets);
  }

  std::span<const T> outputs(std::span<const T> w, const Examples& rows) override {
    forward(w, rows);
    return scores_;
  }

  BlockSum evaluate_with_gradient(std::span<const T> w, const Examples& rows, std::span<T> gradient) override {
    const BlockSum sum = evaluate(w, rows);
    backward_dense(w, rows, gradient);
    return sum;
  }

 private:
  // scores_[row] = z, sums_[row] = (linear sum, s_1 … s_k).
  void forward(std::span<const T> w, const Examples& rows) {
    scores_.resize(rows.rows());
    sums_.assign(rows.rows() * stride_, T(0));
    squares_.resize(stride_);
    const T bias = bias_ ? w.back() : T(0);
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      T* sums = sums_.data() + row * stride_;
      T* squares = squares_.data();
      std::fill_n(squares, stride_, T(0));
      for_each_entry(rows, row, [&](std::size_t id, float value) {
        const T* v = w.data() + id * stride_;
        const auto x = static_cast<T>(value);
        for (std::size_t f = 0; f < stride_; ++f) {
          const T part = v[f] * x;
          sums[f] += part;
          squares[f] += part * part;
        }
      });
      T pairs = 0;
      for (std::size_t f = 1; f < stride_; ++f) pairs += sums[f] * sums[f] - squares[f];
      scores_[row] = bias + sums[0] + pairs / 2;
    }
  }

  void backward_dense(std::span<const T> w, const Examples& rows, std::span<T> gradient) {
    std::ranges::fill(gradient, T(0));
    backward(w, rows, gradient, [](std::size_t id) { return id; });
  }

  // Adds to `gradient`: feature place_of(id) has its keys there as in w; the bias is the last.
  template <typename PlaceOf>
  void backward(std::span<const T> w, const Examples& rows, std::span<T> gradient, const PlaceOf& place_of) {
    loss_gradient<T>(loss_, scores_, rows.targets);
    T bias = 0;
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      const T delta = scores_[row];
      const T* sums = sums_.data() + row * stride_;
      bias += delta;
      for_each_entry(rows, row, [&](std::size_t id, float value) {
        const T* v = w.data() + id * stride_;
        T* g = gradient.data() + place_of(id) * stride_;
        const auto x = static_cast<T>(value);
        const T scaled = delta * x;
        g[0] += scaled;
        for (std::size_t f = 1; f < stride_; ++f) g[f] += scaled * (sums[f] - v[f] * x);
      });
    }
    if (bias_) gradient.back() = bias;
  }

  std::size_t features_;
  std::size_t stride_;
  bool bias_;
  Loss loss_;
  std::vector<T> scores_;
  std::vector<T> sums_;
  std::vector<T> squares_;
};

}  // namespace

template <typename T>
Result<std::unique_ptr<BasicModel<T>>> make_factorization_machine(const TrainJob& job, std::size_t features,
                                                                  Loss loss) {
  const auto factors = static_cast<std::size_t>(job.factors);
  if (features > kMaxParameters / (factors + 1)) return too_many_parameters("factors");
  return std::make_unique<FactorizationMachine<T>>(features, factors, job.bias, loss);
}

template Result<std::unique_ptr<BasicModel<float>>> make_factorization_machine(const TrainJob&, std::size_t, Loss);
template Result<std::unique_ptr<BasicModel<double>>> make_factorization_machine(const TrainJob&, std::size_t, Loss);

}  // namespace krige::trainer
