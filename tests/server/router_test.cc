#include "server/router.h"

#include <gtest/gtest.h>

namespace krige::server {
namespace {

class RouterTest : public ::testing::Test {
 protected:
  RouterTest() {
    for (const char* pattern : {"/api/a", "/api/a/{x}", "/api/a/{x}/b:go", "/api/a/{x}/b/{y}:end"}) add("GET", pattern);
    add("POST", "/api/a/{x}:stop");
    add("DELETE", "/api/a/{x}");
    router_.add("GET", "/api/fails", [](const Call&) -> Result<Reply> { return fail(ErrorCode::conflict, "no"); });
    router_.set_fallback([](const Call& call) -> Result<Reply> {
      Reply reply;
      reply.body = "page " + call.request.path;
      return reply;
    });
  }

  // Answers with the pattern and what stood for its parameters.
  void add(const std::string& method, const std::string& pattern) {
    router_.add(method, pattern, [pattern](const Call& call) -> Result<Reply> {
      Reply reply;
      reply.body = pattern;
      for (const auto& [name, value] : call.parameters) reply.body += " " + name + "=" + value;
      return reply;
    });
  }

  Reply send(const std::string& method, const std::string& path) {
    Request request;
    request.method = method;
    request.path = path;
    return router_.dispatch(request, caller_).reply;
  }
  std::string body(const std::string& path) { return send("GET", path).body; }
  int status(const std::string& path) { return send("GET", path).status; }

  Router router_;
  Caller caller_{"tester", Role::operator_};
};

TEST_F(RouterTest, FindsTheHandlerAndItsParameters) {
  EXPECT_EQ(body("/api/a"), "/api/a");
  EXPECT_EQ(body("/api/a/1"), "/api/a/{x} x=1");
  EXPECT_EQ(body("/api/a/1/b:go"), "/api/a/{x}/b:go x=1");
  EXPECT_EQ(body("/api/a/1/b/2:end"), "/api/a/{x}/b/{y}:end x=1 y=2");
  EXPECT_EQ(send("POST", "/api/a/1:stop").body, "/api/a/{x}:stop x=1");
  EXPECT_EQ(send("HEAD", "/api/a/1").body, "/api/a/{x} x=1");
}

TEST_F(RouterTest, KnowsNoOtherPath) {
  for (const char* path : {"/api", "/api/", "/api/a/", "/api/a/1/", "/api/b", "/api/a/1:go", "/api/a/:stop", "/api//a",
                           "/api/a/1/b/2:end/3", "/api/a/1:2:stop"})
    EXPECT_EQ(status(path), 404) << path;
}

TEST_F(RouterTest, NamesTheMethodsOfAPath) {
  const Reply wrong = send("PUT", "/api/a/1");
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.headers, (Fields{{"Allow", "GET, DELETE"}}));
  EXPECT_EQ(send("GET", "/api/a/1:stop").headers, (Fields{{"Allow", "POST"}}));
  EXPECT_EQ(send("POST", "/page").headers, (Fields{{"Allow", "GET"}}));
}

TEST_F(RouterTest, GivesEverythingElseToTheFallback) {
  EXPECT_EQ(body("/"), "page /");
  EXPECT_EQ(body("/apix"), "page /apix");
}

TEST_F(RouterTest, LetsWhoReadsReadAndWhoChangesChange) {
  router_.add(
      "POST", "/api/open", [](const Call&) -> Result<Reply> { return Reply{}; }, Access::open);
  router_.add(
      "GET", "/api/secret", [](const Call&) -> Result<Reply> { return Reply{}; }, Access::admin);
  const auto statuses = [&](std::optional<Role> role) {
    caller_ = {"tester", role};
    return std::vector<int>{
        send("POST", "/api/open").status,     status("/page"),      status("/api/a"), send("HEAD", "/api/a").status,
        send("POST", "/api/a/1:stop").status, status("/api/secret")};
  };
  EXPECT_EQ(statuses(std::nullopt), (std::vector{200, 200, 401, 401, 401, 401}));
  EXPECT_EQ(statuses(Role::viewer), (std::vector{200, 200, 200, 200, 403, 403}));
  EXPECT_EQ(statuses(Role::operator_), (std::vector{200, 200, 200, 200, 200, 403}));
  EXPECT_EQ(statuses(Role::admin), (std::vector{200, 200, 200, 200, 200, 200}));
  caller_ = {"tester", std::nullopt};
  EXPECT_EQ(send("GET", "/api/a").headers, (Fields{{"WWW-Authenticate", "Bearer realm=\"krige\""}}));
}

TEST_F(RouterTest, TurnsErrorsIntoProblems) { EXPECT_EQ(status("/api/fails"), 409); }

}  // namespace
}  // namespace krige::server
