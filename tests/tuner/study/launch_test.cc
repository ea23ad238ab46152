#include "tuner/study/launch.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace krige::tuner {
namespace {

const AttemptKey kKey{"study", 3, 1};

StudySpec with_command(const char* command) {
  const std::string json =
      std::string(
          R"({"program": "train.py", "parameters": {"lr": {"min": 0.0, "max": 1.0}, "fast": {"values": [true, false]}}, "command": )") +
      command + "}";
  return parse_study(parse_json(json).value()).value();
}

std::vector<std::string> argv(const char* command) {
  return make_run(with_command(command), kKey, {{"lr", 0.5}, {"fast", true}}, "")->argv;
}

using Words = std::vector<std::string>;

TEST(Launch, MacrosOfWandbAreExpanded) {
  EXPECT_EQ(argv(R"(["${env}", "${interpreter}", "${program}", "${args}"])"),
            (Words{"/usr/bin/env", "python3", "train.py", "--lr=0.5", "--fast=true"}));
  EXPECT_EQ(argv(R"(["x", "${args_no_hyphens}"])"), (Words{"x", "lr=0.5", "fast=true"}));
  EXPECT_EQ(argv(R"(["x", "${args_no_boolean_flags}"])"), (Words{"x", "--lr=0.5", "--fast"}));
  EXPECT_EQ(argv(R"(["x", "${args_json}"])"), (Words{"x", R"({"lr":0.5,"fast":true})"}));
  EXPECT_EQ(argv(R"(["x", "rate={lr},{lr}", "{other}"])"), (Words{"x", "rate=0.5,0.5", "{other}"}));
}

TEST(Launch, RecordsAreObjectsWithNumbers) {
  const auto record = parse_record(R"({"step": 4, "accuracy": 0.5, "note": "x", "loss": "NaN"})", kKey, 1);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->step, 4);
  ASSERT_EQ(record->metrics.size(), 2U);
  EXPECT_TRUE(std::isnan(record->metrics[1].second));
  EXPECT_EQ(parse_record(R"({"accuracy": 1})", kKey, 7)->step, 7);
  EXPECT_EQ(parse_record(R"({"step": 3.0, "accuracy": 1})", kKey, 7)->step, 3);
  // Steps that are none, or that arithmetic would not survive.
  for (const char* step : {"-1", "2.5", "9223372036854775807", "18446744073709551615", "1e300", "\"NaN\""})
    EXPECT_EQ(parse_record(std::string(R"({"accuracy": 1, "step": )") + step + "}", kKey, 7)->step, 7) << step;
  for (const char* other : {"", "epoch 3", "[1]", "{}", R"({"note": "x"})", "{broken", R"({"step": 3})"})
    EXPECT_EQ(parse_record(other, kKey, 1), std::nullopt) << other;
}

}  // namespace
}  // namespace krige::tuner
