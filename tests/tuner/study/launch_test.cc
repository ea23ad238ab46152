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

std::optional<Record> record_of(std::string_view line, std::int64_t next_step = 1,
                                const std::vector<MetricPattern>& patterns = {}) {
  return parse_record(line, kKey, next_step, MetricPatterns(patterns));
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
  const auto record = record_of(R"({"step": 4, "accuracy": 0.5, "note": "x", "loss": "NaN"})");
  ASSERT_TRUE(record);
  EXPECT_EQ(record->step, 4);
  ASSERT_EQ(record->metrics.size(), 2U);
  EXPECT_TRUE(std::isnan(record->metrics[1].second));
  EXPECT_EQ(record_of(R"({"accuracy": 1})", 7)->step, 7);
  EXPECT_EQ(record_of(R"({"step": 3.0, "accuracy": 1})", 7)->step, 3);
  // Steps that are none, or that arithmetic would not survive.
  for (const char* step : {"-1", "2.5", "9223372036854775807", "18446744073709551615", "1e300", "\"NaN\""})
    EXPECT_EQ(record_of(std::string(R"({"accuracy": 1, "step": )") + step + "}", 7)->step, 7) << step;
  for (const char* other : {"", "epoch 3", "[1]", "{}", R"({"note": "x"})", "{broken", R"({"step": 3})"})
    EXPECT_EQ(record_of(other), std::nullopt) << other;
}

TEST(Launch, NumbersThatAreNotFiniteAreReadAsPythonWritesThem) {
  const Record record = *record_of(R"({"step": 2, "loss": NaN, "low": -Infinity, "say \"NaN\"": Infinity, "NaN": 1})");
  EXPECT_EQ(record.step, 2);
  ASSERT_EQ(record.metrics.size(), 4U);
  EXPECT_TRUE(std::isnan(record.metrics[0].second));
  const Metrics others{{"low", -INFINITY}, {R"(say "NaN")", INFINITY}, {"NaN", 1}};
  EXPECT_EQ(Metrics(record.metrics.begin() + 1, record.metrics.end()), others);
  for (const char* odd : {R"({"a": "\)", R"({"a": "x\)", "{NaN", "{\"NaN", R"({"a": NaNNaN})", "{-Infinity}"})
    EXPECT_FALSE(record_of(odd)) << odd;
}

TEST(Launch, RecordsAreFoundByRegularExpressions) {
  const std::vector<MetricPattern> patterns{{"step", R"(epoch (\d+))"}, {"accuracy", R"(val_acc=([\d.]+))"}};
  const auto record = record_of("epoch 3: loss=0.5 val_acc=0.75", 9, patterns);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->step, 3);
  EXPECT_EQ(record->metrics, (Metrics{{"accuracy", 0.75}}));
  EXPECT_EQ(record_of("val_acc=0.5", 9, patterns)->step, 9);
  EXPECT_EQ(record_of("epoch 4", 9, patterns), std::nullopt);
  EXPECT_EQ(record_of(R"({"accuracy": 1})", 9, patterns)->metrics, (Metrics{{"accuracy", 1}}));  // JSON goes first
}

TEST(Launch, TheEnvironmentIsReadWhereTheCommandSaysSo) {
  ::setenv("KRIGE_TEST_FOLDER", "/data", 1);
  EXPECT_EQ(argv(R"(["x", "${envvar:KRIGE_TEST_FOLDER}/a:${envvar:KRIGE_TEST_FOLDER}"])"),
            (Words{"x", "/data/a:/data"}));
  ::unsetenv("KRIGE_TEST_FOLDER");
  const auto run = make_run(with_command(R"(["x", "${envvar:KRIGE_TEST_FOLDER}"])"), kKey, {}, "");
  ASSERT_FALSE(run);
  EXPECT_EQ(run.error().describe(), "command[1]: the environment has no variable KRIGE_TEST_FOLDER");
}

TEST(Launch, ArgumentsGoIntoAFileOfTheirOwn) {
  const auto run = make_run(with_command(R"(["x", "--config", "${args_json_file}"])"), kKey, {{"lr", 0.5}}, "");
  ASSERT_TRUE(run);
  EXPECT_EQ(run->file.content, R"({"lr":0.5})");
  EXPECT_EQ(run->argv, (Words{"x", "--config", run->file.path}));
  EXPECT_TRUE(run->file.path.starts_with('/'));
}

}  // namespace
}  // namespace krige::tuner
