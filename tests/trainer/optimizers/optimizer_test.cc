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
  job.momentum = golden["momentum"].get<double>();
  job.ftrl_beta = golden["ftrl_beta"].get<double>();
  const auto rate = golden["learning_rate"].get<double>();
  for (const char* weights : {"weights", "weights_with_l1"}) {
    job.l1 = weights == std::string("weights") ? 0 : golden["l1"].get<double>();
    Floats w = floats(golden["start"]);
    const auto optimizer = make_optimizer(job, w.size(), {{0, w.size()}});
    const OrderedJson& path = golden[weights][std::string(name(GetParam()))];
    ASSERT_EQ(path.size(), golden["gradients"].size());
    for (std::size_t t = 0; t < path.size(); ++t) {
      optimizer->step(rate, w, floats(golden["gradients"][t]));
      for (std::size_t i = 0; i < w.size(); ++i)
        EXPECT_NEAR(w[i], path[t][i].get<double>(), 4e-6) << weights << ", step " << t;
    }
  }
}

TEST_P(OptimizerTest, L1HoldsAtZeroWhatHasASmallGradientButNotABias) {
  TrainJob job;
  job.optimizer = GetParam();
  job.l1 = 0.5;
  Floats w(3, 0.0F);
  const auto optimizer = make_optimizer(job, 3, {{0, 2}});
  for (int t = 0; t < 50; ++t) optimizer->step(0.01, w, Floats{0.4F, 0.6F, 0.4F});
  EXPECT_EQ(w[0], 0);
  EXPECT_LT(w[1], -1e-3F);
  EXPECT_LT(w[2], -1e-2F);
}

// What makes the result independent of the shards: a key's path does not depend on where it lies.
TEST_P(OptimizerTest, WorksElementByElement) {
  TrainJob job;
  job.optimizer = GetParam();
  Floats whole(101, 0.3F);
  Floats gradient(101);
  for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] = 0.01F * static_cast<float>(i) - 0.37F;
  Floats parts = whole;
  job.l1 = 0.02;
  const auto all = make_optimizer(job, 101, {{0, 20}, {30, 90}});
  const auto left = make_optimizer(job, 37, {{0, 20}, {30, 37}});
  const auto right = make_optimizer(job, 64, {{0, 53}});
  for (int t = 0; t < 5; ++t) {
    all->step(0.1, whole, gradient);
    left->step(0.1, std::span(parts).first(37), std::span(gradient).first(37));
    right->step(0.1, std::span(parts).subspan(37), std::span(gradient).subspan(37));
  }
  EXPECT_EQ(whole, parts);
}

INSTANTIATE_TEST_SUITE_P(Kinds, OptimizerTest,
                         testing::Values(OptimizerKind::sgd, OptimizerKind::momentum, OptimizerKind::adagrad,
                                         OptimizerKind::adam, OptimizerKind::ftrl),
                         [](const auto& test) { return std::string(name(test.param)); });

}  // namespace
}  // namespace krige::trainer
