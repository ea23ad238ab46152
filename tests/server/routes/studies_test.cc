#include <thread>
#include <vector>

#include "tests/server/service_fixture.h"

namespace krige::server {
namespace {

const std::string kStudies = "/api/v1/studies";

class StudiesTest : public ServiceTest {};

TEST_F(StudiesTest, CreatesReadsAndDeletes) {
  const Answer created = post(kStudies, study_file());
  ASSERT_EQ(created.status, 201) << created.text;
  EXPECT_EQ(created.json["state"], "ACTIVE");
  EXPECT_EQ(created.json["best"], nullptr);
  EXPECT_EQ(created.json["spec"]["parameters"]["x"]["max"], 1.0);
  const std::string study = kStudies + "/" + created.json["id"].get<std::string>();
  EXPECT_EQ(created.header("Location"), study);
  EXPECT_EQ(created.header("Cache-Control"), "no-store");

  const Answer read = get(study);
  EXPECT_EQ(read.status, 200);
  EXPECT_EQ(read.json["id"], created.json["id"]);
  EXPECT_EQ(read.json["spec"], created.json["spec"]);

  const Answer deleted = erase(study);
  EXPECT_EQ(deleted.status, 204);
  EXPECT_EQ(deleted.text, "");
  EXPECT_TRUE(is_problem(get(study), 404, "not_found"));
  EXPECT_TRUE(is_problem(erase(study), 404, "not_found"));
}

TEST_F(StudiesTest, SaysWhatOfAStudyFileHasNoMeaningHere) {
  OrderedJson file = study_file();
  file["project"] = "p";
  const Answer created = post(kStudies, file);
  ASSERT_EQ(created.status, 201) << created.text;
  EXPECT_EQ(created.json["notes"], OrderedJson::array({"project has no meaning here and is ignored"}));
}

TEST_F(StudiesTest, NamesEveryFaultOfAStudyFile) {
  OrderedJson file = study_file();
  file["parameters"]["x"]["min"] = 2;
  file["colour"] = "red";
  const Answer answer = post(kStudies, file);
  EXPECT_TRUE(is_problem(answer, 400, "invalid_argument", "colour"));
  EXPECT_GE(answer.json["errors"].size(), 2U) << answer.text;
  EXPECT_TRUE(is_problem(post(kStudies, OrderedJson::array()), 400, "invalid_argument"));
  EXPECT_TRUE(is_problem(post_text(kStudies, "{\"name\": ", "application/json"), 400, "invalid_argument"));
  EXPECT_TRUE(
      is_problem(post_text(kStudies, R"({"name": "a", "name": "b"})", "application/json"), 400, "invalid_argument"));
  EXPECT_TRUE(is_problem(post_text(kStudies, "", ""), 400, "invalid_argument"));
  EXPECT_TRUE(is_problem(post(kStudies + "?dry=1", study_file()), 400, "invalid_argument", "dry"));
  EXPECT_EQ(get(kStudies).json["studies"].size(), 0U);
}

TEST_F(StudiesTest, StartsNoProgramOnRequest) {
  OrderedJson file = study_file();
  file["command"] = {"/bin/sh", "-c", "touch /tmp/krige-was-here"};
  EXPECT_TRUE(is_problem(post(kStudies, file), 403, "permission_denied", "command"));
  EXPECT_EQ(get(kStudies).json["studies"].size(), 0U);
}

TEST_F(StudiesTest, ConfinesThePathsOfData) {
  ServerOptions options;
  options.data_root = KRIGE_SOURCE_DIR "/examples";
  start(options);
  for (const char* path : {"/etc/passwd", "../README.md", "data/../../README.md"}) {
    OrderedJson file = study_file();
    file["parameters"] = OrderedJson::parse(R"({"learning_rate": {"type": "float", "min": 0.1, "max": 1}})");
    file["metric"] = {{"name", "accuracy"}, {"goal", "maximize"}};
    file["train"] = {{"model", "logistic"}, {"data", {{"path", path}, {"format", "csv"}, {"label", "y"}}}};
    const Answer answer = post(kStudies, file);
    EXPECT_GE(answer.status, 400) << path;
    EXPECT_NE(answer.text.find("train.data.path"), std::string::npos) << answer.text;
  }
}

TEST_F(StudiesTest, WantsJson) {
  EXPECT_TRUE(is_problem(post_text(kStudies, study_file().dump(), "text/plain"), 415, "unsupported_media_type"));
  EXPECT_TRUE(
      is_problem(post_text(kStudies, "a=b", "application/x-www-form-urlencoded"), 415, "unsupported_media_type"));
}

TEST_F(StudiesTest, PausesResumesAndStops) {
  const std::string study = make_study();
  EXPECT_EQ(post_text(study + ":pause", "", "").json["state"], "PAUSED");
  EXPECT_EQ(post(study + ":pause", OrderedJson::object()).json["state"], "PAUSED");
  EXPECT_EQ(post_text(study + ":resume", "", "").json["state"], "ACTIVE");
  const Answer stopped = post_text(study + ":stop", "", "");
  EXPECT_EQ(stopped.json["state"], "STOPPED") << stopped.text;
  EXPECT_EQ(stopped.json["state_reason"], "user");
  EXPECT_TRUE(is_problem(post_text(study + ":resume", "", ""), 409, "study_finished"));
  EXPECT_TRUE(is_problem(post(study + ":pause", {{"why", "x"}}), 400, "invalid_argument", "why"));
  EXPECT_TRUE(is_problem(post_text(kStudies + "/nosuchstudy:pause", "", ""), 404, "not_found"));
}

TEST_F(StudiesTest, ListsInPagesNewestFirstAlsoWhenTheLastSeenIsDeleted) {
  for (int i = 0; i < 5; ++i) make_study({{"name", "s" + std::to_string(i)}});
  // All but how long each has been active so far.
  const auto studies_of = [](OrderedJson page) {
    for (OrderedJson& study : page["studies"]) study.erase("active_ms");
    return page["studies"];
  };
  const OrderedJson all = get(kStudies).json;
  ASSERT_EQ(all["studies"].size(), 5U);
  EXPECT_EQ(all["next_page_token"], "");
  for (std::size_t i = 1; i < 5; ++i) EXPECT_GE(all["studies"][i - 1]["created_at"], all["studies"][i]["created_at"]);

  OrderedJson seen = OrderedJson::array();
  std::string token;
  do {
    const Answer page = get(kStudies + "?page_size=2" + (token.empty() ? "" : "&page_token=" + token));
    ASSERT_EQ(page.status, 200) << page.text;
    ASSERT_LE(page.json["studies"].size(), 2U);
    for (const OrderedJson& study : studies_of(page.json)) seen.push_back(study);
    token = page.json["next_page_token"];
  } while (!token.empty());
  EXPECT_EQ(seen, studies_of(all));

  token = get(kStudies + "?page_size=2").json["next_page_token"];
  EXPECT_EQ(erase(kStudies + "/" + seen[1]["id"].get<std::string>()).status, 204);
  const Answer rest = get(kStudies + "?page_token=" + token);
  EXPECT_EQ(studies_of(rest.json), OrderedJson({seen[2], seen[3], seen[4]})) << rest.text;
}

TEST_F(StudiesTest, RefusesBadPages) {
  for (const char* query : {"page_size=0", "page_size=1001", "page_size=-1", "page_size=1.5", "page_size=x",
                            "page_size=99999999999999999999", "page_size=1&page_size=2"})
    EXPECT_TRUE(is_problem(get(kStudies + "?" + query), 400, "invalid_argument", "page_size")) << query;
  for (const char* query : {"page_token=x", "page_token=.", "page_token=1", "page_token=1x.y"})
    EXPECT_TRUE(is_problem(get(kStudies + "?" + query), 400, "invalid_argument", "page_token")) << query;
  EXPECT_TRUE(is_problem(get(kStudies + "?pagesize=3"), 400, "invalid_argument", "pagesize"));
}

TEST_F(StudiesTest, SaysWhichPathsAndMethodsThereAre) {
  const std::string study = make_study();
  EXPECT_TRUE(is_problem(get("/api/v1/nothing"), 404, "not_found"));
  EXPECT_TRUE(is_problem(get("/api/v2/studies"), 404, "not_found"));
  EXPECT_TRUE(is_problem(get("/api/v1/studies/%FF%0A"), 404, "not_found"));
  EXPECT_TRUE(is_problem(post_text(study + ":explode", "", ""), 404, "not_found"));
  const Answer wrong = send("PUT", study, "", {});
  EXPECT_TRUE(is_problem(wrong, 405, "method_not_allowed"));
  EXPECT_EQ(wrong.header("Allow"), "GET, PATCH, DELETE");
  EXPECT_TRUE(is_problem(get(study + ":pause"), 405, "method_not_allowed"));
}

TEST_F(StudiesTest, AnswersHeadAndEchoesTheRequestId) {
  const std::string study = make_study();
  const Answer head = send("HEAD", study, "", {});
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.text, "");
  EXPECT_NE(head.header("Content-Length"), "0");
  EXPECT_EQ(get(study, {{"X-Request-Id", "mine-1"}}).header("X-Request-Id"), "mine-1");
  EXPECT_EQ(get("/api/v1/nothing", {{"X-Request-Id", "mine-2"}}).json["request_id"], "mine-2");
}

TEST_F(StudiesTest, TurnsOtherHostsAndSitesAway) {
  EXPECT_TRUE(is_problem(get(kStudies, {{"Host", "evil.example:" + std::to_string(port_)}}), 403, "permission_denied"));
  EXPECT_TRUE(is_problem(get("/", {{"Host", "evil.example"}}), 403, "permission_denied"));
  EXPECT_TRUE(is_problem(post(kStudies, study_file(), {{"Origin", "http://evil.example"}}), 403, "permission_denied"));
  EXPECT_TRUE(is_problem(post(kStudies, study_file(), {{"Sec-Fetch-Site", "cross-site"}}), 403, "permission_denied"));
  const std::string own = "http://localhost:" + std::to_string(port_);
  EXPECT_EQ(post(kStudies, study_file(), {{"Origin", own}, {"Sec-Fetch-Site", "same-origin"}}).status, 201);
}

TEST_F(StudiesTest, BoundsBodiesAlsoWhenChunked) {
  OrderedJson file = study_file();
  file["description"] = std::string(std::size_t{1} << 20, 'x');
  EXPECT_TRUE(is_problem(post(kStudies, file), 413, "payload_too_large"));
  RawClient chunked(port_);
  chunked.send("POST /api/v1/studies HTTP/1.1\r\nHost: localhost:" + std::to_string(port_) +
               "\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
  const std::string chunk = "10000\r\n" + std::string(0x10000, ' ') + "\r\n";
  for (int i = 0; i < 17; ++i) chunked.send(chunk);
  EXPECT_TRUE(chunked.read_all().starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(chunked.closed());
}

TEST_F(StudiesTest, TakesAChunkedStudyFile) {
  RawClient chunked(port_);
  const std::string body = study_file().dump();
  chunked.send("POST /api/v1/studies HTTP/1.1\r\nHost: localhost:" + std::to_string(port_) +
               "\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
  for (const char c : body) chunked.send(std::string("1\r\n") + c + "\r\n");
  chunked.send("0\r\n\r\n");
  EXPECT_TRUE(chunked.read_answer().starts_with("HTTP/1.1 201 "));
}

TEST_F(StudiesTest, IsHealthy) {
  const Answer answer = get("/healthz");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json, OrderedJson::parse(R"({"status": "ok"})"));
}

TEST_F(StudiesTest, NameAndBudgetOfALiveStudyChange) {
  const std::string study = make_study({{"budget", {{"max_trials", 1}, {"max_failures", 3}}}});
  const OrderedJson given = suggest_one(study, "w");
  EXPECT_TRUE(post(study + "/trials:suggest", {{"client_id", "v"}, {"timeout_ms", 0}}).json["trials"].empty());
  const Answer changed = send("PATCH", study, R"({"name": "n", "budget": {"max_trials": 2, "max_failures": null}})",
                              {{"Content-Type", "application/json"}, {"If-Match", get(study).header("ETag")}});
  ASSERT_EQ(changed.status, 200) << changed.text;
  EXPECT_EQ(changed.json["name"], "n");
  EXPECT_EQ(changed.json["spec"]["budget"], OrderedJson::parse(R"({"max_trials": 2, "parallel": 1})"));
  EXPECT_EQ(changed.header("ETag"), get(study).header("ETag"));
  EXPECT_EQ(suggest_one(study, "v")["id"], 2) << "the new budget holds at once";
}

TEST_F(StudiesTest, AChangeOfWhatWasReadBeforeAnotherChangeIsRefused) {
  const std::string study = make_study();
  const std::string read = get(study).header("ETag");
  const Fields json{{"Content-Type", "application/json"}};
  ASSERT_EQ(send("PATCH", study, R"({"budget": {"parallel": 3}})", json).status, 200);
  Fields stale = json;
  stale.emplace_back("If-Match", read);
  EXPECT_TRUE(is_problem(send("PATCH", study, R"({"budget": {"parallel": 4}})", stale), 412, "precondition_failed"));
  EXPECT_EQ(get(study).json["spec"]["budget"]["parallel"], 3);
  EXPECT_EQ(send("PATCH", study, R"({"budget": {"parallel": 4}})", json).status, 200) << "without If-Match it is blind";
}

TEST_F(StudiesTest, ChangesOfManyAtOnceAreAllMade) {
  constexpr int kChanges = 25;
  const std::string study = make_study();
  const std::vector<std::string> limits{"max_trials", "max_failures", "no_improvement", "parallel"};
  std::vector<std::jthread> clients;
  for (const std::string& limit : limits)
    clients.emplace_back([&, limit] {
      for (int i = 1; i <= kChanges; ++i) {
        const std::string body = OrderedJson{{"budget", {{limit, 100 + i}}}}.dump();
        const Answer changed = send("PATCH", study, body, {{"Content-Type", "application/json"}});
        EXPECT_EQ(changed.status, 200) << changed.text;
      }
    });
  clients.clear();
  for (const std::string& limit : limits) EXPECT_EQ(get(study).json["spec"]["budget"][limit], 100 + kChanges) << limit;
}

TEST_F(StudiesTest, OnlyNameAndBudgetChangeAndOnlyBeforeTheEnd) {
  const std::string study = make_study();
  const Fields json{{"Content-Type", "application/json"}};
  EXPECT_TRUE(is_problem(send("PATCH", study, R"({"seed": 4})", json), 400, "invalid_argument", "seed"));
  EXPECT_TRUE(is_problem(send("PATCH", study, R"({"budget": {"max_trials": 0}})", json), 400, "invalid_argument",
                         "budget.max_trials"));
  EXPECT_TRUE(is_problem(send("PATCH", study, R"({"budget": 7})", json), 400, "invalid_argument", "budget"));
  EXPECT_TRUE(is_problem(send("PATCH", kStudies + "/none", "{}", json), 404, "not_found"));
  EXPECT_EQ(post(study + ":stop", OrderedJson::object()).status, 200);
  EXPECT_TRUE(is_problem(send("PATCH", study, R"({"budget": {"parallel": 2}})", json), 409, "study_finished"));
}

}  // namespace
}  // namespace krige::server
