#include "base/json.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace krige {
namespace {

TEST(Json, RefusesWhatAParserWouldLetPass) {
  EXPECT_EQ(parse_json(R"({"a":1,"a":2})").error().message, "the key \"a\" is given twice");
  EXPECT_TRUE(parse_json(R"({"a":{"x":1},"b":{"x":2}})"));
  EXPECT_FALSE(parse_json(std::string(100'000, '[')));
  EXPECT_FALSE(parse_json(R"({"a":)"));
  EXPECT_NE(parse_json("{\"a\":\n1,}").error().message.find("line 2"), std::string::npos);
}

TEST(Json, NonFiniteNumbersAreStringsBothWays) {
  EXPECT_EQ(number_to_json(-INFINITY), Json("-Infinity"));
  EXPECT_TRUE(std::isnan(*number_from_json(Json("NaN"))));
  EXPECT_EQ(number_from_json(Json(2)), 2.0);
  EXPECT_EQ(number_from_json(Json("2")), std::nullopt);
  for (const char* bare : {R"({"a": NaN})", R"({"a": Infinity})", R"({"a": -Infinity})", R"([1, NaN])"})
    EXPECT_NE(parse_json(bare).error().message.find(R"(the strings "NaN")"), std::string::npos) << bare;
  EXPECT_EQ(parse_json(R"({"a": nan})").error().message.find("the strings"), std::string::npos);
}

TEST(Json, ReaderCollectsEveryFaultWithItsPath) {
  const OrderedJson value = parse_json(R"({"min":"low","count":3.5,"kind":"flot","extra":1,"workrs":2})").value();
  Faults faults;
  ObjectReader reader(value, "parameters.x", faults);
  EXPECT_EQ(reader.number("min"), std::nullopt);
  EXPECT_EQ(reader.integer_in("count", 1, 10), std::nullopt);
  EXPECT_EQ(reader.one_of("kind", {"float", "int"}), std::nullopt);
  EXPECT_EQ(reader.integer_in("workers", 1, 10), std::nullopt);
  reader.finish();
  EXPECT_EQ(faults.error().describe(),
            "parameters.x.min: must be a number, is \"low\"\n"
            "parameters.x.count: must be an integer, is 3.5\n"
            "parameters.x.kind: must be one of float, int, is \"flot\"\n"
            "parameters.x.extra: is not a known key\n"
            "parameters.x.workrs: is not a known key; did you mean workers?");
}

TEST(Json, IntegersOutsideTheirRangeAreFaults) {
  const OrderedJson value = parse_json(R"({"a":3.0,"b":-1,"c":18446744073709551615,"d":1e300})").value();
  Faults faults;
  ObjectReader reader(value, "", faults);
  EXPECT_EQ(reader.integer_in("a", 0, 10), 3);
  EXPECT_EQ(reader.integer_in("b", 0, 10), std::nullopt);
  EXPECT_EQ(reader.integer_in("c", 0, 10), std::nullopt);
  EXPECT_EQ(reader.integer_in("d", 0, 10), std::nullopt);
  EXPECT_EQ(faults.error().others.size(), 2U);
}

TEST(Json, NearestNameIsOneThatATypingErrorExplains) {
  EXPECT_EQ(nearest_name("learning_rat", {"momentum", "learning_rate"}), "learning_rate");
  EXPECT_EQ(nearest_name("z", {"a", "b"}), std::nullopt);
  EXPECT_EQ(nearest_name("colour", {"momentum"}), std::nullopt);
}

TEST(Json, AValueThatIsNoObjectIsAFault) {
  Faults faults;
  const OrderedJson value = parse_json("[1]").value();
  ObjectReader reader(value, "train", faults);
  EXPECT_FALSE(reader.has("model"));
  EXPECT_EQ(faults.error().describe(), "train: must be an object, is array");
}

TEST(Json, AnObjectHasABoundedNumberOfMembers) {
  const auto wide = [](int members) {
    std::string text = "{";
    for (int i = 0; i < members; ++i) text += (i == 0 ? "\"k" : ",\"k") + std::to_string(i) + "\":1";
    return text + "}";
  };
  EXPECT_TRUE(parse_json(wide(10'000)));
  EXPECT_EQ(parse_json(wide(10'001)).error().message, "an object has more than 10000 members");
}

TEST(Json, WhatIsToldOfOneInputIsBounded) {
  OrderedJson value = OrderedJson::object();
  for (int i = 0; i < 150; ++i) value[std::to_string(i) + std::string(2000, 'k')] = 1;
  value["text"] = OrderedJson::array({"\u00e4" + std::string(1'000'000, 'x')});
  Faults faults;
  ObjectReader reader(value, "", faults);
  EXPECT_EQ(reader.string("text"), std::nullopt);
  reader.finish();
  EXPECT_EQ(faults.size(), 151U);
  const Error error = faults.error();
  EXPECT_EQ(error.others.size(), 100U);
  EXPECT_EQ(error.others.back().message, "and 51 further faults");
  EXPECT_LE(error.describe().size(), 110'000U);
  EXPECT_TRUE(error.message.ends_with("…")) << error.message;
}

}  // namespace
}  // namespace krige
