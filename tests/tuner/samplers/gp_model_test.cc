#include "tuner/samplers/gp_model.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "base/rng.h"

namespace krige::tuner {
namespace {

gp::Hyperparameters random_hyperparameters(Rng& rng) {
  return {{rng.normal(), rng.normal() * 1e-300}, {rng.normal(), 1.0 / 3}, rng.normal(), -rng.uniform(), -18.4, 1e300};
}

TEST(GpModel, EveryNumberIsKeptExactly) {
  Rng rng(1);
  GpModel model{
      {random_hyperparameters(rng), random_hyperparameters(rng)}, gp::OutputWarp::log_above_median, {}, {}, {}};
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

// Any finite double: subnormal, huge, negative zero.
double random_bits(Rng& rng) {
  while (true) {
    const auto value = std::bit_cast<double>(rng.next());
    if (std::isfinite(value)) return value;
  }
}

std::vector<std::uint64_t> bits(const std::vector<gp::Hyperparameters>& all) {
  std::vector<std::uint64_t> out;
  const auto add = [&](double value) { out.push_back(std::bit_cast<std::uint64_t>(value)); };
  for (const gp::Hyperparameters& one : all) {
    std::ranges::for_each(one.log_lengthscales, add);
    std::ranges::for_each(one.log_main_lengthscales, add);
    for (const double value : {one.log_signal, one.log_main_signal, one.log_noise, one.mean}) add(value);
  }
  return out;
}

TEST(GpModel, EveryBitOfEveryDoubleIsKept) {
  Rng rng(2);
  GpModel model;
  for (int i = 0; i < 200; ++i) {
    gp::Hyperparameters one;
    for (int d = 0; d < 5; ++d) {
      one.log_lengthscales.push_back(random_bits(rng));
      one.log_main_lengthscales.push_back(random_bits(rng));
    }
    one.log_signal = random_bits(rng);
    one.log_main_signal = random_bits(rng);
    one.log_noise = random_bits(rng);
    one.mean = random_bits(rng);
    (i % 2 == 0 ? model.objective : model.feasibility).push_back(std::move(one));
  }
  model.objective[0].mean = -0.0;
  model.objective[0].log_signal = std::numeric_limits<double>::denorm_min();
  model.objective[0].log_noise = 3;  // written as 3.0, read as a double
  const std::string text = encode_model(model);
  const GpModel back = decode_model(text).value();
  EXPECT_EQ(bits(back.objective), bits(model.objective));
  EXPECT_EQ(bits(back.feasibility), bits(model.feasibility));
  EXPECT_EQ(encode_model(back), text);
}

TEST(GpModel, WhatIsCutOffOrGarbledIsCorruptOrStillAModel) {
  Rng rng(3);
  const std::string text =
      encode_model({{random_hyperparameters(rng)}, gp::OutputWarp::none, {random_hyperparameters(rng)}, {}, {}});
  for (std::size_t n = 0; n < text.size(); ++n) {
    const auto model = decode_model(text.substr(0, n));
    ASSERT_FALSE(model) << n;
    EXPECT_EQ(model.error().code, ErrorCode::corrupt);
    EXPECT_EQ(model.error().field, "model");
  }
  for (int i = 0; i < 20'000; ++i) {
    std::string garbled = text;
    for (std::uint64_t k = 0; k <= rng.below(3); ++k) {
      garbled[rng.below(garbled.size())] = static_cast<char>(rng.below(256));
    }
    const auto model = decode_model(garbled);
    if (model) {
      EXPECT_FALSE(model->objective.empty());
    } else {
      ASSERT_EQ(model.error().code, ErrorCode::corrupt);
    }
  }
}

TEST(GpModel, WhatIsNoModelIsCorrupt) {
  for (const char* text :
       {"", "{", "null", "1e999", R"({"log_above_median": true, "objective": null, "feasibility": []})",
        R"({"log_above_median": true, "objective": 3, "feasibility": []})",
        R"({"log_above_median": true, "objective": [], "feasibility": []})", "[]", "{}",
        R"({"log_above_median": 3, "objective": [], "feasibility": []})",
        R"({"log_above_median": true, "objective": [{"log_signal": 1}], "feasibility": []})"}) {
    const auto model = decode_model(text);
    ASSERT_FALSE(model) << text;
    EXPECT_EQ(model.error().code, ErrorCode::corrupt);
  }
}

TEST(GpModel, TimesAndOlderStudiesAreKept) {
  Rng rng(2);
  GpModel model;
  model.log_seconds = {random_hyperparameters(rng)};
  model.sources = {{{random_hyperparameters(rng)}, gp::OutputWarp::log_above_median, 1.0 / 3},
                   {{random_hyperparameters(rng), random_hyperparameters(rng)}, gp::OutputWarp::none, 0}};
  const auto back = decode_model(encode_model(model));
  ASSERT_TRUE(back) << back.error().describe();
  EXPECT_TRUE(back->objective.empty()) << "in the design there are only the older studies";
  EXPECT_EQ(back->log_seconds, model.log_seconds);
  ASSERT_EQ(back->sources.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(back->sources[i].objective, model.sources[i].objective);
    EXPECT_EQ(back->sources[i].warp, model.sources[i].warp);
    EXPECT_EQ(back->sources[i].weight, model.sources[i].weight);
  }
}

}  // namespace
}  // namespace krige::tuner
