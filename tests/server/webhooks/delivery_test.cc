#include "server/webhooks/delivery.h"

#include <gtest/gtest.h>

namespace krige::server {
namespace {

TEST(Target, TakesAddressesOfHttpApart) {
  const auto parts = [](const std::string& url) {
    const Result<Target> target = Target::parse(url);
    return target ? target->origin() + " " + target->path() : std::string(name(target.error().code));
  };
  EXPECT_EQ(parts("https://a.example/x?y=1"), "https://a.example /x?y=1");
  EXPECT_EQ(parts("http://127.0.0.1:8080"), "http://127.0.0.1:8080 /");
  EXPECT_EQ(parts("http://[::1]:1?q"), "http://[::1]:1 /?q");
  for (const char* wrong : {"", "a.example", "ftp://a.example/", "https:///x", "http://user:word@a.example/",
                            "http://a/ b", "http://a/#b", "http://a/\r\nHost: b"})
    EXPECT_EQ(parts(wrong), "invalid_argument") << wrong;
}

TEST(Signature, IsTheHmacOfTimeAndBody) {
  // Made by: printf '1700000000.{"a":1}' | openssl dgst -sha256 -hmac secret
  EXPECT_EQ(signature("secret", 1'700'000'000, R"({"a":1})"),
            "v1=49f24e537407743fa4a0242bb63b94b9a47ee99cbbe071ccd8a22550ae411686");
}

}  // namespace
}  // namespace krige::server
