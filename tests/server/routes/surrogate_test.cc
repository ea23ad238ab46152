// The model of a study, as REST shows it.
#include <fmt/format.h>

#include <cmath>

#include "tests/server/service_fixture.h"

namespace krige::server {
namespace {

const OrderedJson kGp{{"method", "gp"},
                      {"parameters", OrderedJson::parse(R"({"x": {"type": "float", "min": 0, "max": 1},
                          "kind": {"type": "categorical", "values": ["a", "b"]},
                          "m": {"type": "float", "min": 0, "max": 1, "when": {"kind": "b"}}})")},
                      {"budget", {{"max_trials", 12}}}};

std::string percent_encoded(const std::string& text) {
  std::string out;
  for (const char c : text) out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  return out;
}

class SurrogateTest : public ServiceTest {
 protected:
  // A study of this many trials with a value.
  std::string study_of(int trials) {
    std::string study = make_study(kGp);
    for (int i = 0; i < trials; ++i) {
      const OrderedJson given = suggest_one(study, "w");
      const double x = given["params"]["x"];
      const std::string trial = study + "/trials/" + std::to_string(given["id"].get<int>());
      EXPECT_EQ(post(trial + ":complete", {{"value", (x - 0.3) * (x - 0.3)}}).status, 200);
    }
    return study;
  }
};

TEST_F(SurrogateTest, ASliceGoesThroughTheBestPointUnlessAnotherIsAsked) {
  const std::string study = study_of(9);
  const Answer best = get(study + "/surrogate:slice");
  ASSERT_EQ(best.status, 200) << best.text;
  EXPECT_EQ(best.json["through"]["trial"], best.json["incumbent"]["trial"]);
  EXPECT_GE(best.json["slices"].size(), 2U);

  const Answer chosen = get(study + "/surrogate:slice?trial=2&parameter=x&points=11");
  ASSERT_EQ(chosen.status, 200) << chosen.text;
  ASSERT_EQ(chosen.json["slices"].size(), 1U);
  const OrderedJson& slice = chosen.json["slices"][0];
  for (const char* column : {"values", "mean", "sd", "ei"}) EXPECT_EQ(slice[column].size(), 11U) << column;
  EXPECT_EQ(slice["values"].front(), 0.0);
  EXPECT_EQ(slice["values"].back(), 1.0);
  EXPECT_EQ(slice["observed"].size(), 9U);
  EXPECT_EQ(slice["pending"].size(), 0U);
  EXPECT_EQ(slice["observed"][1]["nearness"], 1.0) << "the slice goes through trial 2";

  suggest_one(study, "w");
  EXPECT_EQ(get(study + "/surrogate:slice?parameter=x").json["slices"][0]["pending"][0]["trial"], 10);
}

TEST_F(SurrogateTest, TheModelThatIsShownIsTheOneThatSuggests) {
  const std::string study = study_of(9);
  const OrderedJson next = get(study + "/surrogate:next").json;
  ASSERT_TRUE(next["new_fit"]) << "the ninth result is in no fit that was kept";
  const Answer there = get(study + "/surrogate:slice?params=" + percent_encoded(dump(next["params"])));
  ASSERT_EQ(there.status, 200) << there.text;
  EXPECT_EQ(there.json["fit"], next["suggestion"]["fit"]);
  EXPECT_DOUBLE_EQ(there.json["through"]["mean"], next["suggestion"]["mean"]);
  const double log_ei = next["suggestion"]["log_ei"];
  EXPECT_NEAR(there.json["through"]["ei"].get<double>(), std::exp(log_ei), 1e-6 * std::exp(log_ei));
}

TEST_F(SurrogateTest, APointOfTheUsersOwnIsCheckedAsATrialIs) {
  const std::string study = study_of(9);
  const Answer free = get(study + "/surrogate:slice?params=%7B%22x%22%3A0.5%2C%22kind%22%3A%22a%22%7D");
  ASSERT_EQ(free.status, 200) << free.text;
  EXPECT_TRUE(free.json["through"]["trial"].is_null());
  EXPECT_EQ(free.json["through"]["params"]["x"], 0.5);
  EXPECT_EQ(free.json["slices"].size(), 2U) << "m is not active there";
  const std::string slice = study + "/surrogate:slice?";
  EXPECT_TRUE(
      is_problem(get(slice + "params=%7B%22x%22%3A7%2C%22kind%22%3A%22a%22%7D"), 400, "invalid_argument", "params.x"));
  EXPECT_TRUE(is_problem(get(slice + "params=%7B"), 400, "invalid_argument"));
  EXPECT_TRUE(is_problem(get(slice + "trial=1&params=%7B%22x%22%3A0%2C%22kind%22%3A%22a%22%7D"), 400,
                         "invalid_argument", "params"));
  EXPECT_TRUE(is_problem(get(slice + "parameter=none"), 400, "invalid_argument", "parameter"));
  EXPECT_TRUE(is_problem(get(slice + "points=1"), 400, "invalid_argument", "points"));
  EXPECT_TRUE(is_problem(get(slice + "trail=1"), 400, "invalid_argument", "trail"));
  EXPECT_TRUE(is_problem(get(slice + "trial=99"), 404, "not_found"));
}

TEST_F(SurrogateTest, AContourHasAValueForEachPairOfValues) {
  const std::string study = study_of(9);
  const Answer contour = get(study + "/surrogate:contour?x=x&y=kind&points=8");
  ASSERT_EQ(contour.status, 200) << contour.text;
  EXPECT_EQ(contour.json["x"]["values"].size(), 8U);
  EXPECT_EQ(contour.json["y"]["values"], OrderedJson::parse(R"(["a", "b"])"));
  for (const char* column : {"mean", "sd", "ei"}) EXPECT_EQ(contour.json[column].size(), 16U) << column;
  const Answer without = get(study + "/surrogate:contour");
  EXPECT_TRUE(is_problem(without, 400, "invalid_argument", "x"));
  EXPECT_EQ(without.json["errors"][0]["message"], "is missing");
  EXPECT_EQ(without.json["errors"][1]["field"], "y");
  EXPECT_TRUE(is_problem(get(study + "/surrogate:contour?x=x"), 400, "invalid_argument", "y"));
}

TEST_F(SurrogateTest, TrustImportanceAndTheReasonForATrial) {
  const std::string study = study_of(9);
  const Answer trust = get(study + "/surrogate:trust");
  ASSERT_EQ(trust.status, 200) << trust.text;
  EXPECT_EQ(trust.json["leave_one_out"].size(), 9U);
  EXPECT_EQ(trust.json["lengthscales"].size(), 3U);
  EXPECT_GE(trust.json["fit"], 1);

  const Answer importance = get(study + "/surrogate:importance");
  ASSERT_EQ(importance.status, 200) << importance.text;
  EXPECT_GT(importance.json["parameters"][0]["total"], importance.json["parameters"][2]["total"])
      << "the value depends on x alone: " << importance.text;

  const Answer reason = get(study + "/surrogate:reason?trial=9");
  ASSERT_EQ(reason.status, 200) << reason.text;
  EXPECT_EQ(reason.json["suggestion"]["method"], "gp");
  EXPECT_TRUE(reason.json["exploitation"].is_number()) << reason.text;
  EXPECT_EQ(reason.json["nearest"].size(), 5U);
  EXPECT_TRUE(is_problem(get(study + "/surrogate:reason"), 400, "invalid_argument", "trial"));
}

TEST_F(SurrogateTest, TheNextPointIsShownBeforeItIsGiven) {
  const std::string study = study_of(9);
  const Answer seen = get(study + "/surrogate:next");
  ASSERT_EQ(seen.status, 200) << seen.text;
  EXPECT_EQ(get(study).json["trial_counts"], OrderedJson::parse(R"({"COMPLETED": 9})")) << "looking changes nothing";
  const OrderedJson given = suggest_one(study, "w");
  EXPECT_EQ(given["id"], seen.json["id"]);
  EXPECT_EQ(given["params"], seen.json["params"]);
  EXPECT_EQ(post(study + ":stop", OrderedJson::object()).status, 200);
  EXPECT_EQ(post(study + "/trials/10:complete", {{"value", 1}}).status, 200);
  EXPECT_TRUE(is_problem(get(study + "/surrogate:next"), 409, "study_finished"));
  EXPECT_EQ(get(study + "/surrogate:trust").status, 200) << "a study that has ended keeps its model";
}

TEST_F(SurrogateTest, WithoutAModelTheAnswerSaysWhy) {
  const std::string random = make_study();
  const std::string young = study_of(2);
  for (const char* verb : {"slice", "contour", "trust", "importance", "reason?trial=1"}) {
    EXPECT_TRUE(is_problem(get(random + "/surrogate:" + verb), 409, "conflict")) << verb;
    EXPECT_TRUE(is_problem(get(young + "/surrogate:" + verb), 409, "conflict")) << verb;
  }
  EXPECT_EQ(get(random + "/surrogate:next").status, 200) << "any method has a next point";
  EXPECT_TRUE(is_problem(get("/api/v1/studies/none/surrogate:slice"), 404, "not_found"));
  EXPECT_TRUE(is_problem(post(young + "/surrogate:slice", OrderedJson::object()), 405, "method_not_allowed"));
}

}  // namespace
}  // namespace krige::server
