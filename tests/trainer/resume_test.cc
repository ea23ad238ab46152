// Trainings that are stopped in every way and go on, by real processes.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>

#include "base/fd.h"
#include "base/json.h"
#include "tests/trainer/trainer_process.h"
#include "trainer/checkpoint/checkpoint_file.h"

namespace krige::trainer {
namespace {

using Outcome = TrainerProcess::Outcome;
using Scores = std::map<std::uint64_t, std::string>;  // by epoch, without times

constexpr int kPaused = 75;

void add_scores(const std::vector<std::string>& records, Scores& scores) {
  for (const std::string& text : records) {
    OrderedJson record = parse_json(text).value();
    record.erase("examples_per_second");
    record.erase("elapsed_seconds");
    for (const char* spent : {"compute_seconds", "wait_seconds", "wire_bytes", "socket_bytes"}) record.erase(spent);
    const auto epoch = record["epoch"].get<std::uint64_t>();
    const auto [at, added] = scores.emplace(epoch, record.dump());
    EXPECT_EQ(at->second, record.dump()) << "an epoch that was told twice";
  }
}

class ResumeTest : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  static std::string job(const std::string& optimizer, int workers, int shards, int epochs = 6) {
    return digits_job(fmt::format(
        R"("hidden": [19], "epochs": {}, "batch_size": 50, "l2": 0.001, "learning_rate": 0.01, "optimizer": "{}",
           "workers": {}, "shards": {}, "seed": 5)",
        epochs, optimizer, workers, shards));
  }
  std::vector<std::string> arguments() const { return {"--checkpoint", checkpoint_, "--resume", "--model", model_}; }
  std::string model() const { return read_file(model_).value(); }

  // Stops it by `signal` after the record of epoch `epoch`; what it said until then goes to `scores`.
  Outcome stop_after(const std::string& job, std::uint64_t epoch, int signal, Scores& scores) {
    TrainerProcess trainer(job, arguments());
    std::vector<std::string> records;
    while (records.size() < 1 || parse_json(records.back()).value()["epoch"].get<std::uint64_t>() < epoch) {
      const auto record = trainer.next_record();
      if (!record) break;
      records.push_back(*record);
    }
    EXPECT_EQ(::kill(trainer.pid(), signal), 0);
    Outcome outcome = trainer.finish();
    records.insert(records.end(), outcome.records.begin(), outcome.records.end());
    add_scores(records, scores);
    EXPECT_EQ(outcome.left, std::vector<pid_t>{});
    return outcome;
  }

  const std::string folder_ = ::testing::TempDir() + "/krige_resume_" + std::to_string(::getpid());
  const std::string checkpoint_ = folder_ + "/checkpoint";
  const std::string model_ = folder_ + "/model";
};

// By SIGKILL, SIGTERM and a pause in turn, each time spread over other processes: bit for bit the training that was
// never stopped.
TEST_F(ResumeTest, AResumedBspTrainingIsTheOneNeverStopped) {
  for (const std::string optimizer : {"adam", "momentum", "sgd", "adagrad"}) {
    const Outcome whole = train(job(optimizer, 1, 1), {"--model", model_});
    ASSERT_EQ(whole.exit_code, 0) << whole.log;
    Scores expected;
    add_scores(whole.records, expected);
    const std::string expected_model = model();
    std::filesystem::remove(model_);

    Scores scores;
    stop_after(job(optimizer, 2, 1), 1, SIGKILL, scores);
    stop_after(job(optimizer, 1, 2), 2, SIGUSR1, scores);
    stop_after(job(optimizer, 3, 2), 3, SIGTERM, scores);
    stop_after(job(optimizer, 2, 2), 4, SIGUSR1, scores);
    const Outcome last = train(job(optimizer, 1, 1), arguments());
    EXPECT_EQ(last.exit_code, 0) << last.log;
    add_scores(last.records, scores);
    EXPECT_EQ(model(), expected_model) << optimizer;
    EXPECT_EQ(scores, expected) << optimizer;
    std::filesystem::remove(checkpoint_);
    std::filesystem::remove(model_);
  }
}

// As successive halving trains: up to a rung, and on from there when the trial is promoted.
TEST_F(ResumeTest, ATrainingInRungsIsTheOneNeverStopped) {
  const Outcome whole = train(job("adam", 1, 1), {"--model", model_});
  Scores expected;
  add_scores(whole.records, expected);
  const std::string expected_model = model();
  Scores scores;
  for (const auto& [rung, exit_code] : std::map<std::string, int>{{"1", kPaused}, {"3", kPaused}, {"9", 0}}) {
    std::vector<std::string> to_rung = arguments();
    to_rung.insert(to_rung.end(), {"--pause-after", rung, "--checkpoint-every", "1000000000"});
    const Outcome outcome = train(job("adam", 2, 1), to_rung);
    EXPECT_EQ(outcome.exit_code, exit_code) << outcome.log;
    add_scores(outcome.records, scores);
    if (exit_code == kPaused) {
      EXPECT_EQ(scores.rbegin()->first, std::stoul(rung));
    }
  }
  EXPECT_EQ(scores, expected);
  EXPECT_EQ(model(), expected_model);
}

TEST_F(ResumeTest, ATrainingThatIsAtItsPauseAlreadyPausesAtOnce) {
  std::vector<std::string> to_rung = arguments();
  to_rung.insert(to_rung.end(), {"--pause-after", "2"});
  EXPECT_EQ(train(job("adam", 1, 1), to_rung).exit_code, kPaused);
  const Outcome again = train(job("adam", 1, 1), to_rung);
  EXPECT_EQ(again.exit_code, kPaused) << again.log;
  EXPECT_EQ(again.records.size(), 0U);
}

// In the middle of an epoch, in every mode, with nothing left but the file.
TEST_F(ResumeTest, APauseStopsAtAMinibatchAndHasACodeOfItsOwn) {
  for (const std::string mode : {"bsp", "ssp", "asp"}) {
    const std::string endless = digits_job(fmt::format(
        R"("hidden": [19], "epochs": 1000000, "batch_size": 16, "mode": "{}", "workers": 2, "shards": 2)", mode));
    std::uint64_t before = 0;
    for (int round = 0; round < 2; ++round) {
      Scores scores;
      const Outcome outcome = stop_after(endless, 1, SIGUSR1, scores);
      EXPECT_EQ(outcome.exit_code, kPaused) << outcome.log;
      EXPECT_EQ(outcome.files, std::vector<std::string>{});
      const Checkpoint checkpoint = read_checkpoint(checkpoint_).value();
      EXPECT_GT(checkpoint.clock, before);
      before = checkpoint.clock;
      // Every epoch before the cursor has been told, and no more.
      EXPECT_EQ(scores.rbegin()->first, checkpoint.clock / checkpoint.steps_per_epoch);
    }
    std::filesystem::remove(checkpoint_);
  }
}

TEST_F(ResumeTest, CheckpointsComeAsOftenAsAsked) {
  std::vector<std::string> every_two = arguments();
  every_two.insert(every_two.end(), {"--checkpoint-every", "2"});
  ASSERT_EQ(train(job("adam", 2, 2, 5), every_two).exit_code, 0);
  const Checkpoint checkpoint = read_checkpoint(checkpoint_).value();
  EXPECT_EQ(checkpoint.clock, 4 * checkpoint.steps_per_epoch);
  EXPECT_EQ(checkpoint.version, checkpoint.clock);
}

TEST_F(ResumeTest, WhatDoesNotBelongToTheTrainingIsRefused) {
  ASSERT_EQ(train(job("adam", 1, 1, 2), arguments()).exit_code, 0);
  const auto log_of = [&](const std::string& other) {
    const Outcome outcome = train(other, arguments());
    EXPECT_NE(outcome.exit_code, 0);
    EXPECT_EQ(outcome.records.size(), 0U);
    return outcome.log;
  };
  EXPECT_EQ(log_of(job("sgd", 1, 1, 2)),
            fmt::format("error: {}: the checkpoint is of another job: optimizer is \"adam\" there and \"sgd\" here\n",
                        checkpoint_));
  // The same job, but the data have changed since.
  Checkpoint checkpoint = read_checkpoint(checkpoint_).value();
  checkpoint.data += " ";
  ASSERT_TRUE(write_checkpoint(checkpoint_, checkpoint));
  EXPECT_NE(log_of(job("adam", 1, 1, 2)).find("the checkpoint is of other data"), std::string::npos);
  ASSERT_TRUE(write_file_atomically(checkpoint_, "KRIGECKP"));
  EXPECT_NE(log_of(job("adam", 1, 1, 2)).find("is not a checkpoint"), std::string::npos);
}

TEST_F(ResumeTest, APauseWithoutACheckpointIsRefusedAndTheTrainingGoesOn) {
  TrainerProcess trainer(job("adam", 1, 1, 1000000));
  ASSERT_TRUE(trainer.next_record());
  ASSERT_EQ(::kill(trainer.pid(), SIGUSR1), 0);
  EXPECT_EQ(trainer.next_log(), "warning: cannot pause: --checkpoint does not say where to");
  ASSERT_EQ(::kill(trainer.pid(), SIGTERM), 0);
  EXPECT_EQ(trainer.finish().exit_code, 130);
}

}  // namespace
}  // namespace krige::trainer
