// What trainings leave, and what is removed of trials that have ended.
#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "tests/tuner/study/training_fixture.h"
#include "tuner/study/training_files.h"

namespace krige::tuner {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

namespace fs = std::filesystem;

constexpr const char* kTrained = R"({
  "method": "random", "seed": 3, "metric": {"name": "accuracy", "goal": "maximize"}, "keep_models": 2,
  "parameters": {"learning_rate": {"type": "float", "min": 0.01, "max": 0.1}}, "budget": {"max_trials": 4},
  "train": {"model": "softmax", "data": {"path": "digits.csv", "label": "digit"}}})";
constexpr const char* kOutside = R"({
  "method": "random", "budget": {"max_trials": 9}, "parameters": {"x": {"type": "float", "min": 0, "max": 1}},
  "metric": {"name": "loss"}})";

class StudyFilesTest : public TrainingFixture {
 protected:
  // The path behind an option of the trial's program.
  std::string option(const AttemptKey& key, const std::string& name) {
    const std::lock_guard lock(bench_->mutex);
    const std::vector<std::string>& argv = bench_->running.at(key).argv;
    const auto found = std::ranges::find(argv, name);
    return found == argv.end() ? "" : *(found + 1);
  }
  static void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

  // The training of a trial as the trainer does it: its figures, its model, its record.
  void train(TrialId trial, double accuracy) {
    const AttemptKey key = *bench_->wait_for(trial);
    write(option(key, "--cluster"), R"({"mode": "bsp"})");
    write(option(key, "--model"), "model " + std::to_string(trial));
    bench_->succeed(key, "accuracy", accuracy);
  }
};

TEST_F(StudyFilesTest, TheModelsOfTheBestAreKept) {
  const StudyId id = create(kTrained);
  for (const double accuracy : {0.5, 0.75}) train(accuracy == 0.5 ? 1 : 2, accuracy);
  const AttemptKey third = *bench_->wait_for(3);
  EXPECT_EQ(engine_->model_path(id, 1).value(), (folder_ / id / "1.model").string()) << "two are kept";
  EXPECT_THAT(engine_->model_path(id, 3).error().message, HasSubstr("it is RUNNING"));
  EXPECT_TRUE(engine_->cluster_file(id, 3)->live);
  EXPECT_EQ(engine_->cluster_file(id, 3)->path, option(third, "--cluster"));
  train(3, 0.625);
  const AttemptKey fourth = *bench_->wait_for(4);
  EXPECT_FALSE(fs::exists(folder_ / id / "1.model"));
  EXPECT_TRUE(fs::exists(folder_ / id / "1-1.cluster.json")) << "what its processes did can still be seen";
  EXPECT_THAT(engine_->model_path(id, 1).error().message, HasSubstr("trial 1 was beaten"));
  EXPECT_TRUE(engine_->model_path(id, 3));
  write(option(fourth, "--model"), "half");
  bench_->exit(fourth, {.kind = Outcome::Kind::exited, .exit_code = 1});
  ASSERT_TRUE(wait_for_state(id, StudyState::completed));
  EXPECT_FALSE(fs::exists(folder_ / id / "4.model"));
  EXPECT_THAT(engine_->model_path(id, 4).error().message, HasSubstr("was not COMPLETED"));
  EXPECT_FALSE(engine_->cluster_file(id, 3)->live);
  engine_.reset();
  open();
  EXPECT_TRUE(fs::exists(engine_->model_path(id, 2).value()));
  ASSERT_TRUE(engine_->delete_study(id));
  EXPECT_FALSE(fs::exists(folder_ / id));
}

TEST_F(StudyFilesTest, WithoutKeepModelsTheTrainerWritesNone) {
  std::string json = kTrained;
  json.replace(json.find("\"keep_models\": 2,"), 17, "");
  const StudyId id = create(json);
  EXPECT_EQ(option(*bench_->wait_for(1), "--model"), "");
  EXPECT_THAT(engine_->model_path(id, 1).error().message, HasSubstr("keep_models"));
  const StudyId outside = create(kOutside);
  one(outside, "w");
  EXPECT_EQ(engine_->cluster_file(outside, 1).error().code, ErrorCode::not_found) << "it is trained elsewhere";
}

TEST_F(StudyFilesTest, WhatStudiesOfAnotherStoreHaveLeftIsRemoved) {
  engine_.reset();
  fs::create_directories(folder_ / "gone");
  write((folder_ / "gone" / "1.model").string(), "model");
  open();
  EXPECT_FALSE(fs::exists(folder_ / "gone"));
}

TEST_F(StudyFilesTest, RecordsOfTrialsThatHaveEndedAreForgottenForGood) {
  const StudyId id = create(kOutside);
  for (TrialId trial = 1; trial <= 2; ++trial) {
    const Assignment given = one(id, "w" + std::to_string(trial));
    ASSERT_TRUE(engine_->report(id, given.trial, given.token, 1, {{"loss", 2}}));
    if (trial == 1) {
      ASSERT_TRUE(engine_->complete(id, given.trial, given.token, {.value = 1.0}));
    }
  }
  const Forgetting what{.records = true, .files = false, .reason = "old"};
  EXPECT_THAT(engine_->forget(id, {1, 2, 7}, what).value(), ElementsAre(1)) << "the other one runs, and 7 is none";
  EXPECT_TRUE(engine_->forget(id, {1}, what)->empty()) << "once";
  for (const bool again : {false, true}) {
    if (again) {
      engine_.reset();
      open();
    }
    EXPECT_TRUE(engine_->trial(id, 1)->records.empty());
    EXPECT_EQ(engine_->trial(id, 1)->trial.value, 1.0) << "what it came to stays";
    EXPECT_EQ(engine_->trial(id, 1)->trial.records_removed_at, clock_.wall_now());
    EXPECT_EQ(engine_->trial(id, 2)->records.size(), 1U);
  }
  const std::vector<Event> all = events(id);
  EXPECT_EQ(std::ranges::count(all, kTrialReported, &Event::type), 1) << "trial 2's";
  const auto told = std::ranges::find(all, "TRIALS_FORGOTTEN", &Event::type);
  ASSERT_NE(told, all.end());
  EXPECT_EQ(told->data, R"({"trials":[1],"removed":["records"],"reason":"old"})");
}

TEST_F(StudyFilesTest, FilesOfATrialGoWithItsModel) {
  const StudyId id = create(kTrained);
  train(1, 0.5);
  ASSERT_TRUE(bench_->wait_for(2));
  EXPECT_THAT(engine_->forget(id, {1, 2}, {.records = false, .files = true, .reason = "old"}).value(), ElementsAre(1));
  EXPECT_FALSE(fs::exists(folder_ / id / "1.model"));
  EXPECT_FALSE(fs::exists(folder_ / id / "1-1.cluster.json"));
  EXPECT_THAT(engine_->model_path(id, 1).error().message, HasSubstr("was removed on"));
  EXPECT_EQ(engine_->trial(id, 1)->records.size(), 1U) << "not asked for";
}

}  // namespace
}  // namespace krige::tuner
