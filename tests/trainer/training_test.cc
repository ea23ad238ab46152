// Whole trainings by real processes, on real data.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "base/fd.h"
#include "base/json.h"
#include "base/rng.h"
#include "tests/trainer/trainer_process.h"
#include "trainer/checkpoint/model_file.h"
#include "trainer/predict/predict.h"

namespace krige::trainer {
namespace {

using Outcome = TrainerProcess::Outcome;

class TrainingTest : public ::testing::Test {
 protected:
  void TearDown() override { std::filesystem::remove(model_); }

  // The model of a job that must succeed.
  ModelFile model_of(const std::string& job, std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.end(), {"--model", model_});
    outcome_ = train(job, arguments);
    EXPECT_EQ(outcome_.exit_code, 0) << outcome_.log;
    EXPECT_EQ(outcome_.log, "");
    return read_model(model_).value();
  }
  static OrderedJson last(const Outcome& outcome) {
    return parse_json(outcome.records.at(outcome.records.size() - 1)).value();
  }
  static OrderedJson golden(const std::string& name) {
    return parse_json(read_file(KRIGE_SOURCE_DIR "/tests/golden/trainer/" + name).value()).value();
  }
  // Losses and accuracies of all records, without times.
  static std::vector<std::string> scores(const Outcome& outcome) {
    std::vector<std::string> scores;
    for (const std::string& text : outcome.records) {
      OrderedJson record = parse_json(text).value();
      record.erase("examples_per_second");
      record.erase("elapsed_seconds");
      for (const char* spent : {"compute_seconds", "wait_seconds", "wire_bytes", "socket_bytes"}) record.erase(spent);
      scores.push_back(record.dump());
    }
    return scores;
  }

  std::string model_ = ::testing::TempDir() + "/krige_training_model_" + std::to_string(::getpid());
  Outcome outcome_;
};

TEST_F(TrainingTest, BspGivesTheSameBitsForAnyNumberOfWorkersAndShards) {
  for (const std::string optimizer : {"adam", "momentum"}) {
    const std::string fields =
        R"("hidden": [33, 17], "epochs": 3, "batch_size": 50, "l2": 0.001, "l1": 0.0001, "learning_rate": 0.01,
           "dropout": 0.25, "schedule": "cosine", "warmup_steps": 5)";
    std::optional<ModelFile> first;
    std::vector<std::string> first_scores;
    for (const auto& [workers, shards, transport] : std::vector<std::tuple<int, int, std::string>>{{1, 1, "shm"},
                                                                                                   {1, 1, "shm"},
                                                                                                   {2, 1, "unix"},
                                                                                                   {3, 1, "tcp"},
                                                                                                   {1, 2, "unix"},
                                                                                                   {2, 2, "tcp"},
                                                                                                   {3, 3, "shm"}}) {
      const std::string job = digits_job(fmt::format(R"({}, "optimizer": "{}", "workers": {}, "shards": {}, "seed": 3)",
                                                     fields, optimizer, workers, shards));
      const ModelFile model = model_of(job, {"--transport", transport});
      if (!first) {
        first = model;
        first_scores = scores(outcome_);
        EXPECT_EQ(outcome_.records.size(), 3U);
      }
      EXPECT_EQ(model.weights, first->weights) << workers << " workers, " << shards << " shards";
      EXPECT_EQ(scores(outcome_), first_scores) << workers << " workers, " << shards << " shards";
    }
    const ModelFile other = model_of(digits_job(fmt::format(R"({}, "optimizer": "{}", "seed": 4)", fields, optimizer)));
    EXPECT_NE(other.weights, first->weights);
  }
}

TEST_F(TrainingTest, MoreShardsThanParametersAndMoreWorkersThanBlocks) {
  const std::string fields = R"("epochs": 5, "batch_size": 16, "learning_rate": 0.01)";
  const ModelFile one = model_of(diabetes_job(fields));
  EXPECT_EQ(model_of(diabetes_job(fields + R"(, "workers": 4, "shards": 13)")).weights, one.weights);
  EXPECT_EQ(one.weights.size(), 11U);
}

TEST_F(TrainingTest, LinearRegressionIsScikitLearns) {
  const OrderedJson expected = golden("diabetes.json");
  for (const char* processes : {R"("workers": 1, "shards": 1)", R"("workers": 2, "shards": 2)"}) {
    const ModelFile model = model_of(diabetes_job(fmt::format(
        R"({}, "epochs": 1500, "batch_size": 0, "optimizer": "momentum", "learning_rate": 0.1, "momentum": 0.95)",
        processes)));
    ASSERT_EQ(model.weights.size(), expected["coefficients"].size() + 1);
    for (std::size_t i = 0; i < expected["coefficients"].size(); ++i) {
      const double coefficient = expected["coefficients"][i].get<double>();
      EXPECT_NEAR(model.weights[i], coefficient, 1e-3 * std::abs(coefficient)) << model.data.features[i];
    }
    EXPECT_NEAR(model.weights.back(), expected["intercept"].get<double>(), 1e-3);
  }
}

TEST_F(TrainingTest, PenalizedLogisticRegressionIsScikitLearns) {
  const OrderedJson expected = golden("breast_cancer.json");
  const std::string file = KRIGE_SOURCE_DIR "/examples/data/breast_cancer.csv";
  const ModelFile model = model_of(fmt::format(
      R"({{"model": "logistic", "data": {{"path": "{}", "label": "diagnosis", "validation": 0}}, "workers": 2, "epochs": 1500,
          "batch_size": 0, "optimizer": "momentum", "learning_rate": 0.5, "momentum": 0.97, "l2": {}}})",
      file, expected["l2"].get<double>()));
  EXPECT_EQ(model.data.classes, (std::vector<std::string>{"benign", "malignant"}));
  for (std::size_t i = 0; i < expected["coefficients"].size(); ++i)
    EXPECT_NEAR(model.weights[i], expected["coefficients"][i].get<double>(), 1e-3) << model.data.features[i];
  EXPECT_NEAR(model.weights.back(), expected["intercept"].get<double>(), 1e-3);
}

TEST_F(TrainingTest, SoftmaxAndL1AreScikitLearnsInMapReduce) {
  const std::string data = KRIGE_SOURCE_DIR "/examples/data/";
  const OrderedJson digits = golden("digits_softmax.json");
  const ModelFile softmax = model_of(fmt::format(
      R"({{"model": "softmax", "data": {{"path": "{}digits.csv.gz", "label": "digit", "validation": 0}}, "workers": 2,
          "mode": "mapreduce", "epochs": 1000, "l2": {}}})",
      data, digits["l2"].get<double>()));
  EXPECT_NEAR(last(outcome_)["train_loss"].get<double>(), digits["train_loss"].get<double>(), 1e-7);
  for (std::size_t i = 0; i < 64; ++i)
    EXPECT_NEAR(softmax.weights[i * 10 + 3], digits["coefficients_of_3"][i].get<double>(), 1e-5);

  const OrderedJson cancer = golden("breast_cancer_l1.json");
  const std::string job = fmt::format(
      R"({{"model": "logistic", "data": {{"path": "{}breast_cancer.csv", "label": "diagnosis", "validation": 0}},
          "epochs": 2000, "batch_size": 0, "l1": {}, "workers": 2, )",
      data, cancer["l1"].get<double>());
  const auto objective_of = [&](const ModelFile& model) {
    double norm = 0;
    for (std::size_t i = 0; i + 1 < model.weights.size(); ++i) norm += std::abs(static_cast<double>(model.weights[i]));
    return last(outcome_)["train_loss"].get<double>() + cancer["l1"].get<double>() * norm;
  };
  const ModelFile model = model_of(job + R"("mode": "mapreduce"})");
  for (std::size_t i = 0; i < cancer["coefficients"].size(); ++i) {
    const double coefficient = cancer["coefficients"][i].get<double>();
    EXPECT_NEAR(model.weights[i], coefficient, 2e-3) << model.data.features[i];
    EXPECT_EQ(model.weights[i] == 0, coefficient == 0) << model.data.features[i];
  }
  EXPECT_NEAR(model.weights.back(), cancer["intercept"].get<double>(), 2e-3);
  const double optimum = objective_of(model);

  // The servers' proximal steps come to the same optimum, as sparse.
  const ModelFile stepped = model_of(job + R"("optimizer": "momentum", "learning_rate": 0.5, "momentum": 0.97})");
  EXPECT_NEAR(objective_of(stepped), optimum, 1e-3 * optimum);
  EXPECT_GE(std::ranges::count(stepped.weights, 0.0F), 10);
}

TEST_F(TrainingTest, MapReduceGivesTheSameBitsForAnyNumberOfWorkers) {
  for (const std::string fields : {R"("hidden": 12, "l2": 0.001)", R"("hidden": 12, "l1": 0.0001)",
                                   R"("hidden": 12, "optimizer": "sgd", "learning_rate": 0.3)"}) {
    std::optional<ModelFile> first;
    std::vector<std::string> first_scores;
    for (const int workers : {1, 2, 3, 5}) {
      const ModelFile model = model_of(digits_job(
          fmt::format(R"({}, "mode": "mapreduce", "epochs": 6, "seed": 3, "workers": {})", fields, workers)));
      if (!first) {
        first = model;
        first_scores = scores(outcome_);
        EXPECT_EQ(first_scores.size(), 6U);
      }
      EXPECT_EQ(model.weights, first->weights) << workers << " workers, " << fields;
      EXPECT_EQ(scores(outcome_), first_scores) << workers << " workers, " << fields;
    }
  }
}

TEST_F(TrainingTest, MapReduceEndsWhereItHasConverged) {
  const ModelFile model = model_of(diabetes_job(R"("mode": "mapreduce", "epochs": 1000)"));
  EXPECT_LT(outcome_.records.size(), 100U);
  for (std::size_t i = 0; i < outcome_.records.size(); ++i)
    EXPECT_EQ(parse_json(outcome_.records[i]).value()["epoch"], i + 1);
}

TEST_F(TrainingTest, EarlyStopKeepsTheBestEpoch) {
  const std::string file = KRIGE_SOURCE_DIR "/examples/data/breast_cancer.csv";
  for (const char* mode : {"bsp", "asp", "mapreduce"}) {
    // A network that learns its few rows by heart.
    const std::string job = fmt::format(
        R"({{"model": "mlp", "data": {{"path": "{0}", "label": "diagnosis", "validation": 0.8, "test": "{0}"}}, "mode": "{1}",
            "hidden": 64, "epochs": 2000, "learning_rate": 0.2, "seed": 5, "early_stop": {{"patience": 4}}}})",
        file, mode);
    const ModelFile model = model_of(job);
    const std::size_t epochs = outcome_.records.size();
    ASSERT_LT(epochs, 2000U) << mode;
    std::size_t best = 0;
    std::vector<double> losses;
    for (const std::string& text : outcome_.records)
      losses.push_back(parse_json(text).value()["validation_loss"].get<double>());
    for (std::size_t i = 0; i < epochs; ++i)
      if (losses[i] < losses[best]) best = i;
    EXPECT_EQ(last(outcome_)["best_epoch"], best + 1) << mode;
    EXPECT_TRUE(last(outcome_).contains("test_loss"));
    if (mode == std::string("asp")) continue;  // which is another training each time
    EXPECT_EQ(epochs, best + 1 + 4) << mode;
    OrderedJson shorter = parse_json(job).value();
    shorter.erase("early_stop");
    shorter["epochs"] = best + 1;
    EXPECT_EQ(model_of(shorter.dump()).weights, model.weights) << mode;
  }
}

TEST_F(TrainingTest, EarlyStopNeedsValidationRows) {
  const std::string file = KRIGE_SOURCE_DIR "/examples/data/diabetes.csv";
  const Outcome outcome = train(fmt::format(
      R"({{"model": "linear", "data": {{"path": "{}", "label": -1, "validation": 0}}, "early_stop": {{}}}})", file));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_EQ(outcome.log, "error: early_stop: needs validation rows (data.validation)\n");
}

TEST_F(TrainingTest, ReachesSensibleAccuracyInEveryMode) {
  for (const std::string mode : {"bsp", "ssp", "asp"}) {
    const std::string processes = fmt::format(R"("mode": "{}", "workers": 2, "shards": 2, "seed": 3)", mode);
    const Outcome cancer =
        train(breast_cancer_job(processes + R"(, "epochs": 10, "batch_size": 32, "learning_rate": 0.1)"));
    ASSERT_EQ(cancer.exit_code, 0) << cancer.log;
    EXPECT_GE(last(cancer)["accuracy"].get<double>(), 0.95) << mode;
    const Outcome digits = train(digits_job(
        processes + R"(, "epochs": 15, "batch_size": 32, "hidden": 64, "optimizer": "adam", "learning_rate": 0.005)"));
    ASSERT_EQ(digits.exit_code, 0) << digits.log;
    EXPECT_GE(last(digits)["accuracy"].get<double>(), 0.97) << mode;
  }
}

TEST_F(TrainingTest, FactorizationMachineLearnsProductsThatALinearModelCannot) {
  std::string table = "a,b,c,y\n";
  Rng rng(4);
  for (int row = 0; row < 600; ++row) {
    const double a = rng.normal();
    const double b = rng.normal();
    const double c = rng.normal();
    table += fmt::format("{},{},{},{}\n", a, b, c, 1 + a - 2 * b * c + 0.5 * a * b);
  }
  ASSERT_TRUE(write_file_atomically(model_, table));
  const auto rmse = [&](const std::string& fields) {
    const Outcome outcome = train(
        fmt::format(R"({{"data": {{"path": "{}", "label": "y"}}, "epochs": 60, "batch_size": 32, "seed": 1, {}}})",
                    model_, fields));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.log;
    return last(outcome)["rmse"].get<double>();
  };
  EXPECT_GT(rmse(R"("model": "linear", "mode": "mapreduce")"), 1.5);
  EXPECT_LT(rmse(R"("model": "fm", "factors": 4, "optimizer": "adam", "learning_rate": 0.03, "workers": 2)"), 0.05);
  EXPECT_LT(rmse(R"("model": "fm", "factors": 4, "mode": "mapreduce", "workers": 2)"), 0.05);
}

TEST_F(TrainingTest, RecordsHaveTheirFieldsAndTheLastOneTheTestSet) {
  const std::string file = KRIGE_SOURCE_DIR "/examples/data/breast_cancer.csv";
  const Outcome outcome = train(fmt::format(
      R"({{"model": "softmax", "data": {{"path": "{0}", "label": -1, "validation": "{0}", "test": "{0}"}}, "epochs": 3}})",
      file));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.log;
  ASSERT_EQ(outcome.records.size(), 3U);
  for (std::size_t i = 0; i < 3; ++i) {
    const OrderedJson record = parse_json(outcome.records[i]).value();
    EXPECT_EQ(record["epoch"], i + 1);
    EXPECT_EQ(record["step"], (i + 1) * 9);  // 569 rows in minibatches of at most 64
    EXPECT_EQ(record["train_loss"], record["validation_loss"]);
    EXPECT_TRUE(record.contains("examples_per_second") && record.contains("elapsed_seconds"));
    EXPECT_EQ(record.contains("test_loss"), i == 2);
    for (const char* spent : {"compute_seconds", "wait_seconds", "wire_bytes", "socket_bytes"})
      EXPECT_EQ(record.contains(spent), i == 2) << spent;
  }
  EXPECT_EQ(last(outcome)["test_accuracy"], last(outcome)["accuracy"]);
  EXPECT_EQ(outcome.files, std::vector<std::string>{});
  EXPECT_EQ(outcome.left, std::vector<pid_t>{});
}

TEST_F(TrainingTest, WhatTheProcessesDoIsShown) {
  const std::string file = model_ + ".cluster.json";
  for (const std::string mode : {"bsp", "ssp", "mapreduce"}) {
    const std::string job =
        digits_job(fmt::format(R"("mode": "{}", "epochs": 2, "batch_size": 500, "workers": 2, "shards": 2)", mode));
    const Outcome outcome = train(job, {"--cluster", file});
    ASSERT_EQ(outcome.exit_code, 0) << outcome.log;
    const OrderedJson cluster = parse_json(read_file(file).value()).value();
    std::filesystem::remove(file);
    EXPECT_EQ(cluster["mode"], mode);
    EXPECT_GT(cluster["elapsed_seconds"], 0);
    std::map<std::string, std::vector<OrderedJson>> by_role;
    for (const OrderedJson& process : cluster["processes"]) by_role[process["role"]].push_back(process);
    EXPECT_EQ(by_role["coordinator"].size(), 1U);
    ASSERT_EQ(by_role["worker"].size(), 2U);
    EXPECT_EQ(by_role["shard"].size(), mode == "mapreduce" ? 0U : 2U);
    double compute = 0;
    std::int64_t sent = 0, taken = 0;
    for (const OrderedJson& worker : by_role["worker"]) {
      EXPECT_GT(worker["pid"], 1);
      EXPECT_GT(worker["clock"], 0) << "in bsp the others may have done the last ones for it";
      EXPECT_GT(worker["socket_bytes"].get<double>() + worker["memory_bytes"].get<double>(), 0);
      compute += worker["compute_seconds"].get<double>();
      sent += worker.value("pushes", 0);
    }
    EXPECT_NEAR(compute, last(outcome)["compute_seconds"].get<double>(), 1e-6) << "as the last record has it";
    for (const OrderedJson& shard : by_role["shard"]) {
      EXPECT_EQ(shard["clock"], mode == "bsp" ? 6 : 4) << "1437 rows in minibatches of 500, of all or of each, twice";
      EXPECT_GT(shard["pulls"], 0);
      EXPECT_LE(shard["staleness_max"], mode == "ssp" ? 2 : 0);
      taken += shard["pushes"].get<std::int64_t>();
    }
    EXPECT_EQ(taken > 0, mode != "mapreduce");
    EXPECT_LE(taken, sent) << "what came too late to change anything is not waited for";
  }
}

TEST_F(TrainingTest, TheWorkersTimeAndBytesAreCounted) {
  for (const std::string mode : {"bsp", "ssp", "asp", "mapreduce"}) {
    const std::string job =
        digits_job(fmt::format(R"("mode": "{}", "epochs": 2, "batch_size": 500, "workers": 2)", mode));
    const Outcome by_socket = train(job, {"--transport", "unix"});
    ASSERT_EQ(by_socket.exit_code, 0) << by_socket.log;
    EXPECT_GT(last(by_socket)["compute_seconds"].get<double>(), 0) << mode;
    EXPECT_GT(last(by_socket)["wait_seconds"].get<double>(), 0) << mode;
    EXPECT_EQ(last(by_socket)["wire_bytes"], last(by_socket)["socket_bytes"]) << mode;
    // Each of two workers got each epoch's 650 weights to evaluate at the least.
    EXPECT_GT(last(by_socket)["wire_bytes"].get<std::int64_t>(), 2 * 2 * 650 * 4) << mode;
    // A straggler sleeps at least once. In bsp it may be overtaken, and then has fewer minibatches than the other.
    const Outcome slow = train(job, {"--straggler", "0.01"});
    ASSERT_EQ(slow.exit_code, 0) << slow.log;
    EXPECT_GE(last(slow)["compute_seconds"].get<double>(), 0.01) << mode;
    if (mode == "bsp") {
      EXPECT_GT(last(slow)["wire_bytes"], last(slow)["socket_bytes"]);
    }
  }
}

TEST_F(TrainingTest, EvaluateSaysWhatTheTrainingSaidOfItsTestSet) {
  const std::string file = KRIGE_SOURCE_DIR "/examples/data/breast_cancer.csv";
  const ModelFile model = model_of(fmt::format(
      R"({{"model": "logistic", "data": {{"path": "{0}", "label": -1, "test": "{0}"}}, "epochs": 3, "workers": 2}})",
      file));
  const Measure measure = evaluate(model, file).value();
  EXPECT_EQ(measure.rows, 569U);
  EXPECT_EQ(measure.score.loss, last(outcome_)["test_loss"].get<double>());
  EXPECT_EQ(measure.score.quality, last(outcome_)["test_accuracy"].get<double>());
}

TEST_F(TrainingTest, ALossThatIsNoNumberEndsTheTraining) {
  const Outcome outcome = train(diabetes_job(R"("epochs": 100000, "batch_size": 32, "learning_rate": 50)"));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_LT(outcome.records.size(), 100U);
  EXPECT_TRUE(last(outcome)["train_loss"].is_string());
  EXPECT_NE(outcome.log.find("the loss is not a number after epoch"), std::string::npos) << outcome.log;
}

TEST_F(TrainingTest, WhatIsWrongWithTheDataIsSaid) {
  const auto error_of = [](const std::string& path, const std::string& label) {
    const Outcome outcome = train(
        fmt::format(R"({{"model": "logistic", "data": {{"path": "{}", "label": "{}"}}, "workers": 3}})", path, label));
    EXPECT_EQ(outcome.records.size(), 0U);
    EXPECT_EQ(outcome.left, std::vector<pid_t>{});
    return std::pair(outcome.exit_code, outcome.log);
  };
  EXPECT_EQ(error_of("/nonexistent.csv", "y"),
            std::pair(1, std::string("error: /nonexistent.csv: there is no such file\n")));
  ASSERT_TRUE(write_file_atomically(model_, "a,y\n1,0\ntwo,1\n"));
  EXPECT_EQ(error_of(model_, "y"),
            std::pair(2, fmt::format("error: {}:3: column 1 (a) is not a finite number: two\n", model_)));
}

// 442 rows are 34 minibatches of 13: by ones, or by twos that the worker steps through itself. Adam's state is in one
// case the shard's, in the other the worker's.
TEST_F(TrainingTest, LocalStepsAreTheSameMinibatches) {
  for (const char* optimizer : {"sgd", "adam"}) {
    const std::string fields =
        fmt::format(R"("mode": "asp", "optimizer": "{}", "learning_rate": 0.02, "batch_size": 13, "epochs": 20,
                       "l2": 0.01, "schedule": "cosine")",
                    optimizer);
    const ModelFile by_ones = model_of(diabetes_job(fields));
    for (const char* shards : {R"(, "local_steps": 2)", R"(, "local_steps": 2, "shards": 3)"}) {
      const ModelFile by_twos = model_of(diabetes_job(fields + shards));
      for (std::size_t i = 0; i < by_ones.weights.size(); ++i)
        EXPECT_NEAR(by_twos.weights[i], by_ones.weights[i], 1e-3 * std::abs(by_ones.weights[i]) + 1e-3) << optimizer;
    }
  }
}

TEST_F(TrainingTest, TwoWorkersWithLocalStepsReachTheOptimum) {
  const auto loss_of = [&](const std::string& fields) {
    const Outcome outcome = train(diabetes_job(fields));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.log;
    return last(outcome)["train_loss"].get<double>();
  };
  const double optimum = loss_of(R"("mode": "mapreduce", "epochs": 200)");
  const double reached = loss_of(
      R"("mode": "asp", "workers": 2, "local_steps": 4, "batch_size": 8, "optimizer": "adagrad", "learning_rate": 20,
         "epochs": 400, "schedule": "linear")");
  EXPECT_GE(reached, optimum * (1 - 1e-6));
  EXPECT_LE(reached, optimum * 1.002);
}

TEST_F(TrainingTest, EvaluatesTheEpochsThatTheJobAsksForAndTheLast) {
  for (const char* mode : {"bsp", "asp", "mapreduce"}) {
    const Outcome outcome =
        train(breast_cancer_job(fmt::format(R"("mode": "{}", "epochs": 8, "evaluate_every": 3)", mode)));
    ASSERT_EQ(outcome.exit_code, 0) << outcome.log;
    std::vector<std::int64_t> epochs;
    for (const std::string& record : outcome.records) epochs.push_back(parse_json(record).value()["epoch"]);
    EXPECT_EQ(epochs, (std::vector<std::int64_t>{3, 6, 8})) << mode;
  }
}

TEST_F(TrainingTest, LeavesTheTrainingRowsOutOfTheRecordsWhereTheJobSaysSo) {
  const ModelFile all = model_of(breast_cancer_job(R"("epochs": 3)"));
  std::vector<OrderedJson> expected;
  for (const std::string& line : outcome_.records) expected.push_back(parse_json(line).value());
  EXPECT_EQ(model_of(breast_cancer_job(R"("epochs": 3, "evaluate_train": false)")).weights, all.weights);
  ASSERT_EQ(outcome_.records.size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const OrderedJson record = parse_json(outcome_.records[i]).value();
    EXPECT_TRUE(expected[i].contains("train_loss"));
    EXPECT_FALSE(record.contains("train_loss"));
    EXPECT_EQ(record["validation_loss"], expected[i]["validation_loss"]);
  }

  // What diverges ends all the same, by its validation loss.
  const std::string diabetes = R"({"model": "linear", "data": {"path": ")" KRIGE_SOURCE_DIR
                               R"(/examples/data/diabetes.csv", "label": -1, "validation": )";
  const Outcome diverged =
      train(diabetes + R"(0.2}, "evaluate_train": false, "learning_rate": 50, "batch_size": 32, "epochs": 100000})");
  EXPECT_EQ(diverged.exit_code, 0);
  EXPECT_LT(diverged.records.size(), 1000U);

  const Outcome nothing_to_tell = train(diabetes + R"(0}, "evaluate_train": false})");
  EXPECT_EQ(nothing_to_tell.exit_code, 2);
  EXPECT_EQ(nothing_to_tell.log, "error: evaluate_train: needs validation rows (data.validation)\n");
}

TEST_F(TrainingTest, AStragglerChangesNoBit) {
  const std::string fields = R"("hidden": 32, "epochs": 3, "batch_size": 256, "learning_rate": 0.01)";
  const ModelFile alone = model_of(digits_job(fields));
  for (const char* processes : {R"(, "workers": 2)", R"(, "workers": 3, "shards": 2)"})
    EXPECT_EQ(model_of(digits_job(fields + processes), {"--straggler", "0.02"}).weights, alone.weights) << processes;
}

// The read log of the shards: each line has the worker's clock and the least of all workers.
struct Read {
  unsigned worker = 0;
  unsigned long clock = 0;
  unsigned long min_clock = 0;
};
std::optional<Read> next_read(TrainerProcess& trainer) {
  Read read;
  unsigned shard = 0;
  const auto line = trainer.next_log();
  if (!line || std::sscanf(line->c_str(), "info: read shard=%u worker=%u clock=%lu min_clock=%lu", &shard, &read.worker,
                           &read.clock, &read.min_clock) != 4)
    return std::nullopt;
  return read;
}

// Point 1 of the acceptance list of Li et al., OSDI 2014: the bound holds always, and with one worker stopped the
// others stall exactly where it says.
TEST_F(TrainingTest, SspBoundsTheDelayAndStallsBehindAStoppedWorker) {
  constexpr unsigned long kStaleness = 3;
  TrainerProcess trainer(
      breast_cancer_job(
          fmt::format(R"("mode": "ssp", "staleness": {}, "workers": 2, "epochs": 40, "batch_size": 8)", kStaleness)),
      {"--trace"});
  ASSERT_TRUE(next_read(trainer));
  const std::vector<pid_t> workers = trainer.members("worker");
  ASSERT_EQ(workers.size(), 2U);
  ASSERT_EQ(::kill(workers[0], SIGSTOP), 0);
  std::optional<Read> read;
  do {
    read = next_read(trainer);
    ASSERT_TRUE(read) << "no read at the bound";
    ASSERT_LE(read->clock - read->min_clock, kStaleness);
  } while (read->clock - read->min_clock < kStaleness);
  ASSERT_EQ(::kill(workers[0], SIGCONT), 0);
  std::set<unsigned> seen;
  while ((read = next_read(trainer))) {
    ASSERT_LE(read->clock - read->min_clock, kStaleness);
    seen.insert(read->worker);
  }
  EXPECT_EQ(seen.size(), 2U);
  EXPECT_EQ(trainer.finish().exit_code, 0);
}

// The blocks of a stopped worker are computed by the other: the same bits as without the stop. There are more reads
// than the log takes before it is read, and only the last epoch is evaluated: wherever the worker stops, much is left
// to do.
TEST_F(TrainingTest, BspGoesOnWhileAWorkerIsStopped) {
  for (const char* shards : {"1", "3"}) {
    const std::string fields =
        fmt::format(R"("hidden": 32, "epochs": 100, "evaluate_every": 100, "batch_size": 128, "learning_rate": 0.01,
                       "shards": {})",
                    shards);
    const ModelFile undisturbed = model_of(digits_job(fields));
    TrainerProcess trainer(digits_job(fields + R"(, "workers": 2)"), {"--trace", "--model", model_});
    ASSERT_TRUE(next_read(trainer));
    const std::vector<pid_t> workers = trainer.members("worker");
    ASSERT_EQ(workers.size(), 2U);
    ASSERT_EQ(::kill(workers[0], SIGSTOP), 0);
    // What was read before it stopped may still be in the log; beyond that only one of the two reads.
    std::optional<Read> read;
    std::array<unsigned long, 2> furthest{};
    do {
      read = next_read(trainer);
      ASSERT_TRUE(read);
      furthest.at(read->worker) = std::max(furthest.at(read->worker), read->clock);
    } while (std::max(furthest[0], furthest[1]) < std::min(furthest[0], furthest[1]) + 6);
    ASSERT_EQ(::kill(workers[0], SIGCONT), 0);
    ASSERT_EQ(trainer.finish().exit_code, 0);
    EXPECT_EQ(read_model(model_).value().weights, undisturbed.weights);
  }
}

TEST_F(TrainingTest, AspNeverWaits) {
  TrainerProcess trainer(breast_cancer_job(R"("mode": "asp", "workers": 2, "epochs": 400, "batch_size": 8)"),
                         {"--trace"});
  ASSERT_TRUE(next_read(trainer));
  const std::vector<pid_t> workers = trainer.members("worker");
  ASSERT_EQ(workers.size(), 2U);
  ASSERT_EQ(::kill(workers[0], SIGSTOP), 0);
  std::optional<Read> read;
  do {
    read = next_read(trainer);
    ASSERT_TRUE(read);
  } while (read->clock - read->min_clock < 200);
  ASSERT_EQ(::kill(workers[0], SIGCONT), 0);
  EXPECT_EQ(trainer.finish().exit_code, 0);
}

}  // namespace
}  // namespace krige::trainer
