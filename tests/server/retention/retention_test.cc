#include "server/retention/retention.h"

#include <filesystem>
#include <fstream>

#include "server/auth/token_store.h"
#include "tests/server/service_fixture.h"
#include "tests/server/temporary_folder.h"

namespace krige::server {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr std::size_t kLogBytes = 40'000;

// So far behind the real time.
class LaterClock final : public Clock {
 public:
  [[nodiscard]] MonotonicTime now() const override { return system_clock().now(); }
  [[nodiscard]] WallTime wall_now() const override { return system_clock().wall_now() + by; }
  Millis by{0};
};

class RetentionTest : public ServiceTest {
 protected:
  void SetUp() override {
    ServiceTest::SetUp();
    study_ = make_study({{"budget", {{"max_trials", 50}}}});
    id_ = study_.substr(study_.rfind('/') + 1);
    fs::create_directories(logs() / id_);
  }
  [[nodiscard]] fs::path logs() const { return folder_.path() / "logs"; }
  [[nodiscard]] fs::path log_of(int trial) const { return logs() / id_ / (std::to_string(trial) + "-1.log"); }
  // A trial that has reported, printed and ended with this value; without one it still runs.
  int run(std::optional<double> value) {
    const OrderedJson given = suggest_one(study_, "w" + std::to_string(++workers_));
    const int trial = given["id"];
    const std::string path = study_ + "/trials/" + std::to_string(trial);
    post(path + ":report", {{"step", 1}, {"metrics", {{"value", 1}}}});
    std::ofstream(log_of(trial)) << std::string(kLogBytes, 'x');
    if (value) {
      EXPECT_EQ(post(path + ":complete", {{"value", *value}}).status, 200);
    }
    return trial;
  }
  Swept sweep(const RetentionOptions& options) {
    return Retention::sweep({.engine = engine_.get(), .log_folder = logs().string(), .clock = &clock_}, options);
  }
  OrderedJson trial(int id) { return get(study_ + "/trials/" + std::to_string(id)).json; }

  TemporaryFolder folder_;
  LaterClock clock_;
  std::string study_;
  StudyId id_;
  int workers_ = 0;
};

TEST_F(RetentionTest, WhatIsOldGoesButNotOfTheBestAndNotOfWhatRuns) {
  const int best = run(1), old = run(2), running = run(std::nullopt);
  RetentionOptions options{.files_for = 24h, .records_for = 48h, .files_bytes = {}, .keep_best = 1};
  EXPECT_EQ(sweep(options).files_of_trials, 0) << "nothing is old";
  clock_.by = 25h;
  const Swept files = sweep(options);
  EXPECT_EQ(files.files_of_trials, 1);
  EXPECT_GE(files.bytes_removed, kLogBytes);
  EXPECT_FALSE(fs::exists(log_of(old)));
  EXPECT_TRUE(fs::exists(log_of(best)));
  EXPECT_TRUE(fs::exists(log_of(running)));
  EXPECT_EQ(trial(old)["records"].size(), 1U) << "they are kept for longer";
  clock_.by = 49h;
  EXPECT_EQ(sweep(options).records_of_trials, 1);
  EXPECT_TRUE(trial(old)["records"].empty());
  EXPECT_TRUE(trial(old)["records_removed_at"].is_string());
  EXPECT_EQ(trial(old)["value"], 2) << "what it came to stays";
  EXPECT_EQ(trial(best)["records"].size(), 1U);
  EXPECT_EQ(trial(running)["records"].size(), 1U);
  const Swept again = sweep(options);
  EXPECT_EQ(again.files_of_trials + again.records_of_trials, 0);
}

TEST_F(RetentionTest, BeyondASizeThoseThatEndedFirstGo) {
  const int running = run(std::nullopt);
  std::vector<int> ended;
  for (int i = 0; i < 4; ++i) ended.push_back(run(4 - i));
  RetentionOptions options{.files_for = {}, .records_for = {}, .files_bytes = 3 * 45'056, .keep_best = 1};
  EXPECT_EQ(sweep(options).files_of_trials, 2) << "of five, three fit";
  EXPECT_FALSE(fs::exists(log_of(ended[0])));
  EXPECT_FALSE(fs::exists(log_of(ended[1])));
  EXPECT_TRUE(fs::exists(log_of(ended[2])));
  options.files_bytes = 0;
  EXPECT_EQ(sweep(options).files_of_trials, 1);
  EXPECT_TRUE(fs::exists(log_of(ended[3]))) << "the best";
  EXPECT_TRUE(fs::exists(log_of(running)));
}

TEST_F(RetentionTest, WhatACrashLeftBehindIsRemoved) {
  const int old = run(2);
  ASSERT_EQ(engine_->forget(id_, {old}, {.records = false, .files = true, .reason = "x"})->size(), 1U);
  ASSERT_TRUE(fs::exists(log_of(old))) << "the engine knows no logs";
  sweep({.files_for = 1000h, .records_for = {}, .files_bytes = {}});
  EXPECT_FALSE(fs::exists(log_of(old)));
}

TEST_F(RetentionTest, TheServiceSweepsByItselfAndSaysWhereItWent) {
  ServerOptions options;
  options.data_dir = folder_.path().string();
  options.retention.files_for = 0ms;
  options.retention.keep_best = 0;
  options.retention.interval = 5ms;
  start(options);
  const Fields local{{"Authorization", "Bearer " + local_token(folder_.path()).value_or("")}};
  study_ = post("/api/v1/studies", study_file(), local).header("Location");
  id_ = study_.substr(study_.rfind('/') + 1);
  fs::create_directories(logs() / id_);
  const Answer given = post(study_ + "/trials:suggest", {{"client_id", "w"}}, local);
  const std::string trial = study_ + "/trials/1";
  std::ofstream(log_of(1)) << "printed";
  EXPECT_EQ(get(trial + "/attempts/1/logs", local).text, "printed") << "it runs";
  post(trial + ":complete", {{"token", given.json["trials"][0]["attempt"]["token"]}, {"value", 1}}, local);
  Answer gone = get(trial + "/attempts/1/logs", local);
  for (const auto deadline = std::chrono::steady_clock::now() + RawClient::kDeadline;
       gone.status == 200 && std::chrono::steady_clock::now() < deadline;)
    gone = get(trial + "/attempts/1/logs", local);
  EXPECT_TRUE(is_problem(gone, 404, "not_found"));
  EXPECT_NE(gone.json["detail"].get<std::string>().find("was removed on"), std::string::npos) << gone.text;
  EventClient events(port_, study_ + "/events?after=3", local);
  const auto told = events.next();
  ASSERT_TRUE(told);
  EXPECT_EQ(told->type, "TRIALS_FORGOTTEN");
  EXPECT_EQ(told->data["removed"], OrderedJson::parse(R"(["files"])"));
  OrderedJson audit = get("/api/v1/audit", local).json["events"];
  for (const auto deadline = std::chrono::steady_clock::now() + RawClient::kDeadline;
       audit[0]["caller"] != "retention" && std::chrono::steady_clock::now() < deadline;)
    audit = get("/api/v1/audit", local).json["events"];
  EXPECT_EQ(audit[0]["caller"], "retention");
  EXPECT_EQ(audit[0]["path"], study_ + "/trials/files");
}

}  // namespace
}  // namespace krige::server
