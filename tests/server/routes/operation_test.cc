#include <fstream>

#include "server/auth/token_store.h"
#include "tests/server/service_fixture.h"
#include "tests/server/temporary_folder.h"

namespace krige::server {
namespace {

class OperationTest : public ServiceTest {
 protected:
  void SetUp() override { start_with({}); }
  void start_with(ServerOptions options) {
    options.data_dir = folder_.path().string();
    start(options);
    if (alice_.empty())
      alice_ = {{"Authorization", "Bearer " + create_token(folder_.path(), "alice", Role::operator_).value_or("")}};
    local_ = {{"Authorization", "Bearer " + local_token(folder_.path()).value_or("")}};
  }
  // The value of a line of /metrics; empty when there is none.
  std::string metric(const std::string& name) {
    const std::string text = "\n" + get("/metrics", local_).text;
    const auto at = text.find("\n" + name + " ");
    if (at == std::string::npos) return "";
    const auto start = at + name.size() + 2;
    return text.substr(start, text.find('\n', start) - start);
  }

  TemporaryFolder folder_;
  Fields alice_;
  Fields local_;
};

TEST_F(OperationTest, IsReadyWhileStoreAndDiskAre) {
  const Answer empty = get("/readyz");
  EXPECT_EQ(empty.status, 200);
  EXPECT_EQ(empty.json, (OrderedJson{{"status", "ready"}, {"checks", {{"store", "ok"}, {"disk", "ok"}}}}));
  ASSERT_EQ(post("/api/v1/studies", study_file(), local_).status, 201);
  EXPECT_EQ(get("/readyz").status, 200);
  std::filesystem::remove_all(folder_.path());
  const Answer gone = get("/readyz");
  EXPECT_EQ(gone.status, 503);
  EXPECT_EQ(gone.json["checks"]["disk"], "the data directory cannot be written");
  EXPECT_EQ(gone.header("Retry-After"), "1");
  EXPECT_EQ(get("/healthz").status, 200);
}

TEST_F(OperationTest, CountsRequestsByRouteAndTrialsByState) {
  EXPECT_TRUE(is_problem(get("/metrics"), 401, "unauthenticated"));
  const std::string study = post("/api/v1/studies", study_file(), local_).header("Location");
  ASSERT_EQ(post(study + "/trials:suggest", {{"client_id", "w"}}, alice_).status, 200);
  get(study, local_);
  get(study, local_);
  get("/api/v1/studies/none", local_);
  get("/api/v1/no\"such\\path\n", local_);
  EXPECT_EQ(metric(R"(krige_http_requests_total{method="GET",route="/api/v1/studies/{study}",status="200"})"), "2");
  EXPECT_EQ(metric(R"(krige_http_requests_total{method="GET",route="/api/v1/studies/{study}",status="404"})"), "1");
  EXPECT_EQ(metric(R"(krige_http_requests_total{method="",route="",status="404"})"), "1");
  EXPECT_EQ(metric(R"(krige_studies{state="ACTIVE"})"), "1");
  EXPECT_EQ(metric(R"(krige_trials{state="RUNNING"})"), "1");
  EXPECT_EQ(metric("krige_suggest_seconds_count"), "1");
  EXPECT_NE(metric("process_open_fds"), "");
  EventClient events(port_, "/api/v1/events", local_);
  EXPECT_EQ(metric("krige_event_streams"), "1");
}

// A rate or a difference of a series needs a value before the first change.
TEST_F(OperationTest, WhatAlertsWatchBeginsAtZero) {
  ServerOptions options;
  options.webhooks = {"http://127.0.0.1:1/path?secret=1"};
  start_with(options);
  for (const char* state : {"ACTIVE", "PAUSED", "STOPPING", "COMPLETED", "STOPPED", "FAILED"})
    EXPECT_EQ(metric(std::string("krige_studies{state=\"") + state + "\"}"), "0") << state;
  for (const char* state :
       {"WAITING", "RUNNING", "PAUSED", "STOPPING", "COMPLETED", "PRUNED", "FAILED", "INFEASIBLE", "CANCELLED"})
    EXPECT_EQ(metric(std::string("krige_trials{state=\"") + state + "\"}"), "0") << state;
  for (const char* outcome : {"delivered", "failed", "given_up"}) {
    const std::string labels = std::string("{outcome=\"") + outcome + "\",target=\"http://127.0.0.1:1\"}";
    EXPECT_EQ(metric("krige_webhook_deliveries_total" + labels), "0") << outcome;
  }
}

TEST_F(OperationTest, RequestsThatAreNotAdmittedCountToo) {
  EXPECT_EQ(get("/healthz", {{"Host", "evil.example"}}).status, 403);
  EXPECT_EQ(metric(R"(krige_http_requests_total{method="",route="",status="403"})"), "1");
}

TEST_F(OperationTest, CountsWhatItsBoundsTurnAway) {
  ServerOptions options;
  options.event_streams = 1;
  options.request_time = std::chrono::milliseconds(50);
  start_with(options);
  const auto refused = [&](const std::string& bound) { return metric("krige_refused_total{bound=\"" + bound + "\"}"); };
  for (const char* bound : {"connections", "event_streams", "malformed_requests", "slow_requests", "waiting_suggests"})
    EXPECT_EQ(refused(bound), "0") << bound;
  EventClient events(port_, "/api/v1/events", local_);
  EXPECT_EQ(get("/api/v1/events", local_).status, 503);
  EXPECT_EQ(refused("event_streams"), "1");
  RawClient slow(port_);
  slow.send("GET / HT");
  EXPECT_TRUE(slow.read_all().starts_with("HTTP/1.1 408 "));
  EXPECT_EQ(refused("slow_requests"), "1");
  RawClient endless(port_);
  endless.send("GET /" + std::string(5'000, 'x') + " HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(endless.read_all().starts_with("HTTP/1.1 414 "));
  EXPECT_EQ(refused("malformed_requests"), "1");
}

TEST_F(OperationTest, EveryChangeIsInTheAuditLogWithWhoMadeIt) {
  const std::string study = post("/api/v1/studies", study_file(), alice_).header("Location");
  const Answer paused = post(study + ":pause", OrderedJson::object(), {alice_[0], {"X-Request-Id", "r-7"}});
  ASSERT_EQ(paused.status, 200);
  // Nothing of these is a change: a look, a refusal, a fault, a check, and no trial while it is paused.
  get(study, local_);
  EXPECT_EQ(send("DELETE", study, "", alice_).status, 403);
  EXPECT_EQ(post("/api/v1/studies", {{"x", 1}}, alice_).status, 400);
  EXPECT_EQ(post("/api/v1/study-files:check", {{"text", study_file().dump()}}, alice_).status, 200);
  EXPECT_EQ(post(study + "/trials:suggest", OrderedJson::object(), alice_).header("Retry-After"), "1");
  EXPECT_EQ(send("DELETE", study, "", local_).status, 204);
  EXPECT_TRUE(is_problem(get("/api/v1/audit", alice_), 403, "permission_denied"));
  const Answer log = get("/api/v1/audit?page_size=10", local_);
  ASSERT_EQ(log.status, 200) << log.text;
  const OrderedJson& events = log.json["events"];
  ASSERT_EQ(events.size(), 3U) << log.text;
  EXPECT_EQ(events[0]["method"], "DELETE");
  EXPECT_EQ(events[0]["caller"], "local");
  EXPECT_EQ(events[0]["role"], "admin");
  EXPECT_EQ(events[1]["path"], study + ":pause");
  EXPECT_EQ(events[1]["caller"], "alice");
  EXPECT_EQ(events[1]["request_id"], "r-7");
  EXPECT_EQ(events[2]["status"], 201);
  EXPECT_EQ(get("/api/v1/audit?page_size=1", local_).json["events"].size(), 1U);
}

TEST_F(OperationTest, EveryRequestIsTold) {
  std::mutex mutex;
  std::vector<std::string> told;
  ServerOptions options;
  options.on_request = [&](const RequestRecord& request) {
    const std::lock_guard lock(mutex);
    told.push_back(std::string(request.method) + " " + std::string(request.path) + " " + std::string(request.route) +
                   " " + std::string(request.caller) + " " + std::to_string(request.status) + " " +
                   std::string(request.request_id));
  };
  start_with(options);
  get("/api/v1/studies/abc?secret=1", {{"X-Request-Id", "a"}});
  get("/healthz", {{"Host", "evil.example"}, {"X-Request-Id", "b"}});
  get("/api/v1/nothing", {local_[0], {"X-Request-Id", "c"}});
  server_.reset();
  EXPECT_EQ(told, (std::vector<std::string>{"GET /api/v1/studies/abc /api/v1/studies/{study} anonymous 401 a",
                                            "GET /healthz   403 b", "GET /api/v1/nothing  local 404 c"}));
}

TEST_F(OperationTest, ATokenThatAsksTooOftenWaits) {
  ServerOptions options;
  options.requests_per_second = 0.001;  // none comes back while the test runs
  start_with(options);
  EXPECT_EQ(get("/api/v1/studies", local_).status, 200);
  const Answer refused = get("/api/v1/studies", local_);
  EXPECT_TRUE(is_problem(refused, 429, "rate_limited"));
  EXPECT_EQ(refused.header("Retry-After"), "1");
  EXPECT_EQ(get("/api/v1/session", alice_).status, 200);
  EXPECT_EQ(get("/healthz", local_).status, 200);
}

}  // namespace
}  // namespace krige::server
