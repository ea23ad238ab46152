#include "tuner/trial/codec.h"

#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

namespace krige::tuner {
namespace {

Trial ended_trial() {
  Trial trial;
  trial.id = 7;
  trial.state = TrialState::completed;
  trial.reason = "said \"so\"";
  trial.params = {{"rate", 0.01}, {"layers", std::int64_t{3}}, {"bias", true}, {"kind", std::string("a")}};
  trial.value = 1.0;
  trial.constraints = {{"latency", 2.5, false}};
  trial.suggestion.method = "gp";
  trial.suggestion.fit = 2;
  trial.suggestion.through = 40;
  trial.suggestion.mean = 0.5;
  trial.suggestion.log_ei = -INFINITY;
  trial.attempts.push_back({1, "secret", AttemptState::succeeded, "w1", "", WallTime(Millis(1)), WallTime(Millis(2))});
  trial.created_at = WallTime(Millis(0));
  return trial;
}

TEST(TrialCodec, WritesATrialAsItsTextAndAsADocument) {
  const std::string text = R"({"id":7,"state":"COMPLETED","reason":"said \"so\"",)"
                           R"("params":{"rate":0.01,"layers":3,"bias":true,"kind":"a"},"value":1.0,)"
                           R"("constraints":{"latency":{"value":2.5,"feasible":false}},)"
                           R"("suggestion":{"method":"gp","fit":2,"through":40,"mean":0.5,"log_ei":"-Infinity"},)"
                           R"("attempts":[{"id":1,"state":"SUCCEEDED","worker":"w1","reason":"",)"
                           R"("started_at":"1970-01-01T00:00:00.001Z","ended_at":"1970-01-01T00:00:00.002Z"}],)"
                           R"("created_at":"1970-01-01T00:00:00.000Z","ended_at":null})";
  EXPECT_EQ(json_text(ended_trial()), text);
  EXPECT_EQ(dump(to_json(ended_trial())), text);
}

TEST(TrialCodec, SeveralObjectivesAreNamedAndHaveNoValue) {
  Trial trial;
  trial.values = {{"loss", 0.5}, {"size", 3.0}};
  const OrderedJson json = to_json(trial);
  EXPECT_TRUE(json["value"].is_null());
  EXPECT_EQ(json["values"].dump(), R"({"loss":0.5,"size":3.0})");
  EXPECT_FALSE(json.contains("constraints"));
}

TEST(TrialCodec, ASuggestionReadsBack) {
  const SuggestionInfo info = ended_trial().suggestion;
  EXPECT_EQ(suggestion_from_json(to_json(info)).value(), info);
}

TEST(TrialCodec, ARecordHasAnyNumbers) {
  EXPECT_EQ(json_text(Record{1, 1, 3, {{"loss", NAN}, {"epoch", 2}}}),
            R"({"step":3,"metrics":{"loss":"NaN","epoch":2.0}})");
}

}  // namespace
}  // namespace krige::tuner
