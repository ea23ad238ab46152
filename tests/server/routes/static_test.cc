#include "tests/server/service_fixture.h"
#include "web/assets.h"

namespace krige::server {
namespace {

class StaticTest : public ServiceTest {};

TEST_F(StaticTest, EveryAnswerCarriesTheSecurityHeaders) {
  for (const char* path : {"/", "/healthz", "/api/v1/studies", "/api/v1/nothing", "/assets/nothing.js"}) {
    const Answer answer = get(path);
    const std::string policy = answer.header("Content-Security-Policy");
    for (const char* part : {"default-src 'self'", "style-src 'self'", "script-src 'self'",
                             "img-src 'self' data:", "connect-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"})
      EXPECT_NE(policy.find(part), std::string::npos) << path << ": " << policy;
    EXPECT_EQ(policy.find("unsafe"), std::string::npos);
    EXPECT_EQ(answer.header("X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(answer.header("Referrer-Policy"), "no-referrer");
    EXPECT_EQ(answer.header("Access-Control-Allow-Origin"), "");
  }
}

TEST_F(StaticTest, ServesEveryFileOfTheDashboard) {
  for (const web::Asset& asset : web::assets()) {
    const std::string path(asset.path);
    const Answer answer = get(path);
    EXPECT_EQ(answer.status, 200) << path;
    EXPECT_EQ(answer.text, asset.content) << path;
    EXPECT_EQ(answer.header("Content-Type"), asset.content_type);
    EXPECT_EQ(answer.header("ETag"), asset.etag);
    const bool immutable = answer.header("Cache-Control").find("immutable") != std::string::npos;
    EXPECT_EQ(immutable, path.starts_with("/assets/")) << path;
    const Answer unchanged = get(path, {{"If-None-Match", std::string(asset.etag)}});
    EXPECT_EQ(unchanged.status, 304);
    EXPECT_EQ(unchanged.text, "");
    EXPECT_EQ(get(path, {{"If-None-Match", "\"other\""}}).status, 200);
  }
}

TEST_F(StaticTest, AnswersUnknownPathsWithThePage) {
  const Answer page = get("/studies/abc");
  const web::Asset* index = web::find_asset("/index.html");
  if (index == nullptr) {
    EXPECT_TRUE(is_problem(page, 404, "not_found"));  // built without the dashboard
  } else {
    EXPECT_EQ(page.status, 200);
    EXPECT_EQ(page.text, index->content);
    EXPECT_EQ(get("/").text, index->content);
    EXPECT_EQ(get("/../../etc/passwd").text, index->content);
  }
  EXPECT_TRUE(is_problem(get("/assets/of-another-build.js"), 404, "not_found"));
  EXPECT_TRUE(is_problem(post_text("/", "", ""), 405, "method_not_allowed"));
}

}  // namespace
}  // namespace krige::server
