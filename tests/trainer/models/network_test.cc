#include <gtest/gtest.h>

#include <cmath>

#include "base/rng.h"
#include "trainer/models/model.h"

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
};

class NetworkTest : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override {
    job_.model = GetParam().model;
    job_.hidden = GetParam().hidden;
    job_.activation = GetParam().activation;
    job_.bias = GetParam().bias;
    summary_.features.assign(kFeatures, "x");
    summary_.classes = GetParam().classes;
    model_ = make_model(job_, summary_).value();
    Rng rng(5);
    features_.resize(kRows * kFeatures);
    for (float& x : features_) x = static_cast<float>(rng.normal());
    for (std::size_t i = 0; i < kRows; ++i)
      targets_.push_back(summary_.regression() ? static_cast<float>(rng.normal())
                                               : static_cast<float>(rng.below(summary_.classes.size())));
    weights_.resize(model_->parameters());
    for (float& w : weights_) w = static_cast<float>(0.5 * rng.normal());
  }
  [[nodiscard]] Examples examples() const {
    Examples rows;
    rows.columns = features_.size() / targets_.size();
    rows.features = features_;
    rows.targets = targets_;
    return rows;
  }

  TrainJob job_;
  DataSummary summary_;
  std::unique_ptr<Model> model_;
  Floats features_;
  std::vector<float> targets_;
  Floats weights_;
};

TEST_P(NetworkTest, GradientIsThatOfFiniteDifferences) {
  Floats gradient(weights_.size());
  model_->gradient(weights_, examples(), gradient);
  double largest = 0;
  for (std::size_t i = 0; i < weights_.size(); ++i) {
    const float at = weights_[i];
    const float step = 1.0F / 256;
    weights_[i] = at + step;
    const double above = model_->evaluate(weights_, examples()).loss;
    weights_[i] = at - step;
    const double below = model_->evaluate(weights_, examples()).loss;
    weights_[i] = at;
    // f32 scores and the kinks of ReLU bound what differences can say.
    EXPECT_NEAR(gradient[i], (above - below) / (2.0 * static_cast<double>(step)), 2e-3) << "key " << i;
    largest = std::max(largest, std::abs(static_cast<double>(gradient[i])));
  }
  EXPECT_GT(largest, 0.1);
}

TEST_P(NetworkTest, OnlyBiasesAreNotPenalized) {
  std::uint64_t penalized = 0;
  for (const KeyRange& range : model_->penalized()) penalized += range.size();
  std::uint64_t units = summary_.regression() || job_.model == ModelKind::logistic ? 1 : summary_.classes.size();
  if (job_.model == ModelKind::mlp)
    for (const std::int64_t width : job_.hidden) units += static_cast<std::uint64_t>(width);
  EXPECT_EQ(model_->parameters() - penalized, job_.bias ? units : 0);
}

TEST_P(NetworkTest, FirstWeightsComeFromTheSeed) {
  const Floats first = model_->initial_weights(1);
  EXPECT_EQ(first, model_->initial_weights(1));
  if (job_.model != ModelKind::mlp) {
    EXPECT_EQ(first, Floats(model_->parameters(), 0.0F));
    return;
  }
  EXPECT_NE(first, model_->initial_weights(2));
  std::uint64_t zeros = 0;
  for (const float w : first) zeros += w == 0 ? 1 : 0;
  std::uint64_t penalized = 0;
  for (const KeyRange& range : model_->penalized()) penalized += range.size();
  EXPECT_EQ(zeros, first.size() - penalized);  // the biases
}

const std::vector<std::string> kTwo{"a", "b"};
const std::vector<std::string> kThree{"a", "b", "c"};
INSTANTIATE_TEST_SUITE_P(Models, NetworkTest,
                         testing::Values(Case{"linear", ModelKind::linear, {}, {}, Activation::relu, true},
                                         Case{
                                             "linear_without_bias", ModelKind::linear, {}, {}, Activation::relu, false},
                                         Case{"logistic", ModelKind::logistic, kTwo, {}, Activation::relu, true},
                                         Case{"softmax", ModelKind::softmax, kThree, {}, Activation::relu, true},
                                         Case{"mlp_relu", ModelKind::mlp, kThree, {7}, Activation::relu, true},
                                         Case{"mlp_tanh", ModelKind::mlp, kThree, {6, 5}, Activation::tanh, true},
                                         Case{"mlp_without_bias", ModelKind::mlp, kTwo, {5}, Activation::tanh, false},
                                         Case{"mlp_regression", ModelKind::mlp, {}, {6}, Activation::tanh, true}),
                         [](const auto& test) { return test.param.name; });

TEST(Network, TooManyParametersAreAnError) {
  TrainJob job;
  job.model = ModelKind::mlp;
  job.hidden = {1 << 20, 1 << 20};
  DataSummary summary;
  summary.features.assign(3, "x");
  summary.classes = kTwo;
  const auto model = make_model(job, summary);
  ASSERT_FALSE(model);
  EXPECT_EQ(model.error().field, "hidden");
}

TEST(Network, HeAndGlorotDeviations) {
  TrainJob job;
  job.model = ModelKind::mlp;
  job.hidden = {400};
  DataSummary summary;
  summary.features.assign(100, "x");
  summary.classes = kTwo;
  for (const Activation activation : {Activation::relu, Activation::tanh}) {
    job.activation = activation;
    const Floats w = make_model(job, summary).value()->initial_weights(3);
    double squares = 0;
    for (std::size_t i = 0; i < 40'000; ++i) squares += static_cast<double>(w[i]) * static_cast<double>(w[i]);
    const double expected = activation == Activation::relu ? 2.0 / 100 : 2.0 / 500;
    EXPECT_NEAR(squares / 40'000, expected, 0.03 * expected);
  }
}

}  // namespace
}  // namespace krige::trainer
