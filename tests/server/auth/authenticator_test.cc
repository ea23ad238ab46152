#include "server/auth/authenticator.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fd.h"
#include "server/auth/digest.h"
#include "tests/server/temporary_folder.h"

namespace krige::server {
namespace {

constexpr int kPort = 8080;

class FixedClock : public Clock {
 public:
  [[nodiscard]] MonotonicTime now() const override { return {}; }
  [[nodiscard]] WallTime wall_now() const override { return WallTime(seconds); }
  std::chrono::seconds seconds{1'800'000'000};
};

unsigned mode_of(const std::filesystem::path& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 ? about.st_mode & 0777U : 0;
}

class AuthenticatorTest : public ::testing::Test {
 protected:
  void SetUp() override { open(); }
  void open(bool secure = false) {
    auto opened = Authenticator::open(folder_.path(), kPort, secure, clock_);
    ASSERT_TRUE(opened) << opened.error().describe();
    auth_ = std::move(*opened);
  }
  Caller caller(const Fields& headers) {
    Request request;
    request.headers = headers;
    return auth_->identify(request);
  }
  Caller bearer(const std::string& token) { return caller({{"Authorization", "Bearer " + token}}); }
  // As a browser sends back what Set-Cookie gave it.
  Caller cookie(const std::string& set_cookie) {
    return caller({{"Cookie", "other=1; " + set_cookie.substr(0, set_cookie.find(';')) + "; more=2"}});
  }
  std::string local() { return local_token(folder_.path()).value_or(""); }

  TemporaryFolder folder_;
  FixedClock clock_;
  std::unique_ptr<Authenticator> auth_;
};

TEST_F(AuthenticatorTest, MakesALocalTokenThatOnlyItsOwnerMayRead) {
  EXPECT_EQ(mode_of(folder_.path() / "token"), 0600U);
  EXPECT_GE(local().size(), 32U);
  const Caller admin = bearer(local());
  EXPECT_EQ(admin.name, "local");
  EXPECT_EQ(admin.role, Role::admin);
  const std::string before = local();
  open();
  EXPECT_EQ(local(), before);
}

TEST_F(AuthenticatorTest, RefusesALocalTokenThatOthersMayRead) {
  ASSERT_EQ(::chmod((folder_.path() / "token").c_str(), 0640), 0);
  const auto opened = Authenticator::open(folder_.path(), kPort, false, clock_);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::permission_denied);
}

TEST_F(AuthenticatorTest, KnowsNobodyWithoutTheRightToken) {
  for (const Fields& headers : std::vector<Fields>{{},
                                                   {{"Authorization", ""}},
                                                   {{"Authorization", local()}},
                                                   {{"Authorization", "Basic " + local()}},
                                                   {{"Authorization", "Bearer "}},
                                                   {{"Authorization", "Bearer " + local() + "x"}},
                                                   {{"Authorization", "Bearer " + sha256(local())}},
                                                   {{"Cookie", "krige_session_8080="}},
                                                   {{"Cookie", "krige_session_8080=local.."}},
                                                   {{"Cookie", "krige_session_8080=local.99999999999."}},
                                                   {{"Cookie", "krige_session_8080=local.x.y"}}})
    EXPECT_FALSE(caller(headers).role) << headers.size();
  EXPECT_EQ(caller({{"authorization", "bearer  " + local()}}).role, Role::admin);
}

TEST_F(AuthenticatorTest, ATokenThatWasMadeCountsAtOnceAndUntilItIsRevoked) {
  const auto viewer = create_token(folder_.path(), "alice", Role::viewer);
  const auto worker = create_token(folder_.path(), "worker-1", Role::operator_);
  ASSERT_TRUE(viewer && worker);
  EXPECT_EQ(bearer(*viewer).name, "alice");
  EXPECT_EQ(bearer(*viewer).role, Role::viewer);
  EXPECT_EQ(bearer(*worker).role, Role::operator_);
  ASSERT_TRUE(revoke_token(folder_.path(), "alice"));
  EXPECT_FALSE(bearer(*viewer).role);
  EXPECT_EQ(bearer(*worker).role, Role::operator_);
}

TEST_F(AuthenticatorTest, AListThatCannotBeReadLetsNobodyIn) {
  const auto token = create_token(folder_.path(), "alice", Role::admin);
  ASSERT_TRUE(token);
  ASSERT_TRUE(write_file_atomically((folder_.path() / "tokens.json").string(), "{\"version\": 1", 0600));
  EXPECT_FALSE(bearer(*token).role);
  EXPECT_EQ(bearer(local()).role, Role::admin);
  EXPECT_FALSE(Authenticator::open(folder_.path(), kPort, false, clock_));
}

TEST_F(AuthenticatorTest, AListThatCanBeReadAgainLetsInWhomItNames) {
  const auto token = create_token(folder_.path(), "alice", Role::admin);
  ASSERT_TRUE(token);
  struct rlimit before {};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const rlimit none{0, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  const Caller refused = bearer(*token);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  EXPECT_FALSE(refused.role);
  EXPECT_EQ(bearer(*token).role, Role::admin);
}

TEST_F(AuthenticatorTest, ABrowserIsKnownByItsCookie) {
  const auto signed_in = auth_->sign_in(local());
  ASSERT_TRUE(signed_in);
  EXPECT_EQ(signed_in->caller.name, "local");
  for (const char* part : {"krige_session_8080=", "; HttpOnly", "; SameSite=Strict", "; Path=/", "; Max-Age=2592000"})
    EXPECT_NE(signed_in->set_cookie.find(part), std::string::npos) << signed_in->set_cookie;
  EXPECT_EQ(signed_in->set_cookie.find("Secure"), std::string::npos);
  EXPECT_EQ(signed_in->set_cookie.find(local()), std::string::npos);
  EXPECT_EQ(cookie(signed_in->set_cookie).role, Role::admin);
  EXPECT_FALSE(auth_->sign_in("krige_wrong"));
  open();  // a restart signs nobody out
  EXPECT_EQ(cookie(signed_in->set_cookie).role, Role::admin);
  open(true);
  EXPECT_NE(auth_->sign_in(local())->set_cookie.find("; Secure"), std::string::npos);
}

TEST_F(AuthenticatorTest, ACookieEndsWithItsTimeItsTokenAndAnyChange) {
  const auto token = create_token(folder_.path(), "a.b", Role::viewer);
  ASSERT_TRUE(token);
  const std::string set_cookie = auth_->sign_in(*token)->set_cookie;
  EXPECT_EQ(cookie(set_cookie).name, "a.b");
  std::string changed = set_cookie.substr(0, set_cookie.find(';'));
  for (std::size_t i = changed.find('=') + 1; i < changed.size(); ++i) {
    std::string other = changed;
    other[i] = other[i] == '1' ? '2' : '1';
    EXPECT_FALSE(cookie(other + ";").role) << other;
  }
  clock_.seconds += std::chrono::hours(24 * 30);
  EXPECT_FALSE(cookie(set_cookie).role);
  clock_.seconds -= std::chrono::seconds(1);
  EXPECT_EQ(cookie(set_cookie).role, Role::viewer);
  ASSERT_TRUE(revoke_token(folder_.path(), "a.b"));
  EXPECT_FALSE(cookie(set_cookie).role);
  ASSERT_TRUE(create_token(folder_.path(), "a.b", Role::admin));
  EXPECT_FALSE(cookie(set_cookie).role);
}

TEST_F(AuthenticatorTest, TheCodeOfTheAddressWorksOnce) {
  EXPECT_FALSE(auth_->redeem(""));
  const std::string first = auth_->new_login_code();
  const std::string code = auth_->new_login_code();
  EXPECT_FALSE(auth_->redeem(first));
  EXPECT_FALSE(auth_->redeem(code + "a"));
  const auto signed_in = auth_->redeem(code);
  ASSERT_TRUE(signed_in);
  EXPECT_EQ(cookie(signed_in->set_cookie).role, Role::admin);
  EXPECT_FALSE(auth_->redeem(code));
}

TEST(TokenStore, KeepsHashesOnly) {
  const TemporaryFolder folder;
  const auto token = create_token(folder.path(), "alice", Role::admin);
  ASSERT_TRUE(token);
  EXPECT_EQ(mode_of(folder.path() / "tokens.json"), 0600U);
  const std::string file = read_file((folder.path() / "tokens.json").string()).value_or("");
  EXPECT_EQ(file.find(*token), std::string::npos);
  EXPECT_NE(file.find(sha256(*token)), std::string::npos);
  const auto tokens = read_tokens(folder.path());
  ASSERT_TRUE(tokens);
  ASSERT_EQ(tokens->size(), 1U);
  EXPECT_EQ(tokens->front().name, "alice");
  EXPECT_EQ(tokens->front().role, Role::admin);
}

TEST(TokenStore, WhatIsNoFileIsNoSecret) {
  const TemporaryFolder folder;
  ASSERT_EQ(::mkfifo((folder.path() / "token").c_str(), 0600), 0);  // reading it would wait for a writer
  const auto token = local_token(folder.path());
  ASSERT_FALSE(token);
  EXPECT_EQ(token.error().code, ErrorCode::permission_denied);
}

TEST(TokenStore, WhatRootMakesForAServiceBelongsToTheServicesUser) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can make files of others";
  constexpr uid_t kService = 65534;
  const TemporaryFolder folder;
  ASSERT_EQ(::chown(folder.path().c_str(), kService, kService), 0);
  ASSERT_TRUE(local_token(folder.path()));
  ASSERT_TRUE(create_token(folder.path(), "alice", Role::admin));
  for (const auto& file : std::filesystem::directory_iterator(folder.path())) {
    struct stat about {};
    ASSERT_EQ(::stat(file.path().c_str(), &about), 0);
    EXPECT_EQ(about.st_uid, kService) << file.path();
    EXPECT_EQ(about.st_mode & 0777U, 0600U) << file.path();
  }
}

TEST(TokenStore, RefusesNamesThatAreTakenOrNone) {
  const TemporaryFolder folder;
  ASSERT_TRUE(create_token(folder.path(), "alice", Role::admin));
  const auto code = [&](const std::string& name) {
    const auto made = create_token(folder.path(), name, Role::viewer);
    return made ? ErrorCode::internal : made.error().code;
  };
  EXPECT_EQ(code("alice"), ErrorCode::already_exists);
  for (const std::string& name :
       std::vector<std::string>{"", "local", "Alice", "a b", "a;b", "ä", std::string(65, 'a')})
    EXPECT_EQ(code(name), ErrorCode::invalid_argument) << name;
  EXPECT_EQ(revoke_token(folder.path(), "bob").error().code, ErrorCode::not_found);
}

TEST(Digest, AgreesWithPublishedVectors) {
  // FIPS 180-4's "abc"; RFC 4231, test case 2.
  EXPECT_EQ(sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(hmac_sha256("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_TRUE(equal_secrets("ab", "ab"));
  EXPECT_FALSE(equal_secrets("ab", "ac"));
  EXPECT_FALSE(equal_secrets("ab", "abc"));
  EXPECT_TRUE(equal_secrets("", ""));
}

}  // namespace
}  // namespace krige::server
