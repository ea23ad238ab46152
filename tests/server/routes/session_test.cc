#include "base/fd.h"
#include "server/auth/token_store.h"
#include "tests/server/service_fixture.h"
#include "tests/server/temporary_folder.h"

namespace krige::server {
namespace {

constexpr const char* kStudies = "/api/v1/studies";

class SessionTest : public ServiceTest {
 protected:
  void SetUp() override { start_with_auth(); }
  void start_with_auth() {
    ServerOptions options;
    options.data_dir = folder_.path().string();
    options.heartbeat_interval = Millis(20);
    start(options);
  }
  std::string local() { return local_token(folder_.path()).value_or(""); }
  Fields with(const std::string& token) { return {{"Authorization", "Bearer " + token}}; }
  std::string made(const std::string& name, Role role) { return create_token(folder_.path(), name, role).value_or(""); }
  static Fields cookie_of(const Answer& answer) {
    const std::string value = answer.header("Set-Cookie");
    return {{"Cookie", value.substr(0, value.find(';'))}};
  }
  // Path and query of the one-time address.
  std::string login_path() { return server_->new_login_url().substr(server_->url().size()); }

  TemporaryFolder folder_;
};

TEST_F(SessionTest, WithoutATokenOnlyThePageAndTheHealthAreToBeSeen) {
  const Answer refused = get(kStudies);
  EXPECT_TRUE(is_problem(refused, 401, "unauthenticated"));
  EXPECT_EQ(refused.header("WWW-Authenticate"), "Bearer realm=\"krige\"");
  EXPECT_TRUE(is_problem(post(kStudies, study_file()), 401, "unauthenticated"));
  EXPECT_TRUE(is_problem(get("/api/v1/events"), 401, "unauthenticated"));
  EXPECT_TRUE(is_problem(get(kStudies, with("krige_wrong")), 401, "unauthenticated"));
  EXPECT_EQ(get("/healthz").status, 200);
  EXPECT_NE(get("/").status, 401);
  EXPECT_EQ(get(kStudies, with(local())).status, 200);
}

TEST_F(SessionTest, ARoleMayWhatItIsFor) {
  const std::string viewer = made("eve", Role::viewer);
  const std::string worker = made("w", Role::operator_);
  EXPECT_TRUE(is_problem(post(kStudies, study_file(), with(viewer)), 403, "permission_denied"));
  const Answer created = post(kStudies, study_file(), with(worker));
  ASSERT_EQ(created.status, 201) << created.text;
  const std::string study = created.header("Location");
  EXPECT_EQ(get(study, with(viewer)).status, 200);
  EXPECT_TRUE(
      is_problem(post(study + "/trials:suggest", OrderedJson::object(), with(viewer)), 403, "permission_denied"));
  EXPECT_EQ(post(study + "/trials:suggest", OrderedJson::object(), with(worker)).status, 200);
  EXPECT_TRUE(is_problem(send("DELETE", study, "", with(worker)), 403, "permission_denied"));
  EXPECT_EQ(send("DELETE", study, "", with(local())).status, 204);
}

TEST_F(SessionTest, ABrowserSignsInWithAToken) {
  EXPECT_TRUE(is_problem(post("/api/v1/session", {{"token", "wrong"}}), 401, "unauthenticated"));
  EXPECT_TRUE(is_problem(post("/api/v1/session", OrderedJson::object()), 400, "invalid_argument", "token"));
  const Answer answer = post("/api/v1/session", {{"token", made("eve", Role::viewer)}});
  ASSERT_EQ(answer.status, 200) << answer.text;
  EXPECT_EQ(answer.json, (OrderedJson{{"name", "eve"}, {"role", "viewer"}}));
  const Fields cookie = cookie_of(answer);
  EXPECT_EQ(get("/api/v1/session", cookie).json, answer.json);
  EXPECT_EQ(get(kStudies, cookie).status, 200);
  // A browser cannot send another header for events, and other sites must not use the cookie.
  Fields foreign = cookie;
  foreign.emplace_back("Origin", "http://localhost:1");
  EXPECT_TRUE(is_problem(get(kStudies, foreign), 403, "permission_denied"));
  const Answer out = send("DELETE", "/api/v1/session", "", cookie);
  EXPECT_EQ(out.status, 204);
  EXPECT_NE(out.header("Set-Cookie").find("Max-Age=0"), std::string::npos);
}

TEST_F(SessionTest, EveryTryToSignInIsInTheAuditLog) {
  post("/api/v1/session", {{"token", "wrong"}});
  const Answer in = post("/api/v1/session", {{"token", made("eve", Role::viewer)}});
  send("DELETE", "/api/v1/session", "", cookie_of(in));
  send("DELETE", "/api/v1/session", "", {});  // nobody signs out
  get(login_path());
  get("/login?code=wrong");
  const OrderedJson events = get("/api/v1/audit", with(local())).json["events"];
  std::vector<std::string> told;
  for (const OrderedJson& event : events) {
    told.push_back(event["method"].get<std::string>() + " " + event["path"].get<std::string>() + " " +
                   event["caller"].get<std::string>() + " " + event["status"].dump());
    EXPECT_EQ(event["address"], "127.0.0.1");
    EXPECT_EQ(event.dump().find("wrong"), std::string::npos);
  }
  EXPECT_EQ(told, (std::vector<std::string>{"GET /login anonymous 401", "GET /login local 200",
                                            "DELETE /api/v1/session eve 200", "POST /api/v1/session eve 200",
                                            "POST /api/v1/session anonymous 401"}));
}

TEST_F(SessionTest, WhoGuessesTokensWaitsAndKeepsNobodyOut) {
  ServerOptions options;
  options.data_dir = folder_.path().string();
  options.failures_per_second = 0.001;  // one, and no more while this test runs
  start(options);
  EXPECT_TRUE(is_problem(get(kStudies, with("guess")), 401, "unauthenticated"));
  const Answer limited = post("/api/v1/session", {{"token", "guess"}});
  EXPECT_TRUE(is_problem(limited, 429, "rate_limited"));
  EXPECT_NE(limited.header("Retry-After"), "");
  EXPECT_TRUE(is_problem(get(kStudies), 429, "rate_limited"));
  EXPECT_EQ(get(kStudies, with(local())).status, 200) << "from the same address";
  EXPECT_EQ(post("/api/v1/session", {{"token", local()}}).status, 200);
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(SessionTest, WhoGuessesCannotFillTheDiskWithTheAuditLog) {
  ServerOptions options;
  options.data_dir = folder_.path().string();
  options.failures_per_second = 0.001;  // one, and no more while this test runs
  start(options);
  for (int i = 0; i < 5; ++i) EXPECT_EQ(get("/login?code=guess").status, 303);
  for (int i = 0; i < 5; ++i)
    EXPECT_TRUE(is_problem(post("/api/v1/session", {{"token", "guess"}}), 429, "rate_limited"));
  const auto tries = [&] { return get("/api/v1/audit", with(local())).json["events"].size(); };
  EXPECT_EQ(tries(), 1U);
  EXPECT_NE(get(login_path()).header("Set-Cookie"), "") << "who has a code gets in";
  EXPECT_EQ(tries(), 2U);
}

TEST_F(SessionTest, ThePrintedAddressWorksOnce) {
  const std::string path = login_path();
  EXPECT_EQ(send("HEAD", path, "", {}).header("Set-Cookie"), "");
  const Answer first = get(path);
  EXPECT_EQ(first.status, 303);
  EXPECT_EQ(first.header("Location"), "/");
  EXPECT_EQ(get("/api/v1/session", cookie_of(first)).json, (OrderedJson{{"name", "local"}, {"role", "admin"}}));
  const Answer second = get(path);
  EXPECT_EQ(second.status, 303);
  EXPECT_EQ(second.header("Set-Cookie"), "");
}

TEST_F(SessionTest, AStreamEndsWhenItsTokenIsRevoked) {
  const std::string viewer = made("eve", Role::viewer);
  EventClient events(port_, "/api/v1/events", with(viewer));
  EXPECT_TRUE(events.wait_for_comment());
  ASSERT_TRUE(revoke_token(folder_.path(), "eve"));
  while (events.wait_for_comment()) {
  }
  // The answer is complete, so that the connection takes the next request.
  events.raw().send("GET /api/v1/events HTTP/1.1\r\nHost: localhost:" + std::to_string(port_) +
                    "\r\nAuthorization: Bearer " + viewer + "\r\n\r\n");
  EXPECT_NE(events.raw().read_answer().find("HTTP/1.1 401"), std::string::npos);
}

TEST_F(SessionTest, WithoutAuthEverybodyMayEverything) {
  start();
  EXPECT_EQ(get("/api/v1/session").json, (OrderedJson{{"name", "anonymous"}, {"role", "admin"}}));
  EXPECT_EQ(post("/api/v1/session", {{"token", "any"}}).status, 200);
  EXPECT_EQ(server_->new_login_url(), "");
  EXPECT_EQ(erase(make_study()).status, 204);
}

TEST_F(SessionTest, OtherMachinesAreLetInOnlyWithWhatProtectsTheService) {
  ServerOptions options;
  options.host = "0.0.0.0";
  options.data_dir = folder_.path().string();
  const auto code = [&] {
    const auto server = Server::start(*engine_, options);
    return server ? std::string("starts") : std::string(name(server.error().code)) + " " + server.error().field;
  };
  EXPECT_EQ(code(), "invalid_argument --listen");
  options.allow_plain_http = true;
  EXPECT_EQ(code(), "starts");
  options.auth = false;
  EXPECT_EQ(code(), "invalid_argument --listen");
}

}  // namespace
}  // namespace krige::server
