#include "tuner/space/space.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
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

std::string faults_of(const char* parameters) {
  Faults faults;
  std::vector<Parameter> list = read_parameters(parse_json(parameters).value(), "parameters", faults);
  EXPECT_TRUE(faults.empty());
  const Result<Space> space = Space::make(std::move(list));
  return space ? "" : space.error().describe();
}

constexpr const char* kConditional = R"({
  "momentum": {"type": "float", "min": 0, "max": 0.99, "when": {"optimizer": "momentum"}},
  "optimizer": {"values": ["sgd", "momentum", "adam"]},
  "beta": {"min": 1, "max": 3, "when": {"optimizer": ["adam", "momentum"], "layers": 2}},
  "layers": {"type": "ordinal", "values": [1, 2]},
  "seed": {"value": 3}})";

TEST(Space, OnlyActiveParametersAreInAPoint) {
  const Space space = space_of(kConditional);
  Rng rng(1);
  int with_momentum = 0;
  for (int i = 0; i < 300; ++i) {
    const Params point = space.sample(rng);
    const std::string optimizer = std::get<std::string>(*find(point, "optimizer"));
    EXPECT_EQ(find(point, "momentum") != nullptr, optimizer == "momentum");
    const bool beta = optimizer != "sgd" && equal(*find(point, "layers"), Value(std::int64_t{2}));
    EXPECT_EQ(find(point, "beta") != nullptr, beta);
    EXPECT_EQ(*find(point, "seed"), Value(std::int64_t{3}));
    with_momentum += optimizer == "momentum" ? 1 : 0;
    EXPECT_TRUE(space.check(point));
  }
  EXPECT_GT(with_momentum, 60);
}

TEST(Space, EncodedPointsDecodeToThemselves) {
  const Space space = space_of(kConditional);
  Rng rng(2);
  for (int i = 0; i < 100; ++i) {
    const Params point = space.sample(rng);
    const std::vector<double> coordinates = space.encode(point);
    ASSERT_EQ(coordinates.size(), 4U);
    EXPECT_EQ(std::isnan(coordinates[0]), find(point, "momentum") == nullptr);
    const Params back = space.decode(coordinates);
    ASSERT_EQ(back.size(), point.size());
    for (std::size_t k = 0; k < back.size(); ++k) {
      EXPECT_EQ(back[k].first, point[k].first);
      if (back[k].first == "momentum") continue;
      EXPECT_TRUE(equal(back[k].second, point[k].second));
    }
  }
}

TEST(Space, GridVisitsEveryPointOnce) {
  const Space space = space_of(R"({
    "a": {"values": ["x", "y"]},
    "b": {"min": 1, "max": 3, "when": {"a": "x"}},
    "c": {"values": [true, false], "when": {"a": "y"}}})");
  EXPECT_TRUE(space.finite());
  GridCursor cursor(space);
  Rng rng(0);
  std::set<std::string> seen;
  while (const std::optional<Params> point = cursor.next(rng)) EXPECT_TRUE(seen.insert(point_key(*point)).second);
  EXPECT_EQ(seen.size(), 5U);
  EXPECT_EQ(space.first_unused(seen, rng), std::nullopt);
  seen.erase(R"({"a":"x","b":2})");
  EXPECT_EQ(point_key(space.first_unused(seen, rng).value()), R"({"a":"x","b":2})");
}

TEST(Space, DefaultPointIsGivenOnlyWhenThereIsADefault) {
  EXPECT_EQ(space_of(R"({"a": {"min": 0, "max": 4}})").default_point(), std::nullopt);
  const Space space = space_of(R"({"a": {"min": 0, "max": 4}, "b": {"min": 0.5, "max": 1.0, "default": 0.75}})");
  EXPECT_EQ(point_key(space.default_point().value()), R"({"a":2,"b":0.75})");
}

TEST(Space, FaultsNameTheirParameter) {
  EXPECT_EQ(faults_of(R"({"a": {"min": 0, "max": 1, "when": {"b": 1}}})"), "parameters.a.when.b: names no parameter");
  EXPECT_EQ(faults_of(R"({"a": {"min": 0, "max": 1, "when": {"b": 7}}, "b": {"values": [1, 2]}})"),
            "parameters.a.when.b: can never hold: must be one of 1, 2, is 7");
  EXPECT_EQ(faults_of(R"({"a": {"values": [1, 2], "when": {"b": 1}}, "b": {"values": [1, 2], "when": {"a": 1}}})"),
            "parameters.a.when: is part of a cycle of conditions\nparameters.b.when: is part of a cycle of conditions");
  EXPECT_EQ(faults_of(R"({"a": {"min": 0, "max": 1, "when": {"b": 0.5}}, "b": {"min": 0.0, "max": 1.0}})"),
            "parameters.a.when.b: must be a parameter with distinct values, is continuous");
  EXPECT_EQ(faults_of("{}"), "parameters: must have at least one parameter");
}

TEST(Space, NumbersThatAreNotFiniteAreNoValues) {
  for (const double number : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()})
    EXPECT_EQ(value_from_json(number), std::nullopt);
  EXPECT_EQ(value_from_json(-0.5), Value(-0.5));
}

TEST(Space, CheckNamesEveryWrongValue) {
  const Space space = space_of(kConditional);
  const Params wrong{{"optimizer", std::string("sgd")}, {"momentum", 0.5}, {"layers", std::int64_t{1}}, {"typo", true}};
  EXPECT_EQ(space.check(wrong).error().describe(),
            "momentum: is not active at this point\ntypo: is no parameter of the space");
  EXPECT_EQ(space.check({{"optimizer", std::string("momentum")}, {"layers", std::int64_t{1}}}).error().describe(),
            "momentum: is missing");
}

TEST(Space, AFixedValueMayBeLeftOutButNotChanged) {
  const Space space = space_of(R"({"x": {"type": "float", "min": 0, "max": 1}, "width": {"value": 64}})");
  EXPECT_EQ(to_json(*space.check({{"x", 0.5}})).dump(), R"({"x":0.5,"width":64})");
  EXPECT_EQ(to_json(*space.check({{"x", 0.5}, {"width", 64.0}})).dump(), R"({"x":0.5,"width":64})");
  EXPECT_EQ(space.check({{"x", 0.5}, {"width", std::int64_t{128}}}).error().describe(),
            "width: is fixed at 64, is 128");
}

TEST(Space, AdaptsPointsOfAnotherSpace) {
  const Space space = space_of(R"({"a": {"values": ["x", "y"]}, "n": {"type": "int", "min": 1, "max": 9, "default": 7},
                                   "z": {"type": "float", "min": 0, "max": 1, "when": {"a": "y"}}})");
  EXPECT_EQ(to_json(*space.adapt({{"a", std::string("y")}, {"z", 0.25}, {"other", true}})).dump(),
            R"({"a":"y","n":7,"z":0.25})");
  EXPECT_EQ(to_json(*space.adapt({{"a", std::string("x")}, {"z", 0.25}, {"n", 2.0}})).dump(), R"({"a":"x","n":2})")
      << "what is inactive here is left out";
  EXPECT_EQ(space.adapt({{"a", std::string("q")}}), std::nullopt);
  EXPECT_EQ(space.adapt({{"n", std::int64_t{12}}}), std::nullopt);
  EXPECT_EQ(space.adapt({{"other", 0.5}}), std::nullopt) << "all such points would be one here";
}

}  // namespace
}  // namespace krige::tuner
