#include "trainer/models/model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "base/rng.h"

namespace krige::trainer {
namespace {

constexpr std::size_t kFeatures = 4;
constexpr std::size_t kRows = 9;

struct Case {
  const char* name;
  ModelKind model;
  std::vector<std::string> classes;  // none: regression
  std::vector<std::int64_t> hidden;
  Activation activation;
  bool bias;
  std::optional<RegressionLoss> loss = std::nullopt;
};

class ModelTest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    job_.model = GetParam().model;
    job_.hidden = GetParam().hidden;
    job_.activation = GetParam().activation;
    job_.bias = GetParam().bias;
    job_.factors = 3;
    job_.loss = GetParam().loss;
    job_.huber_delta = 0.7;
    summary_.features.assign(kFeatures, "x");
    summary_.classes = GetParam().classes;
    model_ = make_model(job_, summary_).value();
    exact_ = make_basic_model<double>(job_, summary_).value();
    Rng rng(5);
    offsets_.push_back(0);
    for (std::size_t row = 0; row < kRows; ++row) {
      for (std::size_t id = 0; id < kFeatures; ++id) {
        // One row is empty, one feature absent everywhere.
        const bool there = row != 4 && id != 2 && rng.uniform() < 0.7;
        const auto x = static_cast<float>(rng.normal());
        features_.push_back(there ? x : 0.0F);
        if (!there) continue;
        ids_.push_back(static_cast<std::uint32_t>(id));
        values_.push_back(x);
      }
      offsets_.push_back(ids_.size());
      targets_.push_back(summary_.regression() ? static_cast<float>(2 * rng.normal())
                                               : static_cast<float>(rng.below(summary_.classes.size())));
    }
    for (std::size_t i = 0; i < model_->parameters(); ++i) weights_.push_back(static_cast<float>(0.5 * rng.normal()));
  }
  [[nodiscard]] Examples dense() const {
    Examples rows;
    rows.columns = kFeatures;
    rows.features = features_;
    rows.targets = targets_;
    return rows;
  }
  [[nodiscard]] Examples sparse() const {
    Examples rows;
    rows.columns = kFeatures;
    rows.offsets = offsets_;
    rows.ids = ids_;
    rows.values = values_;
    rows.targets = targets_;
    return rows;
  }

  TrainJob job_;
  DataSummary summary_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<BasicModel<double>> exact_;
  Floats features_;
  std::vector<std::uint64_t> offsets_;
  std::vector<std::uint32_t> ids_;
  std::vector<float> values_;
  std::vector<float> targets_;
  Floats weights_;
};

TEST_P(ModelTest, GradientIsThatOfFiniteDifferences) {
  std::vector<double> w(weights_.begin(), weights_.end());
  std::vector<double> gradient(w.size());
  const BlockSum sum = exact_->evaluate_with_gradient(w, dense(), gradient);
  EXPECT_EQ(sum, exact_->evaluate(w, dense()));
  Floats single(w.size());
  model_->gradient(weights_, dense(), {}, single);
  double largest = 0;
  for (std::size_t i = 0; i < w.size(); ++i) {
    const double at = w[i];
    constexpr double kStep = 1e-5;
    w[i] = at + kStep;
    const double above = exact_->evaluate(w, dense()).loss;
    w[i] = at - kStep;
    const double below = exact_->evaluate(w, dense()).loss;
    w[i] = at;
    EXPECT_NEAR(gradient[i], (above - below) / (2 * kStep), 1e-6) << "key " << i;
    EXPECT_NEAR(single[i], gradient[i], 2e-5) << "key " << i;
    largest = std::max(largest, std::abs(gradient[i]));
  }
  EXPECT_GT(largest, 0.1);
}

TEST_P(ModelTest, SparseRowsAreTheSameRows) {
  EXPECT_NEAR(model_->evaluate(weights_, sparse()).loss, model_->evaluate(weights_, dense()).loss, 1e-5);
  Floats from_dense(weights_.size());
  Floats from_sparse(weights_.size(), 7.0F);
  model_->gradient(weights_, dense(), {}, from_dense);
  model_->gradient(weights_, sparse(), {}, from_sparse);
  for (std::size_t i = 0; i < weights_.size(); ++i) EXPECT_NEAR(from_sparse[i], from_dense[i], 1e-5) << "key " << i;
}

TEST_P(ModelTest, SparseGradientHasTheTouchedKeysOfTheDenseOne) {
  Floats whole(weights_.size());
  model_->gradient(weights_, sparse(), {}, whole);
  SparseGradient touched;
  for (int again = 0; again < 2; ++again) {
    model_->sparse_gradient(weights_, sparse(), {}, touched);
    ASSERT_EQ(touched.keys.size(), touched.values.size());
    EXPECT_TRUE(std::ranges::adjacent_find(touched.keys, std::greater_equal()) == touched.keys.end());
    Floats spread(weights_.size(), 0.0F);
    for (std::size_t i = 0; i < touched.keys.size(); ++i) spread.at(touched.keys[i]) = touched.values[i];
    EXPECT_EQ(spread, whole);
    EXPECT_LT(touched.keys.size(), weights_.size());  // feature 2 is in no row
  }
}

TEST_P(ModelTest, EntriesWithoutValuesAreOnes) {
  std::ranges::fill(values_, 1.0F);
  const double with_values = model_->evaluate(weights_, sparse()).loss;
  Examples rows = sparse();
  rows.values = {};
  EXPECT_EQ(model_->evaluate(weights_, rows).loss, with_values);
}

// A block of rows in the middle of a file's.
TEST_P(ModelTest, OffsetsNeedNotBeginAtZero) {
  Examples part = sparse();
  part.offsets = part.offsets.subspan(5);
  part.targets = part.targets.subspan(5);
  Examples same = dense();
  same.features = same.features.subspan(5 * kFeatures);
  same.targets = same.targets.subspan(5);
  EXPECT_NEAR(model_->evaluate(weights_, part).loss, model_->evaluate(weights_, same).loss, 1e-5);
  SparseGradient touched;
  model_->sparse_gradient(weights_, part, {}, touched);
  Floats whole(weights_.size());
  model_->gradient(weights_, same, {}, whole);
  for (std::size_t i = 0; i < touched.keys.size(); ++i) EXPECT_NEAR(touched.values[i], whole[touched.keys[i]], 1e-5);
}

TEST_P(ModelTest, OnlyBiasesAreNotPenalized) {
  std::uint64_t penalized = 0;
  for (const KeyRange& range : model_->penalized()) penalized += range.size();
  const bool one_output = summary_.regression() || job_.model == ModelKind::logistic || job_.model == ModelKind::fm;
  std::uint64_t units = one_output ? 1 : summary_.classes.size();
  if (job_.model == ModelKind::mlp)
    for (const std::int64_t width : job_.hidden) units += static_cast<std::uint64_t>(width);
  EXPECT_EQ(model_->parameters() - penalized, job_.bias ? units : 0);
}

TEST_P(ModelTest, FirstWeightsComeFromTheSeed) {
  const Floats first = model_->initial_weights(1);
  EXPECT_EQ(first, model_->initial_weights(1));
  const auto zeros = static_cast<std::uint64_t>(std::ranges::count(first, 0.0F));
  std::uint64_t expected = first.size();  // a convex model's
  if (job_.model == ModelKind::fm) expected = kFeatures + (job_.bias ? 1 : 0);
  if (job_.model == ModelKind::mlp)
    for (const KeyRange& range : model_->penalized()) expected -= range.size();
  EXPECT_EQ(zeros, expected);
  if (expected < first.size()) {
    EXPECT_NE(first, model_->initial_weights(2));
  }
}

const std::vector<std::string> kTwo{"a", "b"};
const std::vector<std::string> kThree{"a", "b", "c"};
INSTANTIATE_TEST_SUITE_P(
    Models, ModelTest,
    testing::Values(Case{"linear", ModelKind::linear, {}, {}, Activation::relu, true},
                    Case{"linear_without_bias", ModelKind::linear, {}, {}, Activation::relu, false},
                    Case{"linear_huber", ModelKind::linear, {}, {}, Activation::relu, true, RegressionLoss::huber},
                    Case{"logistic", ModelKind::logistic, kTwo, {}, Activation::relu, true},
                    Case{"softmax", ModelKind::softmax, kThree, {}, Activation::relu, true},
                    Case{"fm", ModelKind::fm, {}, {}, Activation::relu, true},
                    Case{
                        "fm_huber_without_bias", ModelKind::fm, {}, {}, Activation::relu, false, RegressionLoss::huber},
                    Case{"fm_logistic", ModelKind::fm, kTwo, {}, Activation::relu, true},
                    Case{"mlp_relu", ModelKind::mlp, kThree, {7}, Activation::relu, true},
                    Case{"mlp_tanh", ModelKind::mlp, kThree, {6, 5}, Activation::tanh, true},
                    Case{"mlp_without_bias", ModelKind::mlp, kTwo, {5}, Activation::tanh, false},
                    Case{"mlp_regression", ModelKind::mlp, {}, {6}, Activation::tanh, true},
                    Case{"mlp_huber", ModelKind::mlp, {}, {6}, Activation::tanh, true, RegressionLoss::huber}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace krige::trainer
