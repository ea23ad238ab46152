#include "server/webhooks/webhooks.h"

#include <httplib.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

#include "tests/server/certificate.h"
#include "tests/server/service_fixture.h"
#include "tests/server/temporary_folder.h"

namespace krige::server {
namespace {

using namespace std::chrono_literals;

// Somebody who is told.
class Receiver {
 public:
  struct Got {
    std::string event, id, timestamp, signature, text;
    OrderedJson body;
  };

  // `pair`: by TLS.
  explicit Receiver(const Certificate* pair = nullptr)
      : tls_(pair != nullptr),
        owned_(tls_ ? std::make_unique<httplib::SSLServer>(pair->certificate.c_str(), pair->key.c_str())
                    : std::make_unique<httplib::Server>()),
        server_(*owned_) {
    server_.Post("/hook", [this](const httplib::Request& request, httplib::Response& response) {
      std::unique_lock lock(mutex_);
      got_.push_back({request.get_header_value("Krige-Event"), request.get_header_value("Krige-Delivery"),
                      request.get_header_value("Krige-Timestamp"), request.get_header_value("Krige-Signature"),
                      request.body, OrderedJson::parse(request.body)});
      changed_.notify_all();
      changed_.wait(lock, [this] { return !holds_; });
      response.status = answers_.empty() ? 204 : answers_.front();
      if (!answers_.empty()) answers_.pop_front();
    });
    port_ = server_.bind_to_any_port("127.0.0.1");
    thread_ = std::jthread([this] { server_.listen_after_bind(); });
    // Before, stop() would have no effect.
    while (!server_.is_running()) std::this_thread::yield();
  }
  ~Receiver() {
    hold(false);
    server_.stop();
  }

  [[nodiscard]] std::string url() const {
    return (tls_ ? "https://localhost:" : "http://127.0.0.1:") + std::to_string(port_) + "/hook";
  }
  // What the next requests are answered with; 204 behind that.
  void answer(std::deque<int> statuses) {
    const std::lock_guard lock(mutex_);
    answers_ = std::move(statuses);
  }
  // Whether requests are left without an answer.
  void hold(bool holds) {
    const std::lock_guard lock(mutex_);
    holds_ = holds;
    changed_.notify_all();
  }
  // The first `count` messages; fewer at the deadline.
  std::vector<Got> wait_for(std::size_t count) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, 10s, [&] { return got_.size() >= count; });
    return got_;
  }

 private:
  bool tls_;
  std::unique_ptr<httplib::Server> owned_;
  httplib::Server& server_;
  int port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Got> got_;
  std::deque<int> answers_;
  bool holds_ = false;
  std::jthread thread_;
};

class WebhooksTest : public ServiceTest {
 protected:
  void TearDown() override {
    webhooks_.reset();
    ServiceTest::TearDown();
  }
  void start_hooks(int tries = 10) {
    webhooks_.reset();
    auto started = Webhooks::start(*engine_, {.data_dir = folder_.path().string(),
                                              .urls = {receiver_.url()},
                                              .timeout = 5s,
                                              .first_delay = 1ms,
                                              .tries = tries});
    ASSERT_TRUE(started) << started.error().describe();
    webhooks_ = std::move(*started);
  }
  // A trial that is COMPLETED with this value.
  void complete(const std::string& study, double value) {
    const Answer added = post(study + "/trials", {{"params", {{"x", 0.5}}}, {"value", value}});
    ASSERT_EQ(added.status, 201) << added.text;
  }
  static double value_of(const Receiver::Got& got) { return got.body["event"]["trial"]["value"]; }

  TemporaryFolder folder_;
  Receiver receiver_;
  std::unique_ptr<Webhooks> webhooks_;
};

TEST_F(WebhooksTest, EndsAreToldWithASignature) {
  start_hooks();
  const std::string study = make_study();
  const OrderedJson given = suggest_one(study, "w");
  const std::string trial = study + "/trials/1";
  post(trial + ":report", {{"step", 1}, {"metrics", {{"loss", 1}}}});
  ASSERT_EQ(post(trial + ":complete", {{"value", 0.25}}).status, 200);
  ASSERT_EQ(post(study + ":stop", OrderedJson::object()).status, 200);
  const auto got = receiver_.wait_for(2);
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(got[0].event, "trial.ended");
  EXPECT_EQ(got[0].body["kind"], "trial.ended");
  EXPECT_EQ(got[0].body["study"]["name"], "s");
  EXPECT_EQ(value_of(got[0]), 0.25);
  EXPECT_EQ(got[1].event, "study.ended");
  EXPECT_EQ(got[1].body["event"]["state"], "STOPPED");
  EXPECT_NE(got[0].id, got[1].id);
  const std::string secret = webhook_secret(folder_.path().string()).value();
  for (const Receiver::Got& one : got) EXPECT_EQ(one.signature, signature(secret, std::stoll(one.timestamp), one.text));
}

TEST_F(WebhooksTest, AMessageThatIsNotTakenIsSentAgain) {
  receiver_.answer({500, 302, 404});
  start_hooks();
  const std::string study = make_study();
  complete(study, 1);
  complete(study, 2);
  const auto got = receiver_.wait_for(5);
  ASSERT_EQ(got.size(), 5U);
  for (int i = 1; i < 4; ++i) {
    EXPECT_EQ(got[i].id, got[0].id);
    EXPECT_EQ(got[i].text, got[0].text);
  }
  EXPECT_EQ(value_of(got[4]), 2);
}

TEST_F(WebhooksTest, AMessageThatIsNeverTakenIsGivenUp) {
  receiver_.answer({500, 500, 500});
  start_hooks(3);
  const std::string study = make_study();
  complete(study, 1);
  complete(study, 2);
  const auto got = receiver_.wait_for(4);
  ASSERT_EQ(got.size(), 4U);
  EXPECT_EQ(value_of(got[2]), 1);
  EXPECT_EQ(value_of(got[3]), 2);
}

TEST_F(WebhooksTest, ARestartGoesOnWhereItWas) {
  const std::string study = make_study();
  complete(study, 1);  // before there was anybody to be told
  start_hooks();
  complete(study, 2);
  ASSERT_EQ(receiver_.wait_for(1).size(), 1U);
  receiver_.hold(true);
  complete(study, 3);
  ASSERT_EQ(receiver_.wait_for(2).size(), 2U);
  webhooks_.reset();  // while the third is being sent: nobody has said that it was taken
  receiver_.hold(false);
  complete(study, 4);
  start_hooks();
  const auto got = receiver_.wait_for(4);
  ASSERT_EQ(got.size(), 4U);
  std::vector<double> values;
  for (const Receiver::Got& one : got) values.push_back(value_of(one));
  EXPECT_EQ(values, (std::vector<double>{2, 3, 3, 4}));
  EXPECT_EQ(got[1].id, got[2].id);
}

TEST_F(WebhooksTest, AStoreThatCameFromACopyIsToldAgain) {
  const std::string study = make_study();
  start_hooks();
  complete(study, 1);
  ASSERT_EQ(receiver_.wait_for(1).size(), 1U);
  webhooks_.reset();
  // The store before had more events than the copy.
  for (const auto& file : std::filesystem::directory_iterator(folder_.path() / "webhooks")) {
    Positions positions = Positions::open(file.path()).value();
    positions.set(study.substr(study.rfind('/') + 1), 1000);
    ASSERT_TRUE(positions.save());
  }
  start_hooks();
  complete(study, 2);
  const auto got = receiver_.wait_for(2);
  ASSERT_EQ(got.size(), 2U);
  EXPECT_EQ(value_of(got[1]), 2);
}

TEST_F(WebhooksTest, ByTlsOnlyWhoIsCertifiedForTheHostIsTold) {
  const Certificate authority(folder_.path(), "authority"), stranger(folder_.path(), "stranger");
  const Certificate good(folder_.path(), "good", &authority), of_another(folder_.path(), "bad", &stranger);
  const Certificate for_another_host(folder_.path(), "other", &authority, "example.org");
  const std::string study = make_study();
  for (const auto& [pair, taken] :
       {std::pair(&good, true), std::pair(&of_another, false), std::pair(&for_another_host, false)}) {
    Receiver receiver(pair);
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<std::string> outcomes;
    WebhookOptions options{.data_dir = folder_.path().string(), .urls = {receiver.url()}, .first_delay = 1ms};
    options.tries = 2;
    options.authorities = authority.certificate;
    options.on_try = [&](const std::string&, std::string_view outcome, double) {
      const std::lock_guard lock(mutex);
      outcomes.emplace_back(outcome);
      changed.notify_all();
    };
    auto started = Webhooks::start(*engine_, options);
    ASSERT_TRUE(started) << started.error().describe();
    complete(study, 1);
    std::unique_lock lock(mutex);
    changed.wait_for(lock, 10s, [&] { return !outcomes.empty() && outcomes.back() != "failed"; });
    EXPECT_EQ(outcomes,
              taken ? std::vector<std::string>{"delivered"} : (std::vector<std::string>{"failed", "given_up"}));
    lock.unlock();
    started->reset();
    EXPECT_EQ(receiver.wait_for(0).size(), taken ? 1U : 0U);
  }
}

TEST_F(WebhooksTest, StoppingWaitsForNobody) {
  receiver_.hold(true);
  start_hooks();
  complete(make_study(), 1);
  ASSERT_EQ(receiver_.wait_for(1).size(), 1U);
  const auto start = std::chrono::steady_clock::now();
  webhooks_.reset();
  EXPECT_LT(std::chrono::steady_clock::now() - start, 4s);  // less than one try may take
}

TEST_F(WebhooksTest, AnAddressThatIsNoneIsRefused) {
  const auto started = Webhooks::start(*engine_, {.data_dir = folder_.path().string(), .urls = {"example.org"}});
  ASSERT_FALSE(started);
  EXPECT_EQ(started.error().code, ErrorCode::invalid_argument);
  ServerOptions options;
  options.auth = false;
  options.webhooks = {receiver_.url()};
  EXPECT_FALSE(Server::start(*engine_, options));
}

}  // namespace
}  // namespace krige::server
