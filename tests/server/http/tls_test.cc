#include "server/http/tls.h"

#include <gtest/gtest.h>
#include <httplib.h>

#include <atomic>
#include <thread>

#include "server/http/connection.h"
#include "server/http/http_server.h"
#include "tests/server/certificate.h"
#include "tests/server/raw_client.h"
#include "tests/server/temporary_folder.h"

namespace krige::server {
namespace {

using namespace std::chrono_literals;

class TlsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Result<Listener> listener = listen_on("127.0.0.1", 0);
    ASSERT_TRUE(listener);
    port_ = listener->port;
    auto tls = TlsContext::open(pair_.certificate, pair_.key);
    ASSERT_TRUE(tls) << tls.error().describe();
    HttpOptions options;
    options.limits.request_time = 500ms;
    HttpHandlers handlers;
    handlers.admit = [](const Request&) { return Status(); };
    handlers.answer = [](const Request& request) {
      Reply reply;
      reply.body = request.method + " " + std::string(request.body);
      if (request.path == "/large") reply.body.assign(kLarge, 'x');
      if (request.path == "/stream")
        reply.stream = [](const BodyWriter& write) {
          for (int i = 0; i < 100 && write(std::string(10'000, 'y')); ++i) {
          }
        };
      return reply;
    };
    auto server = HttpServer::start(std::move(listener->fd), options, handlers, std::move(*tls));
    ASSERT_TRUE(server) << server.error().describe();
    server_ = std::move(*server);
  }
  // Trusts our certificate and no other.
  std::unique_ptr<httplib::SSLClient> client() {
    auto made = std::make_unique<httplib::SSLClient>("localhost", port_);
    made->set_ca_cert_path(pair_.certificate.c_str());
    made->enable_server_certificate_verification(true);
    made->set_read_timeout(RawClient::kDeadline);
    made->set_keep_alive(true);
    return made;
  }

  static constexpr std::size_t kLarge = std::size_t{8} << 20;
  TemporaryFolder folder_;
  Certificate pair_{folder_.path(), "server"};
  int port_ = 0;
  std::unique_ptr<HttpServer> server_;
};

TEST_F(TlsTest, AnswersManyRequestsOnOneConnection) {
  const auto made = client();
  for (int i = 0; i < 3; ++i) {
    const auto answer = made->Post("/a", "hello", "text/plain");
    ASSERT_TRUE(answer) << to_string(answer.error());
    EXPECT_EQ(answer->body, "POST hello");
  }
}

TEST_F(TlsTest, CarriesWhatIsLargerThanARecordAndASocketsBuffer) {
  const auto made = client();
  const std::string body(1'000'000, 'b');
  const auto echoed = made->Post("/a", body, "text/plain");
  ASSERT_TRUE(echoed) << to_string(echoed.error());
  EXPECT_EQ(echoed->body, "POST " + body);
  const auto large = made->Get("/large");
  ASSERT_TRUE(large) << to_string(large.error());
  EXPECT_EQ(large->body, std::string(kLarge, 'x'));
  const auto streamed = made->Get("/stream");
  ASSERT_TRUE(streamed) << to_string(streamed.error());
  EXPECT_EQ(streamed->body, std::string(1'000'000, 'y'));
}

TEST_F(TlsTest, ServesManyAtOnce) {
  std::atomic<int> answered = 0;
  {
    std::vector<std::jthread> clients;
    for (int i = 0; i < 16; ++i)
      clients.emplace_back([&] {
        const auto made = client();
        for (int k = 0; k < 10; ++k)
          if (const auto answer = made->Get("/a"); answer && answer->body == "GET ") ++answered;
      });
  }
  EXPECT_EQ(answered, 160);
}

TEST_F(TlsTest, DropsWhoDoesNotSpeakTlsOrStopsInTheHandshake) {
  RawClient plain(port_);
  plain.send("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ(plain.read_all().find("HTTP"), std::string::npos);
  EXPECT_TRUE(plain.closed());
  RawClient silent(port_);
  silent.send("\x16\x03\x01");
  EXPECT_EQ(silent.read_all(), "");
  EXPECT_TRUE(silent.closed());
  EXPECT_TRUE(client()->Get("/a"));
}

TEST_F(TlsTest, RefusesOldVersions) {
  const auto made = client();
  SSL_CTX_set_min_proto_version(made->ssl_context(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(made->ssl_context(), TLS1_1_VERSION);
  EXPECT_FALSE(made->Get("/a"));
}

TEST_F(TlsTest, ANewCertificateIsForNewConnectionsAndABadOneForNone) {
  const auto before = client();
  ASSERT_TRUE(before->Get("/a"));
  const Certificate renewed(folder_.path(), "renewed");
  const auto replace = [&](const std::string& certificate, const std::string& key) {
    for (const auto& [from, to] : {std::pair(certificate, pair_.certificate), std::pair(key, pair_.key)})
      std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
  };
  const auto trusts_renewed = [&] {
    const auto made = client();
    made->set_ca_cert_path(renewed.certificate.c_str());
    return made->Get("/a").error() == httplib::Error::Success;
  };
  EXPECT_FALSE(trusts_renewed());
  replace(renewed.certificate, renewed.key);
  ASSERT_TRUE(server_->reload_certificate());
  EXPECT_TRUE(trusts_renewed());
  EXPECT_TRUE(before->Get("/a")) << "a connection that was there goes on";
  replace(renewed.key, renewed.key);
  const Status refused = server_->reload_certificate();
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().field, "--tls-cert");
  EXPECT_TRUE(trusts_renewed()) << "the last good one stays";
}

TEST_F(TlsTest, NamesTheFileThatIsWrong) {
  const Certificate other(folder_.path(), "other");
  const auto field = [](const std::string& certificate, const std::string& key) {
    const auto context = TlsContext::open(certificate, key);
    return context ? "" : context.error().field;
  };
  EXPECT_EQ(field("/nonexistent", pair_.key), "--tls-cert");
  EXPECT_EQ(field(pair_.key, pair_.key), "--tls-cert");
  EXPECT_EQ(field(pair_.certificate, "/nonexistent"), "--tls-key");
  EXPECT_EQ(field(pair_.certificate, other.key), "--tls-key");
  EXPECT_EQ(field(other.certificate, other.key), "");
  EXPECT_EQ(TlsContext::open("/nonexistent", pair_.key).error().message,
            "cannot read a certificate from /nonexistent: No such file or directory");
}

}  // namespace
}  // namespace krige::server
