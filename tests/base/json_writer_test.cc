#include "base/json_writer.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/rng.h"

namespace krige {
namespace {

TEST(JsonWriter, WritesObjectsAndArraysInEachOther) {
  std::string text = "data: ";
  JsonWriter json(text);
  json.begin_object();
  json.member("id", 7);
  json.member("name", "a b");
  json.member("none", std::optional<double>());
  json.member("some", std::optional<double>(0.5));
  json.key("list");
  json.begin_array();
  json.value(true);
  json.begin_object();
  json.end_object();
  json.raw(R"({"x":1})");
  json.begin_array();
  json.end_array();
  json.end_array();
  json.members("{}");
  json.members(R"({"more":1,"still":[2]})");
  json.member("last", std::int64_t{-1});
  json.end_object();
  EXPECT_EQ(
      text,
      R"(data: {"id":7,"name":"a b","none":null,"some":0.5,"list":[true,{},{"x":1},[]],"more":1,"still":[2],"last":-1})");
}

TEST(JsonWriter, WritesNamedValuesAsAnObject) {
  using Value = std::variant<bool, std::int64_t, double, std::string>;
  const std::vector<std::pair<std::string, Value>> values{{"a", true}, {"b", std::int64_t{3}}, {"c", 3.0}, {"d", "x"}};
  EXPECT_EQ(json_text(values), R"({"a":true,"b":3,"c":3.0,"d":"x"})");
  EXPECT_EQ(json_text(std::vector<std::pair<std::string, double>>()), "{}");
}

TEST(JsonWriter, TextIsThatOfTheLibrary) {
  for (const std::string text :
       {"", "plain", "\"quoted\" \\ /", "\n\t\b\f\r\x01\x1f\x7f", "größer – 𝛼", "\xff cut \xe2\x82"}) {
    EXPECT_EQ(json_text(text), dump(OrderedJson(text)));
    std::string object;
    JsonWriter json(object);
    json.begin_object();
    json.member(text, text);
    json.end_object();
    EXPECT_EQ(object, "{" + dump(OrderedJson(text)) + ":" + dump(OrderedJson(text)) + "}");
  }
}

TEST(JsonWriter, NumbersAreThoseOfTheLibrary) {
  using Limits = std::numeric_limits<double>;
  for (const double number :
       {0.0, -0.0, 1.0, 100.0, 0.1, 1e-5, 1e15, 1e22, -2.5e-308, Limits::denorm_min(), Limits::max()})
    EXPECT_EQ(json_text(number), dump(OrderedJson(number)));
  Rng rng(1);
  for (int i = 0; i < 1000; ++i) {
    const double number = std::exp(100 * (rng.uniform() - 0.5));
    EXPECT_EQ(json_text(number), dump(OrderedJson(number)));
  }
  for (const double number : {double{NAN}, double{INFINITY}, -double{INFINITY}})
    EXPECT_EQ(json_text(number), number_to_json(number).dump());
  EXPECT_EQ(json_text(std::numeric_limits<std::int64_t>::min()), "-9223372036854775808");
}

}  // namespace
}  // namespace krige
