// Several objectives and outcome constraints over HTTP.
#include "tests/server/service_fixture.h"

namespace krige::server {
namespace {

const std::string kStudies = "/api/v1/studies";

class OutcomesTest : public ServiceTest {
 protected:
  std::string make_two() {
    OrderedJson file = study_file();
    file["objectives"] = OrderedJson::parse(R"([{"name": "accuracy", "goal": "maximize"}, {"name": "latency"}])");
    file["constraints"] = OrderedJson::parse(R"([{"name": "memory", "max": 10}])");
    const Answer made = post(kStudies, file);
    EXPECT_EQ(made.status, 201) << made.text;
    return kStudies + "/" + made.json["id"].get<std::string>();
  }
  Answer complete(const std::string& study, const OrderedJson& metrics) {
    const OrderedJson given = suggest_one(study, "w");
    return post(study + "/trials/" + given["id"].dump() + ":complete",
                {{"token", given["attempt"]["token"]}, {"metrics", metrics}});
  }
};

TEST_F(OutcomesTest, TheParetoSetIsListedByTrialsOptimal) {
  const std::string study = make_two();
  EXPECT_EQ(get(study + "/trials:optimal").json["trials"].size(), 0U);
  const Answer first = complete(study, {{"accuracy", 0.9}, {"latency", 5}, {"memory", 3}});
  ASSERT_EQ(first.status, 200) << first.text;
  EXPECT_TRUE(first.json["value"].is_null());
  EXPECT_EQ(first.json["values"], OrderedJson::parse(R"({"accuracy": 0.9, "latency": 5.0})"));
  EXPECT_EQ(first.json["constraints"], OrderedJson::parse(R"({"memory": {"value": 3.0, "feasible": true}})"));
  complete(study, {{"accuracy", 0.8}, {"latency", 6}, {"memory", 3}});
  complete(study, {{"accuracy", 0.99}, {"latency", 1}, {"memory", 11}});
  complete(study, {{"accuracy", 0.7}, {"latency", 2}, {"memory", 10}});
  const Answer optimal = get(study + "/trials:optimal");
  ASSERT_EQ(optimal.status, 200) << optimal.text;
  ASSERT_EQ(optimal.json["trials"].size(), 2U);
  EXPECT_EQ(optimal.json["trials"][0]["id"], 1);
  EXPECT_EQ(optimal.json["trials"][1]["id"], 4);
  const Answer whole = get(study);
  EXPECT_TRUE(whole.json["best"].is_null());
  EXPECT_EQ(whole.json["optimal"], OrderedJson::parse("[1, 4]"));
  EXPECT_EQ(optimal.json["seq"], whole.json["seq"]);
  EXPECT_EQ(get(study + "/trials?state=COMPLETED").json["trials"][2]["constraints"]["memory"]["feasible"], false);
}

TEST_F(OutcomesTest, OfOneObjectiveTheBestIsOptimal) {
  const std::string study = make_study();
  for (const double value : {3.0, 1.0, 2.0}) {
    const OrderedJson given = suggest_one(study, "w");
    post(study + "/trials/" + given["id"].dump() + ":complete",
         {{"token", given["attempt"]["token"]}, {"value", value}});
  }
  const OrderedJson trials = get(study + "/trials:optimal").json["trials"];
  ASSERT_EQ(trials.size(), 1U);
  EXPECT_EQ(trials[0]["value"], 1);
  EXPECT_FALSE(trials[0].contains("values"));
}

TEST_F(OutcomesTest, WhatIsMissingIsNamed) {
  const std::string study = make_two();
  EXPECT_TRUE(
      is_problem(complete(study, {{"accuracy", 0.9}, {"latency", 5}}), 400, "invalid_argument", "metrics.memory"));
  const Answer two = complete(study, {{"accuracy", 0.9}});
  EXPECT_TRUE(is_problem(two, 400, "invalid_argument", "metrics.latency"));
  EXPECT_EQ(two.json["errors"].size(), 2U) << two.text;
  EXPECT_TRUE(is_problem(post(study + "/trials/1:complete", {{"value", 3}}), 400, "invalid_argument", "value"));
  EXPECT_TRUE(is_problem(get(study + "/trials:optimal?page_size=3"), 400, "invalid_argument", "page_size"));
  EXPECT_TRUE(is_problem(get(kStudies + "/none/trials:optimal"), 404, "not_found"));
}

TEST_F(OutcomesTest, AResultFromElsewhereHasAllMetrics) {
  const std::string trials = make_two() + "/trials";
  const OrderedJson params{{"x", 0.5}};
  const Answer added =
      post(trials, {{"params", params}, {"metrics", {{"accuracy", 0.5}, {"latency", 2}, {"memory", 1}}}});
  ASSERT_EQ(added.status, 201) << added.text;
  EXPECT_EQ(added.json["state"], "COMPLETED");
  EXPECT_EQ(added.json["values"]["latency"], 2);
  EXPECT_TRUE(is_problem(post(trials, {{"params", params}, {"metrics", {{"accuracy", 0.5}}}}), 400, "invalid_argument",
                         "metrics.latency"));
  EXPECT_TRUE(is_problem(post(trials, {{"params", params}, {"value", 1}}), 400, "invalid_argument", "value"));
  EXPECT_TRUE(is_problem(
      post(trials, {{"params", params}, {"metrics", {{"accuracy", 0.5}, {"latency", "NaN"}, {"memory", 1}}}}), 400,
      "invalid_argument", "metrics"));
  EXPECT_TRUE(is_problem(post(trials, {{"params", params}, {"state", "FAILED"}, {"metrics", {{"latency", 1}}}}), 400,
                         "invalid_argument", "metrics"));
}

}  // namespace
}  // namespace krige::server
