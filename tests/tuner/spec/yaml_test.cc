#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tuner/spec/study_spec.h"

namespace krige::tuner {
namespace {

std::string json_of(const char* yaml) {
  const Result<OrderedJson> json = yaml_to_json(yaml);
  return json ? json->dump() : json.error().describe();
}

TEST(Yaml, ScalarsTakeTheTypesOfYaml12) {
  EXPECT_EQ(json_of("[1, -2, +3, 0.5, .5, 1e-4, 1.0e-4, true, False, null, ~]"),
            "[1,-2,3,0.5,0.5,0.0001,0.0001,true,false,null,null]");
  EXPECT_EQ(json_of("[no, on, 1_000, 0x, inf, nan, 1.2.3, -, sgd]"),
            R"(["no","on","1_000","0x","inf","nan","1.2.3","-","sgd"])");
  EXPECT_EQ(json_of(R"(["1", '2.5', "true"])"), R"(["1","2.5","true"])");
}

TEST(Yaml, KeysKeepTheirOrderAndAreGivenOnce) {
  EXPECT_EQ(json_of("b: 1\na: {c: [x]}"), R"({"b":1,"a":{"c":["x"]}})");
  EXPECT_EQ(json_of("a:\n  x: 1\n  x: 2"), "a.x: is given twice (line 3)");
}

TEST(Yaml, SyntaxErrorsSayWhere) { EXPECT_NE(json_of("a: [1, 2\nb: 3").find("line 2"), std::string::npos); }

TEST(Yaml, AliasesThatExplodeAreRefused) {
  std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 9; ++i) {
    const std::string before = "*a" + std::to_string(i - 1);
    bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
    for (int k = 0; k < 9; ++k) bomb += before + ", ";
    bomb += before + "]\n";
  }
  const Result<OrderedJson> json = yaml_to_json(bomb);
  ASSERT_FALSE(json);
  EXPECT_EQ(json.error().code, ErrorCode::invalid_argument);
}

TEST(Yaml, BytesThatAreNotUtf8AreRefused) {
  for (const char* text : {"name: M\xFCller", "M\xFCller: 1", "name: \"\xC0\xAF\"", "a: [\xED\xA0\x80]"})
    EXPECT_EQ(json_of(text), "is not text in UTF-8") << text;
  EXPECT_EQ(json_of("name: M\xC3\xBCller"), "{\"name\":\"M\xC3\xBCller\"}");
}

TEST(Yaml, AMapHasABoundedNumberOfMembers) {
  std::string text;
  for (int i = 0; i < 10'001; ++i) text += "k" + std::to_string(i) + ": 1\n";
  EXPECT_EQ(json_of(text.c_str()), "has more than 10000 members");
}

}  // namespace
}  // namespace krige::tuner
