#include "gp/state.h"

#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "tests/gp/support.h"

namespace krige::gp {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

State valid_state() {
  State state;
  state.space = {{{DimensionKind::categorical, 2, {}, {}}, {DimensionKind::continuous, 0, {}, {{0, {1}}}}}};
  state.points = {2, {0, kNaN, 1, 0.25}};
  state.observations = {1, 2};
  state.hyperparameters.emplace_back().log_lengthscales = {0, 0};
  return state;
}

std::string fault(const std::function<void(State&)>& spoil) {
  State state = valid_state();
  spoil(state);
  const Status status = canonicalize(state);
  return status ? "valid" : status.error().field;
}

TEST(State, IsCanonicalized) {
  State state = valid_state();
  state.points.values = {0, 0.7, 1, 1.25};
  ASSERT_TRUE(canonicalize(state));
  EXPECT_TRUE(identical(state.points.values, std::vector<double>{0, kNaN, 1, 1}));
}

TEST(State, FaultsNameTheField) {
  EXPECT_EQ(fault([](State&) {}), "valid");
  EXPECT_EQ(fault([](State& s) { s.version = 2; }), "version");
  EXPECT_EQ(fault([](State& s) { s.space.dimensions.clear(); }), "dimensions");
  EXPECT_EQ(fault([](State& s) { s.observations.clear(); }), "observations");
  EXPECT_EQ(fault([](State& s) { s.observations.push_back(3); }), "observations");
  EXPECT_EQ(fault([](State& s) { s.observations[1] = kNaN; }), "observations[1]");
  EXPECT_EQ(fault([](State& s) { s.observations[0] = HUGE_VAL; }), "observations[0]");
  EXPECT_EQ(fault([](State& s) { s.points.dims = 3; }), "points");
  EXPECT_EQ(fault([](State& s) { s.points.dims = 0; }), "points");
  EXPECT_EQ(fault([](State& s) { s.points.values.pop_back(); }), "points");
  EXPECT_EQ(fault([](State& s) { s.points.values[3] = kNaN; }), "points[1]") << "active without a value";
  EXPECT_EQ(fault([](State& s) { s.points.values[3] = HUGE_VAL; }), "points[1]");
  EXPECT_EQ(fault([](State& s) { s.points.values[0] = 2; }), "points[0]") << "no such category";
  EXPECT_EQ(fault([](State& s) { s.points.values[2] = 0.5; }), "points[1]") << "between categories";
  EXPECT_EQ(fault([](State& s) { s.hyperparameters[0].log_noise = kNaN; }), "hyperparameters");
  EXPECT_EQ(fault([](State& s) { s.hyperparameters[0].log_lengthscales.pop_back(); }),
            "hyperparameters.log_lengthscales");
  EXPECT_EQ(fault([](State& s) { s.hyperparameters.clear(); }), "hyperparameters");
  EXPECT_EQ(fault([](State& s) { s.hyperparameters[0].log_main_lengthscales = {0, 1}; }), "valid");
  EXPECT_EQ(fault([](State& s) { s.hyperparameters[0].log_main_lengthscales = {0}; }),
            "hyperparameters.log_main_lengthscales");
  EXPECT_EQ(fault([](State& s) { s.hyperparameters[0].log_main_lengthscales = {0, kNaN}; }), "hyperparameters");
  EXPECT_EQ(fault([](State& s) { s.hyperparameters[0].log_main_signal = HUGE_VAL; }), "hyperparameters");
  EXPECT_EQ(fault([](State& s) {
              s.hyperparameters.push_back(s.hyperparameters[0]);
              s.hyperparameters[1].mean = kNaN;
            }),
            "hyperparameters")
      << "the second of two";
}

}  // namespace
}  // namespace krige::gp
