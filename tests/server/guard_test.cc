#include "server/guard.h"

#include <gtest/gtest.h>

namespace krige::server {
namespace {

ErrorCode outcome(const Guard& guard, const std::string& path, const Fields& headers) {
  Request request;
  request.method = "POST";
  request.path = path;
  request.headers = headers;
  const Status status = guard.admit(request);
  return status ? ErrorCode::internal : status.error().code;
}

bool admits(const Guard& guard, const Fields& headers) {
  return outcome(guard, "/api/v1/studies", headers) == ErrorCode::internal;
}

TEST(Guard, KnowsItsOwnNames) {
  const Guard guard("127.0.0.1", 8080, {"tuner.example", "front.example:443"});
  for (const char* host :
       {"localhost:8080", "LocalHost:8080", "127.0.0.1:8080", "[::1]:8080", "tuner.example:8080", "front.example:443"})
    EXPECT_TRUE(admits(guard, {{"Host", host}})) << host;
  for (const char* host : {"evil.example:8080", "localhost", "localhost:80", "localhost:8080.evil.example", "",
                           "localhost:8080@evil.example", "front.example:8080", "192.168.0.1:8080", "[::1]"})
    EXPECT_FALSE(admits(guard, {{"Host", host}})) << host;
  EXPECT_FALSE(admits(guard, {}));
  EXPECT_FALSE(admits(guard, {{"Host", "localhost:8080"}, {"host", "localhost:8080"}}));
}

TEST(Guard, TakesAnyAddressButNoNameWhenItListensEverywhere) {
  for (const char* host : {"0.0.0.0", "::", "[::]"}) {
    const Guard guard(host, 8080, {});
    EXPECT_TRUE(admits(guard, {{"Host", "192.168.0.1:8080"}}));
    EXPECT_TRUE(admits(guard, {{"Host", "[fe80::1]:8080"}}));
    EXPECT_FALSE(admits(guard, {{"Host", "192.168.0.1:9090"}}));
    EXPECT_FALSE(admits(guard, {{"Host", "evil.example:8080"}}));
  }
}

TEST(Guard, LeavesThePortOutOnlyWhereItIsTheDefault) {
  EXPECT_TRUE(admits(Guard("localhost", 80, {}), {{"Host", "localhost"}}));
  EXPECT_TRUE(admits(Guard("::1", 80, {}), {{"Host", "[::1]"}}));
}

TEST(Guard, TurnsOtherSitesAway) {
  const Guard guard("127.0.0.1", 8080, {});
  const auto from = [&](const char* header, const char* value) {
    return outcome(guard, "/api/v1/studies", {{"Host", "localhost:8080"}, {header, value}});
  };
  EXPECT_EQ(from("Origin", "http://localhost:8080"), ErrorCode::internal);
  EXPECT_EQ(from("Origin", "http://127.0.0.1:8080"), ErrorCode::internal);
  EXPECT_EQ(from("Sec-Fetch-Site", "same-origin"), ErrorCode::internal);
  EXPECT_EQ(from("Sec-Fetch-Site", "none"), ErrorCode::internal);
  for (const char* origin : {"http://evil.example", "http://localhost:3000", "null",
                             "http://localhost:8080.evil.example", "localhost:8080", ""})
    EXPECT_EQ(from("Origin", origin), ErrorCode::permission_denied) << origin;
  EXPECT_EQ(from("Sec-Fetch-Site", "cross-site"), ErrorCode::permission_denied);
  EXPECT_EQ(from("Sec-Fetch-Site", "same-site"), ErrorCode::permission_denied);
  // A link to the dashboard may be anywhere.
  EXPECT_EQ(outcome(guard, "/", {{"Host", "localhost:8080"}, {"Sec-Fetch-Site", "cross-site"}}), ErrorCode::internal);
}

TEST(Guard, WantsBodiesInJson) {
  const Guard guard("127.0.0.1", 8080, {});
  const auto with = [&](Fields headers) {
    headers.emplace_back("Host", "localhost:8080");
    return outcome(guard, "/api/v1/studies", headers);
  };
  EXPECT_EQ(with({{"Content-Length", "2"}, {"Content-Type", "application/json"}}), ErrorCode::internal);
  EXPECT_EQ(with({{"Content-Length", "2"}, {"Content-Type", "Application/JSON; charset=utf-8"}}), ErrorCode::internal);
  EXPECT_EQ(with({{"Content-Length", "0"}}), ErrorCode::internal);
  EXPECT_EQ(with({{"Content-Length", "2"}}), ErrorCode::unsupported_media_type);
  EXPECT_EQ(with({{"Content-Length", "2"}, {"Content-Type", "text/plain"}}), ErrorCode::unsupported_media_type);
  EXPECT_EQ(with({{"Transfer-Encoding", "chunked"}, {"Content-Type", "multipart/form-data"}}),
            ErrorCode::unsupported_media_type);
}

}  // namespace
}  // namespace krige::server
