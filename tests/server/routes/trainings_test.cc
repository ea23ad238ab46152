#include <filesystem>
#include <fstream>

#include "tests/server/service_fixture.h"
#include "tests/server/temporary_folder.h"
#include "tests/support/fake_executor.h"

namespace krige::server {
namespace {

namespace fs = std::filesystem;

class TrainingsTest : public ServiceTest {
 protected:
  void SetUp() override {
    TearDown();
    tuner::EngineOptions options;
    options.training_folder = (folder_.path() / "trainings").string();
    options.trainer = "trainer";
    engine_ = tuner::Engine::open(tuner::make_memory_storage(), std::make_unique<tuner::FakeExecutor>(bench_), options)
                  .value();
    ServerOptions server_options;
    server_options.auth = false;
    server_options.data_root = folder_.path().string();
    server_ = Server::start(*engine_, server_options).value();
    port_ = server_->port();
    const Answer made = post("/api/v1/studies", OrderedJson::parse(R"({"method": "random", "keep_models": 1,
        "metric": {"name": "accuracy", "goal": "maximize"}, "budget": {"max_trials": 2},
        "parameters": {"learning_rate": {"type": "float", "min": 0.01, "max": 0.1}},
        "train": {"model": "softmax", "data": {"path": "digits.csv", "label": "digit"}}})"));
    ASSERT_EQ(made.status, 201) << made.text;
    study_ = made.header("Location");
    key_ = *bench_->wait_for(1);
  }
  [[nodiscard]] std::string file(const std::string& name) const {
    return (folder_.path() / "trainings" / key_.study / name).string();
  }

  TemporaryFolder folder_;
  std::shared_ptr<tuner::FakeExecutor::Bench> bench_ = std::make_shared<tuner::FakeExecutor::Bench>();
  std::string study_;
  tuner::AttemptKey key_;
};

TEST_F(TrainingsTest, TheClusterIsShownWhileItRunsAndAfter) {
  const std::string path = study_ + "/trials/1/cluster";
  const Answer first = get(path);
  EXPECT_EQ(first.json, OrderedJson::parse(R"({"attempt": 1, "live": true, "updated_at": null, "processes": []})"));
  std::ofstream(file("1-1.cluster.json")) << R"({"mode": "ssp", "processes": [{"role": "worker", "pid": 7}]})";
  const Answer live = get(path);
  EXPECT_EQ(live.json["mode"], "ssp");
  EXPECT_EQ(live.json["processes"][0]["pid"], 7);
  EXPECT_TRUE(live.json["updated_at"].is_string());
  bench_->succeed(key_, "accuracy", 0.5);
  ASSERT_TRUE(bench_->wait_for(2));
  const Answer after = get(path);
  EXPECT_EQ(after.json["live"], false);
  EXPECT_EQ(after.json["processes"], live.json["processes"]);
  EXPECT_TRUE(is_problem(get(study_ + "/trials/9/cluster"), 404, "not_found"));
}

TEST_F(TrainingsTest, AModelIsDownloadedWhole) {
  const std::string path = study_ + "/trials/1/model";
  EXPECT_TRUE(is_problem(get(path), 404, "not_found")) << "it runs still";
  std::string model(300'000, 'm');
  model += '\0';
  std::ofstream(file("1.model"), std::ios::binary) << model;
  bench_->succeed(key_, "accuracy", 0.5);
  const tuner::AttemptKey second = *bench_->wait_for(2);
  const Answer got = get(path);
  EXPECT_EQ(got.status, 200);
  EXPECT_EQ(got.text, model);
  EXPECT_EQ(got.header("Content-Type"), "application/octet-stream");
  EXPECT_EQ(got.header("Content-Disposition"), "attachment; filename=\"" + key_.study + "-1.model\"");
  std::ofstream(file("2.model")) << "better";
  bench_->succeed(second, "accuracy", 0.75);
  Answer beaten = get(path);
  for (const auto deadline = std::chrono::steady_clock::now() + RawClient::kDeadline;
       beaten.status == 200 && std::chrono::steady_clock::now() < deadline;)
    beaten = get(path);
  EXPECT_TRUE(is_problem(beaten, 404, "not_found"));
  EXPECT_EQ(get(study_ + "/trials/2/model").text, "better");
}

}  // namespace
}  // namespace krige::server
