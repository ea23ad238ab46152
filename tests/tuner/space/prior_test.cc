#include "tuner/space/prior.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "tuner/spec/parameter_spec.h"

namespace krige::tuner {
namespace {

Space space_of(const char* parameters) {
  Faults faults;
  std::vector<Parameter> list = read_parameters(parse_json(parameters).value(), "parameters", faults);
  EXPECT_TRUE(faults.empty()) << (faults.empty() ? "" : faults.error().describe());
  return Space::make(std::move(list)).value();
}

double log_prior_at(const Space& space, const Params& params) { return log_prior(space, space.encode(params)); }

TEST(Prior, IsANormalDensityOnTheParametersScaleRelativeToItsPeak) {
  const Space space = space_of(R"({
    "lr": {"min": 1e-4, "max": 1.0, "scale": "log", "prior": {"center": 0.01, "spread": 0.25}},
    "n": {"min": 0, "max": 10, "prior": {"center": 4, "spread": 0.1}}})");
  EXPECT_NEAR(log_prior_at(space, {{"lr", 0.01}, {"n", std::int64_t{4}}}), 0, 1e-12);
  // A decade is a quarter of the range, one standard deviation; two integers are two of theirs.
  EXPECT_NEAR(log_prior_at(space, {{"lr", 0.1}, {"n", std::int64_t{4}}}), -0.5, 1e-12);
  EXPECT_NEAR(log_prior_at(space, {{"lr", 0.001}, {"n", std::int64_t{6}}}), -0.5 - 2, 1e-12);
}

TEST(Prior, WeightsOfValuesCountRelativeToTheGreatest) {
  const Space space = space_of(R"({
    "optimizer": {"values": ["sgd", "adam"], "prior": {"weights": [1, 4]}},
    "width": {"type": "ordinal", "values": [16, 64, 256], "prior": {"weights": [2, 4, 1]}}})");
  EXPECT_EQ(log_prior_at(space, {{"optimizer", std::string("adam")}, {"width", std::int64_t{64}}}), 0);
  EXPECT_NEAR(log_prior_at(space, {{"optimizer", std::string("sgd")}, {"width", std::int64_t{256}}}),
              std::log(0.25) + std::log(0.25), 1e-12);
  // Between the values of an ordinal the nearest counts.
  EXPECT_NEAR(log_prior(space, std::vector<double>{1, 0.2}), std::log(0.5), 1e-12);
}

TEST(Prior, InactiveParametersAndThoseWithoutOneAddNothing) {
  const Space space = space_of(R"({
    "optimizer": {"values": ["sgd", "momentum"]},
    "momentum": {"min": 0.0, "max": 1.0, "when": {"optimizer": "momentum"}, "prior": {"center": 0.9}},
    "seed": {"value": 3}})");
  EXPECT_EQ(log_prior_at(space, {{"optimizer", std::string("sgd")}, {"seed", std::int64_t{3}}}), 0);
  EXPECT_NEAR(
      log_prior_at(space, {{"optimizer", std::string("momentum")}, {"momentum", 0.4}, {"seed", std::int64_t{3}}}),
      -0.5 * 4, 1e-12);
}

}  // namespace
}  // namespace krige::tuner
