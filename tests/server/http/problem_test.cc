#include "server/http/problem.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace krige::server {
namespace {

TEST(Problem, CarriesEveryFaultWithItsPath) {
  const Error error{ErrorCode::invalid_argument, "is missing", "a.b", {{"c", "is not a known key"}}};
  const Reply reply = to_reply(to_problem(error), "r1");
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.content_type, "application/problem+json");
  EXPECT_EQ(OrderedJson::parse(reply.body), OrderedJson::parse(R"({
    "type": "about:blank", "title": "Bad Request", "status": 400, "code": "invalid_argument",
    "detail": "a.b: is missing",
    "errors": [{"field": "a.b", "message": "is missing"}, {"field": "c", "message": "is not a known key"}],
    "request_id": "r1"})"));
}

TEST(Problem, HasATitleForEveryStatusOfTheTable) {
  for (int code = 0; code <= static_cast<int>(ErrorCode::internal); ++code)
    EXPECT_NE(status_title(http_status(static_cast<ErrorCode>(code))), "Error") << code;
}

TEST(Problem, TellsWhenToComeBack) {
  const Reply reply = to_reply(to_problem({ErrorCode::unavailable, "full", {}, {}}), "r");
  EXPECT_EQ(reply.headers, (Fields{{"Retry-After", "1"}}));
}

TEST(Problem, EchoesBytesThatAreNoText) {
  const Reply reply = to_reply(to_problem({ErrorCode::not_found, "no study \xff", {}, {}}), "r");
  EXPECT_EQ(OrderedJson::parse(reply.body)["detail"], "no study \xEF\xBF\xBD");
}

TEST(Problem, MakesAWholeMessage) {
  const std::string message = to_final_message(Problem::http(431, "payload_too_large", "too long"), "r");
  EXPECT_TRUE(message.starts_with("HTTP/1.1 431 Request Header Fields Too Large\r\n")) << message;
  const auto body = message.substr(message.find("\r\n\r\n") + 4);
  EXPECT_NE(message.find("Content-Length: " + std::to_string(body.size()) + "\r\n"), std::string::npos);
  EXPECT_EQ(OrderedJson::parse(body)["code"], "payload_too_large");
}

}  // namespace
}  // namespace krige::server
