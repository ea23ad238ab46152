#include "trainer/models/network.h"

#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "trainer/models/dropout.h"

namespace krige::trainer {
namespace {

TEST(Network, TooManyParametersAreAnError) {
  TrainJob job;
  job.model = ModelKind::mlp;
  const auto model = make_network<float>(job, {3, 1 << 20, 1 << 20, 2}, {LossKind::cross_entropy});
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().field, "hidden");
}

TEST(Network, HeAndGlorotDeviations) {
  TrainJob job;
  job.model = ModelKind::mlp;
  for (const Activation activation : {Activation::relu, Activation::tanh}) {
    job.activation = activation;
    const Floats w = make_network<float>(job, {100, 400, 2}, {LossKind::cross_entropy}).value()->initial_weights(3);
    double squares = 0;
    for (std::size_t i = 0; i < 40'000; ++i) squares += static_cast<double>(w[i]) * static_cast<double>(w[i]);
    const double expected = activation == Activation::relu ? 2.0 / 100 : 2.0 / 500;
    EXPECT_NEAR(squares / 40'000, expected, 0.03 * expected);
  }
}

// Two hidden layers of 5 and 4 on 3 features with one output, squared loss, dropout 0.4.
class DropoutTest : public testing::TestWithParam<Activation> {
 protected:
  static constexpr std::array<std::size_t, 4> kWidths{3, 5, 4, 1};
  static constexpr double kRate = 0.4;

  void SetUp() override {
    job_.model = ModelKind::mlp;
    job_.activation = GetParam();
    job_.dropout = kRate;
    model_ = make_network<double>(job_, {kWidths.begin(), kWidths.end()}, {LossKind::squared}).value();
    Rng rng(11);
    for (std::size_t i = 0; i < 6 * kWidths[0]; ++i) features_.push_back(static_cast<float>(rng.normal()));
    for (std::size_t i = 0; i < 6; ++i) targets_.push_back(static_cast<float>(rng.normal()));
    for (std::size_t i = 0; i < model_->parameters(); ++i) w_.push_back(0.7 * rng.normal());
  }
  [[nodiscard]] Examples examples() const {
    Examples rows;
    rows.columns = kWidths[0];
    rows.features = features_;
    rows.targets = targets_;
    return rows;
  }
  // The loss written out unit by unit.
  [[nodiscard]] double loss(const std::vector<double>& w, const BlockPlace& place) const {
    double total = 0;
    for (std::size_t row = 0; row < targets_.size(); ++row) {
      std::vector<double> a(features_.begin() + static_cast<std::ptrdiff_t>(row * kWidths[0]),
                            features_.begin() + static_cast<std::ptrdiff_t>((row + 1) * kWidths[0]));
      std::size_t key = 0;
      for (std::size_t l = 0; l + 1 < kWidths.size(); ++l) {
        const std::size_t out = kWidths[l + 1];
        std::vector<double> z(out, 0.0);
        for (const double x : a)
          for (double& unit : z) unit += x * w[key++];
        for (double& unit : z) unit += w[key++];
        if (l + 2 < kWidths.size()) {
          std::vector<double> mask(out);
          dropout_mask<double>(kRate, place.seed, place.step, place.first_row + row, l, mask);
          for (std::size_t k = 0; k < out; ++k)
            z[k] = mask[k] * (GetParam() == Activation::relu ? std::max(z[k], 0.0) : std::tanh(z[k]));
        }
        a = z;
      }
      const double off = a[0] - static_cast<double>(targets_[row]);
      total += off * off / 2;
    }
    return total;
  }

  TrainJob job_;
  std::unique_ptr<BasicModel<double>> model_;
  Floats features_;
  std::vector<float> targets_;
  std::vector<double> w_;
};

TEST_P(DropoutTest, GradientIsThatOfTheMaskedNetwork) {
  const BlockPlace place{3, 17, 40};
  std::vector<double> gradient(w_.size());
  model_->gradient(w_, examples(), place, gradient);
  double largest = 0;
  for (std::size_t i = 0; i < w_.size(); ++i) {
    constexpr double kStep = 1e-5;
    auto above = w_;
    auto below = w_;
    above[i] += kStep;
    below[i] -= kStep;
    EXPECT_NEAR(gradient[i], (loss(above, place) - loss(below, place)) / (2 * kStep), 1e-6) << "key " << i;
    largest = std::max(largest, std::abs(gradient[i]));
  }
  EXPECT_GT(largest, 0.1);
}

TEST_P(DropoutTest, MasksBelongToTheRowNotToItsBlock) {
  std::vector<double> whole(w_.size());
  model_->gradient(w_, examples(), {3, 17, 40}, whole);
  std::vector<double> sum(w_.size(), 0.0);
  for (const std::size_t half : {0U, 1U}) {
    Examples rows = examples();
    rows.features = rows.features.subspan(half * 3 * kWidths[0], 3 * kWidths[0]);
    rows.targets = rows.targets.subspan(half * 3, 3);
    std::vector<double> part(w_.size());
    model_->gradient(w_, rows, {3, 17, 40 + 3 * half}, part);
    for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += part[i];
  }
  for (std::size_t i = 0; i < sum.size(); ++i) EXPECT_NEAR(sum[i], whole[i], 1e-12);
  std::vector<double> later(w_.size());
  model_->gradient(w_, examples(), {3, 18, 40}, later);
  EXPECT_NE(later, whole);
}

TEST_P(DropoutTest, EvaluationDropsNothing) {
  TrainJob without = job_;
  without.dropout = 0;
  const auto same = make_network<double>(without, {kWidths.begin(), kWidths.end()}, {LossKind::squared}).value();
  EXPECT_EQ(model_->evaluate(w_, examples()), same->evaluate(w_, examples()));
}

INSTANTIATE_TEST_SUITE_P(Activations, DropoutTest, testing::Values(Activation::relu, Activation::tanh),
                         [](const auto& test) { return std::string(name(test.param)); });

}  // namespace
}  // namespace krige::trainer
