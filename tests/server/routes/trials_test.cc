// Trials that do not come from the sampler: points by hand, results from elsewhere, retries; clones and warm starts.
#include "tests/server/service_fixture.h"

namespace krige::server {
namespace {

const std::string kStudies = "/api/v1/studies";

class TrialsTest : public ServiceTest {};

TEST_F(TrialsTest, APointByHandIsGivenNext) {
  const std::string study = make_study();
  const Answer added = post(study + "/trials", {{"params", {{"x", 0.125}}}});
  ASSERT_EQ(added.status, 201) << added.text;
  EXPECT_EQ(added.json["state"], "WAITING");
  EXPECT_EQ(added.json["suggestion"]["method"], "enqueued");
  const OrderedJson given = suggest_one(study, "w");
  EXPECT_EQ(given["id"], added.json["id"]);
  EXPECT_EQ(given["params"]["x"], 0.125);
}

TEST_F(TrialsTest, AResultFromElsewhereCountsAndCanBeTheBest) {
  const std::string study = make_study({{"budget", {{"max_trials", 2}}}});
  const Answer added = post(study + "/trials", {{"params", {{"x", 0.5}}}, {"value", 0.25}});
  ASSERT_EQ(added.status, 201) << added.text;
  EXPECT_EQ(added.json["state"], "COMPLETED");
  EXPECT_EQ(post(study + "/trials", {{"params", {{"x", 0.25}}}, {"state", "FAILED"}, {"reason", "oom"}}).json["reason"],
            "oom");
  EXPECT_EQ(get(study).json["best"]["value"], 0.25);
  EXPECT_EQ(get(study).json["trial_counts"], OrderedJson::parse(R"({"COMPLETED": 1, "FAILED": 1})"));
}

TEST_F(TrialsTest, TheBudgetHoldsForTrialsByHandToo) {
  const std::string study = make_study({{"budget", {{"max_trials", 1}}}});
  EXPECT_EQ(post(study + "/trials", {{"params", {{"x", 0.5}}}}).status, 201);
  const Answer beyond = post(study + "/trials", {{"params", {{"x", 0.75}}}});
  EXPECT_TRUE(is_problem(beyond, 409, "conflict"));
  EXPECT_EQ(beyond.json["detail"], "all of budget.max_trials, 1, is used or in flight: raise it for one more");
  EXPECT_EQ(post(study + ":stop", OrderedJson::object()).status, 200);
  const Answer ended = post(study + "/trials", {{"params", {{"x", 0.75}}}});
  EXPECT_TRUE(is_problem(ended, 409, "study_finished"));
  EXPECT_NE(ended.text.find("clone"), std::string::npos) << "how to go on: " << ended.text;
}

TEST_F(TrialsTest, AVetoedPointUsesNoBudgetAndIsNotSuggested) {
  const std::string study = make_study({{"method", "grid"},
                                        {"parameters", {{"x", {{"type", "int"}, {"min", 1}, {"max", 3}}}}},
                                        {"budget", {{"max_trials", 2}}}});
  const OrderedJson next = get(study + "/surrogate:next").json;
  EXPECT_EQ(next["params"]["x"], 1);
  const Answer vetoed =
      post(study + "/trials", {{"params", next["params"]}, {"state", "CANCELLED"}, {"reason", "known to be bad"}});
  ASSERT_EQ(vetoed.status, 201) << vetoed.text;
  EXPECT_EQ(vetoed.json["suggestion"]["method"], "vetoed");
  EXPECT_EQ(vetoed.json["reason"], "known to be bad");
  EXPECT_EQ(get(study + "/surrogate:next").json["params"]["x"], 2);
  EXPECT_EQ(suggest_one(study, "v")["params"]["x"], 2);
  EXPECT_EQ(suggest_one(study, "w")["params"]["x"], 3);
  EXPECT_EQ(post(study + "/trials", {{"params", {{"x", 1}}}, {"state", "CANCELLED"}}).status, 201)
      << "also when the budget is used";
  EXPECT_TRUE(is_problem(post(study + "/trials", {{"params", {{"x", 1}}}, {"state", "CANCELLED"}, {"value", 1}}), 400,
                         "invalid_argument", "value"));
}

TEST_F(TrialsTest, BadTrialsByHandAreRefusedByTheirField) {
  const std::string trials = make_study() + "/trials";
  EXPECT_TRUE(is_problem(post(trials, {{"value", 1}}), 400, "invalid_argument", "params"));
  EXPECT_TRUE(is_problem(post(trials, {{"params", {{"x", 7}}}}), 400, "invalid_argument", "params.x"));
  EXPECT_TRUE(is_problem(post(trials, {{"params", {{"y", 0.5}}}}), 400, "invalid_argument"));
  EXPECT_TRUE(is_problem(post(trials, {{"params", {{"x", {1, 2}}}}}), 400, "invalid_argument", "params.x"));
  EXPECT_TRUE(is_problem(post(trials, {{"params", {{"x", 0.5}}}, {"value", "NaN"}}), 400, "invalid_argument", "value"));
  EXPECT_TRUE(
      is_problem(post(trials, {{"params", {{"x", 0.5}}}, {"state", "COMPLETED"}}), 400, "invalid_argument", "value"));
  EXPECT_TRUE(
      is_problem(post(trials, {{"params", {{"x", 0.5}}}, {"state", "RUNNING"}}), 400, "invalid_argument", "state"));
  EXPECT_TRUE(is_problem(post(trials, {{"params", {{"x", 0.5}}}, {"valeu", 1}}), 400, "invalid_argument", "valeu"));
  EXPECT_TRUE(is_problem(post(kStudies + "/none/trials", {{"params", {{"x", 0.5}}}}), 404, "not_found"));
  EXPECT_EQ(get(trials).json["trials"].size(), 0U);
}

TEST_F(TrialsTest, ATrialThatHasEndedIsTriedAgainAsANewOne) {
  const std::string study = make_study();
  const OrderedJson given = suggest_one(study, "w");
  EXPECT_TRUE(is_problem(post(study + "/trials/1:retry", OrderedJson::object()), 409, "conflict")) << "it runs still";
  EXPECT_EQ(post(study + "/trials/1:complete", {{"state", "FAILED"}, {"reason", "disk"}}).status, 200);
  const Answer again = post(study + "/trials/1:retry", OrderedJson::object());
  ASSERT_EQ(again.status, 201) << again.text;
  EXPECT_EQ(again.json["id"], 2);
  EXPECT_EQ(again.json["params"], given["params"]);
  EXPECT_EQ(suggest_one(study, "w")["id"], 2);
  EXPECT_TRUE(is_problem(post(study + "/trials/9:retry", OrderedJson::object()), 404, "not_found"));
}

TEST_F(TrialsTest, OneTrialIsStoppedAndKeepsWhatItHasReached) {
  const std::string study = make_study();
  const std::string path = study + "/trials/1";
  suggest_one(study, "w");
  EXPECT_EQ(post(path + ":report", {{"step", 1}, {"metrics", {{"value", 0.25}}}}).status, 200);
  const Answer stopped = post(path + ":stop", OrderedJson::object(), {{"Idempotency-Key", "stop-1"}});
  ASSERT_EQ(stopped.status, 200) << stopped.text;
  EXPECT_EQ(stopped.json["state"], "STOPPING");
  EXPECT_EQ(post_text(path + ":stop", "", "").json["state"], "STOPPING") << "again is no fault";
  EXPECT_EQ(post(path + ":heartbeat", OrderedJson::object()).json["should_stop"], true);
  EXPECT_EQ(post(path + ":complete", {{"value", 0.125}}).json["state"], "PRUNED");
  EXPECT_TRUE(is_problem(post(path + ":stop", OrderedJson::object()), 409, "trial_finished"));
  EXPECT_EQ(post(path + ":stop", OrderedJson::object(), {{"Idempotency-Key", "stop-1"}}).text, stopped.text);
  EXPECT_TRUE(is_problem(post(study + "/trials/9:stop", OrderedJson::object()), 404, "not_found"));
  EXPECT_TRUE(is_problem(post(path + ":stop", {{"reason", "x"}}), 400, "invalid_argument", "reason"));
}

TEST_F(TrialsTest, ACloneHasTheStudyFileAndWhatIsChanged) {
  const std::string study = make_study(
      {{"metric", {{"name", "value"}, {"goal", "maximize"}}}, {"budget", {{"max_trials", 5}, {"max_failures", 2}}}});
  for (const double x : {0.25, 0.5, 0.75}) post(study + "/trials", {{"params", {{"x", x}}}, {"value", x}});
  const Answer plain = post(study + ":clone", {{"name", "again"}, {"seed", 9}});
  ASSERT_EQ(plain.status, 201) << plain.text;
  EXPECT_NE(plain.json["id"], get(study).json["id"]);
  EXPECT_EQ(plain.json["name"], "again");
  EXPECT_EQ(plain.json["spec"]["seed"], 9);
  EXPECT_EQ(plain.json["spec"]["metric"]["goal"], "maximize");
  EXPECT_FALSE(plain.json["spec"].contains("warm_start"));
  const Answer warm = post(study + ":clone", {{"warm_start", true}});
  ASSERT_EQ(warm.status, 201) << warm.text;
  ASSERT_EQ(warm.json["spec"]["warm_start"].size(), 1U);
  EXPECT_EQ(warm.json["spec"]["warm_start"][0]["trials"].size(), 3U);
  EXPECT_EQ(warm.json["spec"]["warm_start"][0]["trials"][0]["value"], 0.75) << "the best first";
  const Answer longer = post(study + ":clone", {{"budget", {{"max_time", "1h"}, {"max_failures", nullptr}}}});
  EXPECT_EQ(longer.json["spec"]["budget"], OrderedJson::parse(R"({"max_trials": 5, "parallel": 1, "max_time": "1h"})"))
      << "what is not named stays";
  EXPECT_TRUE(is_problem(post(study + ":clone", {{"budget", 7}}), 400, "invalid_argument", "budget"));
  EXPECT_TRUE(is_problem(post(study + ":clone", {{"budget", {{"max_trials", 0}}}}), 400, "invalid_argument",
                         "budget.max_trials"));
  EXPECT_TRUE(is_problem(post(study + ":clone", {{"colour", 1}}), 400, "invalid_argument", "colour"));
}

TEST_F(TrialsTest, AStudyLearnsFromAnotherOfTheServer) {
  const std::string older = make_study();
  for (const double x : {0.25, 0.5}) post(older + "/trials", {{"params", {{"x", x}}}, {"value", x}});
  const std::string id = get(older).json["id"];
  OrderedJson file = study_file();
  file["method"] = "gp";
  file["warm_start"] = {{{"study", id}}};
  const Answer created = post(kStudies, file);
  ASSERT_EQ(created.status, 201) << created.text;
  EXPECT_EQ(created.json["spec"]["warm_start"][0]["trials"].size(), 2U);
  EXPECT_EQ(erase(older).status, 204);
  const std::string study = kStudies + "/" + created.json["id"].get<std::string>();
  EXPECT_NEAR(suggest_one(study, "w")["params"]["x"].get<double>(), 0.25, 0.26) << "the better end";
  EXPECT_TRUE(is_problem(post(kStudies, file), 400, "invalid_argument", "warm_start[0].study")) << "it is gone";
  file["metric"] = {{"name", "m"}, {"goal", "maximize"}};
  file["warm_start"] = {{{"study", created.json["id"]}}};
  EXPECT_TRUE(is_problem(post(kStudies, file), 400, "invalid_argument", "warm_start[0].study")) << "another goal";
}

TEST_F(TrialsTest, ListsInAnyOrderAndByState) {
  const std::string study = make_study({{"budget", {{"max_trials", 20}}}});
  for (int i = 0; i < 6; ++i)
    ASSERT_EQ(post(study + "/trials", {{"params", {{"x", i / 10.0}}}, {"value", (i * 5) % 6}}).status, 201);
  ASSERT_EQ(post(study + "/trials", {{"params", {{"x", 0.9}}}}).status, 201);
  const auto ids = [&](const std::string& query) {
    std::vector<int> seen;
    std::string token;
    do {
      const Answer page = get(study + "/trials?page_size=2&" + query + "&page_token=" + token);
      EXPECT_EQ(page.status, 200) << page.text;
      for (const OrderedJson& trial : page.json["trials"]) seen.push_back(trial["id"]);
      token = page.json["next_page_token"];
    } while (!token.empty() && seen.size() < 20);
    return seen;
  };
  EXPECT_EQ(ids("order_by=value"), (std::vector{1, 6, 5, 4, 3, 2, 7}));
  EXPECT_EQ(ids("order_by=value%20desc"), (std::vector{2, 3, 4, 5, 6, 1, 7}));
  EXPECT_EQ(ids("order_by=id%20desc"), (std::vector{7, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(ids("filter=state%3DCOMPLETED&order_by=id"), (std::vector{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(ids("filter=state%3DWAITING,RUNNING"), (std::vector{7}));
  EXPECT_EQ(ids("filter=state=WAITING,RUNNING"), (std::vector{7})) << "as people type it";
  EXPECT_TRUE(is_problem(get(study + "/trials?order_by=params"), 400, "invalid_argument", "order_by"));
  EXPECT_EQ(ids("filter=value%3E2%20state%3Dcompleted"), (std::vector{2, 3, 4}));
  EXPECT_EQ(ids("filter=x%3C%3D0.2&order_by=x%20desc"), (std::vector{3, 2, 1}));
  EXPECT_EQ(ids("order_by=x"), (std::vector{1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(ids("order_by=value&offset=3"), (std::vector{4, 3, 2, 7}));
  EXPECT_EQ(ids("order_by=method&offset=1"), (std::vector{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(ids("order_by=state%20desc"), (std::vector{7, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(get(study + "/trials?page_size=1").json["total_size"], 7);
  EXPECT_EQ(get(study + "/trials?page_size=1&state=WAITING").json["total_size"], 1);
  EXPECT_EQ(get(study + "/trials?page_size=1&filter=x%3C0.3&offset=1").json["total_size"], 3);
  EXPECT_EQ(get(study + "/trials?offset=99").json["trials"].size(), 0U);
  for (const char* filter : {"y%3E1", "x%3E", "%3E1", "state%3DDONE"})
    EXPECT_TRUE(is_problem(get(study + "/trials?filter=" + filter), 400, "invalid_argument", "filter")) << filter;
  EXPECT_TRUE(is_problem(get(study + "/trials?state=DONE"), 400, "invalid_argument", "state"));
  for (const char* token : {"x", "0", "-1", "1:", "1:x", "1:nan", "1:2:3", "1.5", "~", "1~x", "1~6", "1~6g", "1~-1"})
    EXPECT_TRUE(is_problem(get(study + "/trials?page_token=" + token), 400, "invalid_argument", "page_token")) << token;
}

}  // namespace
}  // namespace krige::server
