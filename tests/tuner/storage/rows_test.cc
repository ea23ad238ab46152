#include "tuner/storage/rows.h"

#include <gtest/gtest.h>

#include "tests/tuner/storage/values.h"

namespace krige::tuner {
namespace {

TEST(Rows, TextIsTheJsonOfTheRestInterface) {
  const Trial trial = full_trial(1);
  EXPECT_EQ(params_text(trial.params), R"({"zeta":0.1,"alpha":1,"on":true,"optimizer":"adam"})");
  EXPECT_EQ(suggestion_text(trial.suggestion),
            R"({"method":"gp","mean":0.3,"sd":0.01,"log_ei":-4.0,"note":"jitter 1e-8"})");
  EXPECT_EQ(metrics_text(record(1, 1, 1, 0.25).metrics), R"({"train_loss":0.25,"accuracy":0.75})");
}

TEST(Rows, TextReadsBack) {
  SuggestionInfo info = full_trial(1).suggestion;
  info.fit = 3;
  info.through = 41;
  EXPECT_EQ(suggestion_text(info),
            R"({"method":"gp","fit":3,"through":41,"mean":0.3,"sd":0.01,"log_ei":-4.0,"note":"jitter 1e-8"})");
  EXPECT_EQ(suggestion_from_text(suggestion_text(info)).value(), info);

  const Trial trial = full_trial(1);
  EXPECT_EQ(params_from_text(params_text(trial.params)).value(), trial.params);
  EXPECT_EQ(suggestion_from_text(suggestion_text(trial.suggestion)).value(), trial.suggestion);
  EXPECT_EQ(metrics_from_text(R"({"a":"NaN","b":1})").value().at(1).second, 1.0);
}

TEST(Rows, AnOutcomeReadsBack) {
  EXPECT_EQ(outcome_text(full_trial(1)), "{}");
  const Trial trial = full_trial_of_several(3);
  Trial read;
  ASSERT_TRUE(outcome_from_text(outcome_text(trial), read));
  EXPECT_EQ(read.values, trial.values);
  EXPECT_EQ(read.constraints, trial.constraints);
  EXPECT_EQ(suggestion_from_text(suggestion_text(trial.suggestion)).value(), trial.suggestion);
  EXPECT_FALSE(outcome_from_text(R"({"values":3})", read));
  EXPECT_FALSE(outcome_from_text(R"({"constraints":{"c":{"value":1}}})", read));
  EXPECT_FALSE(outcome_from_text(R"({"others":{}})", read));
}

TEST(Rows, DamagedTextIsAnError) {
  EXPECT_FALSE(params_from_text(R"({"x":)"));
  EXPECT_FALSE(params_from_text(R"({"x":null})"));
  EXPECT_FALSE(suggestion_from_text("[]"));
  EXPECT_FALSE(suggestion_from_text(R"({"method":"gp","through":-1})"));
  EXPECT_FALSE(metrics_from_text(R"({"x":"1"})"));
}

TEST(Rows, ACheckNamesTheField) {
  Change change = change_of("s", 1, 1);
  EXPECT_TRUE(check(change));
  change.trials.push_back(full_trial(-1));
  const Status refused = check(change);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().describe(), "trials[1].id: must be at least 1, is -1");
  change.trials[1] = full_trial_of_several(2);
  EXPECT_TRUE(check(change));
  change.trials[1].values[1].first = "größe";
  EXPECT_EQ(check(change).error().field, "trials[1].values.größe");
}

}  // namespace
}  // namespace krige::tuner
