#include "tuner/samplers/gp_model.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace krige::tuner {
namespace {

gp::Hyperparameters random_hyperparameters(Rng& rng) {
  return {{rng.normal(), rng.normal() * 1e-300}, {rng.normal(), 1.0 / 3}, rng.normal(), -rng.uniform(), -18.4, 1e300};
}

TEST(GpModel, EveryNumberIsKeptExactly) {
  Rng rng(1);
  GpModel model{{random_hyperparameters(rng), random_hyperparameters(rng)}, gp::OutputWarp::log_above_median, {}};
  for (int i = 0; i < 2; ++i) {
    const auto back = decode_model(encode_model(model));
    ASSERT_TRUE(back);
    EXPECT_EQ(back->objective, model.objective);
    EXPECT_EQ(back->feasibility, model.feasibility);
    EXPECT_EQ(back->warp, model.warp);
    model.feasibility = {random_hyperparameters(rng)};
    model.warp = gp::OutputWarp::none;
  }
}

TEST(GpModel, WhatIsNoModelIsCorrupt) {
  for (const char* text : {"", "{", "[]", "{}", R"({"log_above_median": 3, "objective": [], "feasibility": []})",
                           R"({"log_above_median": true, "objective": [{"log_signal": 1}], "feasibility": []})"}) {
    const auto model = decode_model(text);
    ASSERT_FALSE(model) << text;
    EXPECT_EQ(model.error().code, ErrorCode::corrupt);
  }
}

}  // namespace
}  // namespace krige::tuner
