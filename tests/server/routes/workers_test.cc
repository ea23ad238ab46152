#include <set>
#include <thread>

#include "tests/server/service_fixture.h"
#include "tests/tuner/study/fake_learner.h"

namespace krige::server {
namespace {

using namespace std::chrono_literals;

class WorkersTest : public ServiceTest {
 protected:
  static std::string path(const std::string& study, const OrderedJson& trial, const std::string& verb) {
    return study + "/trials/" + std::to_string(trial["id"].get<int>()) + verb;
  }
  static OrderedJson token(const OrderedJson& trial) { return trial["attempt"]["token"]; }
};

TEST_F(WorkersTest, RunsAStudyToItsEnd) {
  const std::string study = make_study({{"budget", {{"max_trials", 3}}}});
  std::set<std::string> points;
  for (int i = 1; i <= 3; ++i) {
    const OrderedJson trial = suggest_one(study, "w1");
    EXPECT_EQ(trial["id"], i);
    EXPECT_GE(trial["attempt"]["token"].get<std::string>().size(), 16U);
    EXPECT_TRUE(trial["attempt"]["lease_expires_at"].get<std::string>().ends_with("Z"));
    points.insert(trial["params"].dump());
    const Answer reported =
        post(path(study, trial, ":report"),
             {{"token", token(trial)}, {"step", 1}, {"metrics", {{"value", 0.5}, {"loss", "NaN"}}}});
    EXPECT_EQ(reported.status, 200) << reported.text;
    EXPECT_EQ(reported.json, OrderedJson::parse(R"({"should_stop": false})"));
    const Answer alive = post(path(study, trial, ":heartbeat"), {{"token", token(trial)}});
    EXPECT_EQ(alive.status, 200) << alive.text;
    EXPECT_EQ(alive.json["should_stop"], false);
    EXPECT_TRUE(alive.json["lease_expires_at"].is_string());
    const Answer done = post(path(study, trial, ":complete"), {{"token", token(trial)}, {"value", 1.0 / i}});
    EXPECT_EQ(done.status, 200) << done.text;
    EXPECT_EQ(done.json["state"], "COMPLETED");
    EXPECT_EQ(done.text.find(token(trial).get<std::string>()), std::string::npos) << "the token is a secret";
  }
  EXPECT_EQ(points.size(), 3U);
  // The study's own thread ends it, after the last answer.
  const auto deadline = std::chrono::steady_clock::now() + 20s;
  Answer ended = get(study);
  while (ended.json["state"] != "COMPLETED" && std::chrono::steady_clock::now() < deadline) ended = get(study);
  EXPECT_EQ(ended.json["state"], "COMPLETED");
  EXPECT_EQ(ended.json["state_reason"], "max_trials");
  EXPECT_EQ(ended.json["best"]["trial"], 3);
  EXPECT_EQ(ended.json["trial_counts"], OrderedJson::parse(R"({"COMPLETED": 3})"));
  EXPECT_TRUE(is_problem(post(study + "/trials:suggest", {{"client_id", "w1"}}), 409, "study_finished"));

  const Answer one = get(study + "/trials/1");
  EXPECT_EQ(one.json["records"], OrderedJson::parse(R"([{"step": 1, "metrics": {"value": 0.5, "loss": "NaN"}}])"))
      << one.text;
  EXPECT_EQ(one.json["suggestion"]["method"], "random");
}

TEST_F(WorkersTest, GivesAClientItsPendingTrialAgain) {
  const std::string study = make_study();
  const OrderedJson first = suggest_one(study, "w1");
  const OrderedJson again = suggest_one(study, "w1");
  EXPECT_EQ(again["id"], first["id"]);
  EXPECT_EQ(again["params"], first["params"]);
  EXPECT_EQ(token(again), token(first));
  EXPECT_NE(suggest_one(study, "w2")["id"], first["id"]);
  const Answer more = post(study + "/trials:suggest", {{"client_id", "w1"}, {"count", 3}});
  ASSERT_EQ(more.json["trials"].size(), 3U) << more.text;
  EXPECT_EQ(more.json["trials"][0]["id"], first["id"]);
}

TEST_F(WorkersTest, GivesEveryCallWithoutAClientATrialOfItsOwn) {
  const std::string study = make_study();
  const Answer first = post(study + "/trials:suggest", OrderedJson::object());
  const Answer second = post(study + "/trials:suggest", OrderedJson::object());
  ASSERT_EQ(first.json["trials"].size(), 1U) << first.text;
  ASSERT_EQ(second.json["trials"].size(), 1U) << second.text;
  EXPECT_NE(first.json["trials"][0]["id"], second.json["trials"][0]["id"]);
}

TEST_F(WorkersTest, SaysWhenThereIsNothingToGive) {
  const std::string study = make_study({{"budget", {{"max_trials", 1}}}});
  const OrderedJson only = suggest_one(study, "w1");
  const Answer nothing = post(study + "/trials:suggest", {{"client_id", "w2"}, {"timeout_ms", 0}});
  EXPECT_EQ(nothing.status, 200);
  EXPECT_EQ(nothing.json, OrderedJson::parse(R"({"trials": []})"));
  EXPECT_EQ(nothing.header("Retry-After"), "1");

  const std::string paused = make_study();
  post_text(paused + ":pause", "", "");
  const Answer none = post(paused + "/trials:suggest", {{"client_id", "w1"}});
  EXPECT_EQ(none.status, 200);
  EXPECT_EQ(none.json["trials"].size(), 0U);
}

TEST_F(WorkersTest, WithoutAPlaceToWaitAClientIsToldToComeAgain) {
  ServerOptions options;
  options.waiting_suggests = 0;
  start(options);
  const std::string study = make_study();
  Answer answer = post(study + "/trials:suggest", {{"client_id", "w"}, {"timeout_ms", 30000}});
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  while (answer.status == 202 && std::chrono::steady_clock::now() < deadline) {
    EXPECT_EQ(answer.json, OrderedJson::parse(R"({"trials": []})"));
    EXPECT_EQ(answer.header("Retry-After"), "1");
    answer = post(study + "/trials:suggest", {{"client_id", "w"}});
  }
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json["trials"][0]["id"], 1) << answer.text;
}

TEST_F(WorkersTest, ASuggestThatComputesBlocksNobody) {
  const auto learner = std::make_shared<tuner::FakeLearner::Bench>();
  tuner::EngineOptions engine;
  engine.sampler_for = [learner](const tuner::StudySpec&) { return std::make_unique<tuner::FakeLearner>(learner); };
  start({}, engine);
  const std::string study = make_study({{"method", "gp"}, {"budget", {{"max_trials", 100}}}});
  const std::string trials = study + "/trials";
  for (int i = 1; i < tuner::FakeLearner::kEvery; ++i)
    ASSERT_EQ(post(path(study, suggest_one(study, "w"), ":complete"), {{"value", i}}).status, 200);
  const OrderedJson held = suggest_one(study, "other");
  const OrderedJson last = suggest_one(study, "w");
  ASSERT_EQ(post(path(study, last, ":complete"), {{"token", token(last)}, {"value", 0}}).status, 200);
  learner->hold();  // the fit that is due now
  std::jthread waiting([&] {
    EXPECT_EQ(post(trials + ":suggest", {{"client_id", "patient"}, {"timeout_ms", 20'000}}).status, 200);
  });
  // Also when an expectation below fails.
  const std::shared_ptr<void> released(nullptr, [&](void*) { learner->release(); });
  ASSERT_TRUE(learner->wait_for_refits(1));

  const Answer none = post(trials + ":suggest", {{"client_id", "w"}, {"timeout_ms", 0}});
  EXPECT_EQ(none.status, 202);
  EXPECT_EQ(none.header("Retry-After"), "1");
  EXPECT_EQ(
      post(path(study, held, ":report"), {{"token", token(held)}, {"step", 1}, {"metrics", {{"value", 1}}}}).status,
      200);
  EXPECT_EQ(post(path(study, held, ":complete"), {{"token", token(held)}, {"value", 1}}).status, 200);
  EXPECT_EQ(get(study).json["trial_counts"]["COMPLETED"], 6);
  EXPECT_EQ(get(trials).json["trials"].size(), 6U);
  const std::string another = make_study();
  EXPECT_EQ(suggest_one(another, "w")["id"], 1);
}

TEST_F(WorkersTest, RefusesALateWorker) {
  tuner::EngineOptions engine;
  engine.lease = 200ms;
  start({}, engine);
  const std::string study = make_study({{"budget", {{"max_trials", 1}}}});
  const OrderedJson lost = suggest_one(study, "w1");
  EventClient events(port_, study + "/events");
  bool seen = false;
  while (!seen) {
    const auto event = events.next();
    ASSERT_TRUE(event) << "the attempt was not noticed as lost";
    seen = event->type == "TRIAL_STATE_CHANGED" && event->data.dump().find("LOST") != std::string::npos;
  }
  OrderedJson taken;
  while (taken.is_null()) {
    const Answer answer = post(study + "/trials:suggest", {{"client_id", "w2"}});
    ASSERT_LT(answer.status, 300) << answer.text;
    if (!answer.json["trials"].empty()) taken = answer.json["trials"][0];
  }
  EXPECT_EQ(taken["id"], lost["id"]);
  EXPECT_EQ(taken["attempt"]["id"], 2);
  for (const char* verb : {":heartbeat", ":report", ":complete"}) {
    OrderedJson body{{"token", token(lost)}};
    if (std::string_view(verb) == ":report") body.update({{"step", 1}, {"metrics", {{"value", 1}}}});
    if (std::string_view(verb) == ":complete") body["value"] = 1;
    EXPECT_TRUE(is_problem(post(path(study, lost, verb), body), 409, "stale_token", "token")) << verb;
    body.erase("token");
    EXPECT_TRUE(is_problem(post(path(study, lost, verb), body), 409, "stale_token", "token")) << verb;
  }
  EXPECT_EQ(post(path(study, taken, ":complete"), {{"token", token(taken)}, {"value", 1}}).status, 200);
  EXPECT_TRUE(is_problem(post(path(study, taken, ":complete"), {{"token", token(taken)}, {"value", 2}}), 409,
                         "trial_finished"));
  EXPECT_EQ(get(study + "/trials/1").json["value"], 1.0);
}

TEST_F(WorkersTest, TakesEveryKindOfEnd) {
  const std::string study = make_study({{"metric", {{"name", "loss"}}}});
  const auto end = [&](OrderedJson body) {
    const OrderedJson trial = suggest_one(study, "w");
    return post(path(study, trial, ":complete"), body);  // the first attempt needs no token
  };
  EXPECT_EQ(end({{"metrics", {{"loss", 0.25}, {"other", 1}}}}).json["value"], 0.25);
  const Answer failed = end({{"state", "FAILED"}, {"reason", "out of memory"}});
  EXPECT_EQ(failed.json["state"], "FAILED");
  EXPECT_EQ(failed.json["reason"], "out of memory");
  EXPECT_EQ(end({{"state", "INFEASIBLE"}}).json["state"], "INFEASIBLE");
  EXPECT_EQ(end({{"value", -1}}).json["value"], -1.0);
}

TEST_F(WorkersTest, TheSameEndAgainIsNoConflictHoweverItWasSaid) {
  const std::string study =
      make_study({{"constraints", {{{"name", "memory"}, {"max", 8}}}}, {"budget", {{"max_trials", 9}}}});
  // Its answer was lost on its way: the worker says it again.
  const auto twice = [&](OrderedJson end, OrderedJson other) {
    const OrderedJson trial = suggest_one(study, "w");
    const std::string report = path(study, trial, ":report"), complete = path(study, trial, ":complete");
    EXPECT_EQ(post(report, {{"token", token(trial)}, {"step", 1}, {"metrics", {{"memory", 4}}}}).status, 200);
    end["token"] = other["token"] = token(trial);
    const Answer first = post(complete, end), again = post(complete, end);
    EXPECT_EQ(first.status, 200) << first.text;
    EXPECT_EQ(again.status, 200) << again.text;
    EXPECT_EQ(again.json, first.json);
    EXPECT_TRUE(is_problem(post(complete, other), 409, "trial_finished")) << other.dump();
  };
  twice({{"value", 0.5}}, {{"value", 0.25}});
  twice({{"value", "NaN"}}, {{"value", 0.25}});
  twice({{"metrics", {{"value", 0.5}, {"memory", 9}, {"other", 1}}}}, {{"metrics", {{"value", 0.5}, {"memory", 2}}}});
  twice({{"metrics", {{"value", 0.5}, {"memory", "Infinity"}}}}, {{"metrics", {{"value", 0.5}, {"memory", 2}}}});
  twice({{"metrics", {{"value", 0.5}, {"memory", 2}}}}, {{"metrics", {{"other", 1}}}});
  twice({{"state", "INFEASIBLE"}}, {{"value", 0.5}});
}

TEST_F(WorkersTest, ATrialCompletesWithWhatItHasReported) {
  const auto value_by = [&](const char* reduce) {
    const std::string study = make_study({{"metric", {{"name", "loss"}, {"reduce", reduce}}}});
    const OrderedJson trial = suggest_one(study, "w");
    for (const auto& [step, loss] : {std::pair(7, 3.0), std::pair(9, 2.0), std::pair(8, 1.0)})
      post(path(study, trial, ":report"), {{"token", token(trial)}, {"step", step}, {"metrics", {{"loss", loss}}}});
    const OrderedJson end{{"token", token(trial)}, {"state", "COMPLETED"}};
    const Answer done = post(path(study, trial, ":complete"), end);
    EXPECT_EQ(done.status, 200) << done.text;
    EXPECT_EQ(done.json["state"], "COMPLETED");
    EXPECT_EQ(post(path(study, trial, ":complete"), end).status, 200) << "again is no conflict";
    EXPECT_EQ(get(study + "/trials/1").json["records"].size(), 3U);
    return done.json["value"];
  };
  EXPECT_EQ(value_by("best"), 1);
  EXPECT_EQ(value_by("last"), 2) << "of the last step, not of the last report";
}

TEST_F(WorkersTest, RefusesBadSuggests) {
  const std::string study = make_study();
  const auto refused = [&](const char* body, const char* field) {
    const Answer answer = post_text(study + "/trials:suggest", body, "application/json");
    EXPECT_TRUE(is_problem(answer, 400, "invalid_argument", field)) << body;
  };
  refused(R"({"client_id": ""})", "client_id");
  refused(R"({"client_id": 7})", "client_id");
  refused(R"({"client_id": "w", "count": 0})", "count");
  refused(R"({"client_id": "w", "count": 101})", "count");
  refused(R"({"client_id": "w", "count": 1.5})", "count");
  refused(R"({"client_id": "w", "timeout_ms": 30001})", "timeout_ms");
  refused(R"({"client_id": "w", "timeout_ms": -1})", "timeout_ms");
  refused(R"({"client_id": "w", "wait": 1})", "wait");
  EXPECT_TRUE(is_problem(post(study + "/trials:suggest", OrderedJson::array()), 400, "invalid_argument"));
  EXPECT_TRUE(is_problem(post("/api/v1/studies/nosuch/trials:suggest", {{"client_id", "w"}}), 404, "not_found"));
  EXPECT_EQ(get(study + "/trials").json["trials"].size(), 0U);
}

TEST_F(WorkersTest, RefusesBadReports) {
  const std::string study = make_study();
  const OrderedJson trial = suggest_one(study, "w");
  const auto refused = [&](const char* body, const char* field) {
    EXPECT_TRUE(
        is_problem(post_text(path(study, trial, ":report"), body, "application/json"), 400, "invalid_argument", field))
        << body;
  };
  refused(R"({"step": 1})", "metrics");
  refused(R"({"metrics": {"a": 1}})", "step");
  refused(R"({"step": -1, "metrics": {"a": 1}})", "step");
  refused(R"({"step": 1, "metrics": {}})", "metrics");
  refused(R"({"step": 1, "metrics": {"a": "high"}})", "metrics.a");
  refused(R"({"step": 1, "metrics": [1]})", "metrics");
  refused(R"({"step": 1, "metrics": {"a": 1}, "token": 5})", "token");
  refused(R"({"step": 1, "metrics": {"a": 1}, "steps": 5})", "steps");
  EXPECT_TRUE(
      is_problem(post(path(study, trial, ":report"), {{"token", "wrong"}, {"step", 1}, {"metrics", {{"a", 1}}}}), 409,
                 "stale_token", "token"));
  EXPECT_TRUE(is_problem(post(path(study, trial, ":heartbeat"), {{"tokn", "x"}}), 400, "invalid_argument", "tokn"));
  for (const char* id : {"99", "0", "-1", "x", "1x", "99999999999999999999"})
    EXPECT_TRUE(is_problem(post(study + "/trials/" + id + ":heartbeat", OrderedJson::object()), 404, "not_found"))
        << id;
  EXPECT_EQ(get(study + "/trials/1").json["records"].size(), 0U);
}

TEST_F(WorkersTest, RefusesBadCompletions) {
  const std::string study = make_study();
  const OrderedJson trial = suggest_one(study, "w");
  const auto refused = [&](const char* body, const char* field) {
    EXPECT_TRUE(is_problem(post_text(path(study, trial, ":complete"), body, "application/json"), 400,
                           "invalid_argument", field))
        << body;
  };
  refused("{}", "");
  refused(R"({"value": 1, "state": "FAILED"})", "");
  refused(R"({"value": "high"})", "value");
  refused(R"({"value": null})", "value");
  refused(R"({"metrics": {"other": 1}})", "metrics.value");
  refused(R"({"state": "COMPLETED"})", "metrics.value");
  refused(R"({"state": "PRUNED"})", "state");
  refused(R"({"state": "COMPLETED", "reason": "x"})", "reason");
  refused(R"({"value": 1, "reason": "x"})", "reason");
  EXPECT_EQ(get(study + "/trials/1").json["state"], "RUNNING");
}

TEST_F(WorkersTest, ListsTrialsInPagesAndByState) {
  const std::string study = make_study();
  for (int i = 0; i < 3; ++i) {
    const OrderedJson trial = suggest_one(study, "w");
    post(path(study, trial, ":complete"), {{"value", i}});
  }
  suggest_one(study, "w");
  const Answer all = get(study + "/trials");
  ASSERT_EQ(all.json["trials"].size(), 4U) << all.text;
  EXPECT_EQ(all.json["seq"], get(study).json["seq"]);
  EXPECT_FALSE(all.json["trials"][0].contains("records"));
  const Answer page = get(study + "/trials?page_size=3");
  EXPECT_EQ(page.json["trials"].size(), 3U);
  const Answer next = get(study + "/trials?page_token=" + page.json["next_page_token"].get<std::string>());
  ASSERT_EQ(next.json["trials"].size(), 1U);
  EXPECT_EQ(next.json["trials"][0]["id"], 4);
  EXPECT_EQ(next.json["next_page_token"], "");
  EXPECT_EQ(get(study + "/trials?state=COMPLETED").json["trials"].size(), 3U);
  EXPECT_EQ(get(study + "/trials?state=COMPLETED,RUNNING").json["trials"].size(), 4U);
  EXPECT_EQ(get(study + "/trials?state=FAILED&state=RUNNING").json["trials"].size(), 1U);
  EXPECT_TRUE(is_problem(get(study + "/trials?state=DONE"), 400, "invalid_argument", "state"));
  EXPECT_TRUE(is_problem(get(study + "/trials?page_token=x"), 400, "invalid_argument", "page_token"));
  EXPECT_TRUE(is_problem(get(study + "/trials?page_size=0"), 400, "invalid_argument", "page_size"));
  EXPECT_TRUE(is_problem(get(study + "/trials/5"), 404, "not_found"));
  EXPECT_TRUE(is_problem(get(study + "/trials/abc"), 404, "not_found"));
  EXPECT_TRUE(is_problem(get("/api/v1/studies/nosuch/trials"), 404, "not_found"));
}

TEST_F(WorkersTest, NoTrialIsGivenTwiceToManyAtOnce) {
  const std::string study = make_study({{"budget", {{"max_trials", 40}}}});
  std::mutex mutex;
  std::multiset<int> given;
  {
    std::vector<std::jthread> workers;
    for (int w = 0; w < 8; ++w)
      workers.emplace_back([&, w] {
        while (true) {
          const Answer answer =
              post(study + "/trials:suggest", {{"client_id", "w" + std::to_string(w)}, {"timeout_ms", 1000}});
          if (answer.status != 200 && answer.status != 202) return;
          for (const OrderedJson& trial : answer.json["trials"]) {
            {
              const std::lock_guard lock(mutex);
              given.insert(trial["id"].get<int>());
            }
            EXPECT_EQ(post(path(study, trial, ":complete"), {{"token", token(trial)}, {"value", 1}}).status, 200);
          }
        }
      });
  }
  EXPECT_EQ(given.size(), 40U);
  EXPECT_EQ(std::set<int>(given.begin(), given.end()).size(), 40U);
  EXPECT_EQ(get(study).json["trial_counts"], OrderedJson::parse(R"({"COMPLETED": 40})"));
}

}  // namespace
}  // namespace krige::server
