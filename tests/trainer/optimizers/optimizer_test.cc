#include "trainer/optimizers/optimizer.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "base/json.h"
#include "trainer/floats.h"

namespace krige::trainer {
namespace {

Floats floats(const OrderedJson& values) {
  Floats result;
  for (const OrderedJson& value : values) result.push_back(value.get<float>());
  return result;
}

class OptimizerTest : public testing::TestWithParam<OptimizerKind> {};

// script/golden-trainer computes the same paths in double precision.
TEST_P(OptimizerTest, FollowsTheReference) {
  const OrderedJson golden =
      parse_json(read_file(KRIGE_SOURCE_DIR "/tests/golden/trainer/optimizers.json").value()).value();
  TrainJob job;
  job.optimizer = GetParam();
  job.learning_rate = golden["learning_rate"].get<double>();
  job.momentum = golden["momentum"].get<double>();
  Floats w = floats(golden["start"]);
  const auto optimizer = make_optimizer(job, w.size());
  const OrderedJson& path = golden["weights"][std::string(name(GetParam()))];
  ASSERT_EQ(path.size(), golden["gradients"].size());
  for (std::size_t t = 0; t < path.size(); ++t) {
    optimizer->step(w, floats(golden["gradients"][t]));
    for (std::size_t i = 0; i < w.size(); ++i) EXPECT_NEAR(w[i], path[t][i].get<double>(), 2e-6) << "step " << t;
  }
}

// What makes the result independent of the shards: a key's path does not depend on where it lies.
TEST_P(OptimizerTest, WorksElementByElement) {
  TrainJob job;
  job.optimizer = GetParam();
  Floats whole(101, 0.3F);
  Floats gradient(101);
  for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] = 0.01F * static_cast<float>(i) - 0.37F;
  Floats parts = whole;
  const auto all = make_optimizer(job, 101);
  const auto left = make_optimizer(job, 37);
  const auto right = make_optimizer(job, 64);
  for (int t = 0; t < 5; ++t) {
    all->step(whole, gradient);
    left->step(std::span(parts).first(37), std::span(gradient).first(37));
    right->step(std::span(parts).subspan(37), std::span(gradient).subspan(37));
  }
  EXPECT_EQ(whole, parts);
}

INSTANTIATE_TEST_SUITE_P(Kinds, OptimizerTest,
                         testing::Values(OptimizerKind::sgd, OptimizerKind::momentum, OptimizerKind::adagrad,
                                         OptimizerKind::adam),
                         [](const auto& test) { return std::string(name(test.param)); });

}  // namespace
}  // namespace krige::trainer
