#include "base/train_job.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace krige {
namespace {

constexpr const char* kDigits = R"({
  "model": "mlp", "data": {"path": "digits.csv.gz", "label": -1, "validation": 0.25},
  "mode": "ssp", "staleness": 4, "workers": 2, "shards": 2, "epochs": 12, "batch_size": 32,
  "optimizer": "momentum", "learning_rate": 0.05, "momentum": 0.8, "l2": 0.001, "hidden": [64, 32],
  "activation": "tanh", "seed": 7, "transport": "socket"})";

TEST(TrainJob, SurvivesTheRoundTrip) {
  const TrainJob job = parse_train_job(parse_json(kDigits).value()).value();
  EXPECT_EQ(job.model, ModelKind::mlp);
  EXPECT_EQ(job.hidden, (std::vector<std::int64_t>{64, 32}));
  EXPECT_EQ(std::get<std::int64_t>(job.data.label), -1);
  EXPECT_EQ(parse_train_job(to_json(job)).value(), job);
}

TEST(TrainJob, ModesHaveTheirDefaultOptimizer) {
  const auto parse = [](const char* text) { return parse_train_job(parse_json(text).value()).value(); };
  EXPECT_EQ(parse(R"({"model":"logistic","data":{"path":"x","label":"y"}})").optimizer, OptimizerKind::sgd);
  const TrainJob job = parse(R"({"model":"linear","data":{"path":"x","label":"y"},"mode":"mapreduce","loss":"huber",
      "evaluate_every":5,"evaluate_train":false,"huber_delta":0.5,"schedule":"cosine","warmup_steps":10,"early_stop":{"patience":4,"min_delta":0.001}})");
  EXPECT_EQ(job.optimizer, OptimizerKind::lbfgs);
  EXPECT_EQ(job.early_stop, (EarlyStop{4, 0.001}));
  EXPECT_EQ(job.evaluate_every, 5);
  EXPECT_FALSE(job.evaluate_train);
  EXPECT_EQ(job.schedule, RateSchedule::cosine);
  EXPECT_EQ(parse_train_job(to_json(job)).value(), job);
}

TEST(TrainJob, FaultsNameTheirField) {
  const auto faults = [](const char* text) {
    const Result<TrainJob> job = parse_train_job(parse_json(text).value(), "train");
    return job ? std::string() : job.error().describe();
  };
  EXPECT_EQ(faults(R"({"model":"mlp"})"), "train.data: is missing");
  EXPECT_EQ(faults(R"({"model":"mlp","data":{"path":"x","label":"y","validation":1.5}})"),
            "train.data.validation: must be a fraction in [0, 1) or a file, is 1.5");
  EXPECT_EQ(faults(R"({"model":"mlp","data":{"path":"x","label":"y"},"hidden":[8,0]})"),
            "train.hidden[1]: must be a width from 1 to 1048576, is 0");
  EXPECT_EQ(faults(R"({"model":"mlp","data":{"path":"x","label":"y"},"learning_rat":1})"),
            "train.learning_rat: is not a known key; did you mean learning_rate?");
  EXPECT_EQ(faults(R"({"model":"mlp","data":{"path":"x","label":"y"},"early_stop":{"patience":0}})"),
            "train.early_stop.patience: must be between 1 and 1000000000, is 0");
  EXPECT_EQ(faults(R"({"model":"softmax","data":{"path":"x","label":"y"},"loss":"huber"})"),
            "train.loss: is for numeric labels, softmax has classes");
  EXPECT_EQ(faults(R"({"model":"mlp","data":{"path":"x","label":"y"},"mode":"mapreduce","optimizer":"adam"})"),
            "train.optimizer: must be lbfgs or sgd in mode mapreduce, is adam");
  EXPECT_EQ(faults(R"({"model":"mlp","data":{"path":"x","label":"y"},"optimizer":"lbfgs"})"),
            "train.optimizer: lbfgs is for mode mapreduce");
  EXPECT_EQ(faults(R"({"model":"mlp","data":{"path":"x","label":"y"},"mode":"mapreduce","dropout":0.5})"),
            "train.dropout: is not for mode mapreduce");
  EXPECT_EQ(faults(R"({"model":"mlp","data":{"path":"x","label":"y"},"local_steps":4})"),
            "train.local_steps: is for modes ssp and asp, not bsp");
}

TEST(TrainJob, DataSurviveTheRoundTrip) {
  for (
      const char* data :
      {R"({"path":"x","label":"y","header":false,"on_error":"skip","missing":"mean","categorical":"hash","hash_bits":10,
            "categorical_columns":["u"],"ignore_columns":["t"],"standardize":false,"test":0.1,"stratified":true})",
       R"({"path":"x","format":"libsvm","folds":5,"fold":4,"test":"y"})", R"({"path":"x","format":"idx","label":"y"})",
       R"({"path":"x","format":"idx","standardize":true,"validation":"v"})"}) {
    const std::string text = std::string(R"({"model":"softmax","data":)") + data + "}";
    const Result<TrainJob> job = parse_train_job(parse_json(text).value());
    ASSERT_TRUE(job) << job.error().describe();
    EXPECT_EQ(parse_train_job(to_json(*job)).value(), *job) << data;
  }
  const auto standardized = [](const char* format) {
    return parse_train_job(parse_json(fmt::format(R"({{"model":"mlp","data":{{"path":"x","format":"{}"{}}}}})", format,
                                                  std::string_view(format) == "tsv" ? R"(,"label":0)" : ""))
                               .value())
        .value()
        .data.standardize;
  };
  EXPECT_TRUE(standardized("tsv"));
  EXPECT_FALSE(standardized("libsvm"));
  EXPECT_FALSE(standardized("idx"));
}

TEST(TrainJob, FaultsOfTheDataNameTheirField) {
  const auto fault = [](const std::string& data) {
    const Result<TrainJob> job =
        parse_train_job(parse_json(R"({"model":"mlp","data":{"path":"x",)" + data + "}}").value());
    return job ? std::string() : job.error().describe();
  };
  EXPECT_EQ(fault(R"("format":"csv")"), "data.label: is missing");
  EXPECT_EQ(fault(R"("format":"libsvm","label":0)"), "data.label: libsvm has its label at the beginning of each line");
  EXPECT_EQ(fault(R"("format":"idx","label":0)"), "data.label: must be the file of the labels, is 0");
  EXPECT_EQ(fault(R"("format":"libsvm","missing":"mean")"), "data.missing: is for csv and tsv");
  EXPECT_EQ(fault(R"("label":0,"fold":1)"), "data.fold: needs folds");
  EXPECT_EQ(fault(R"("label":0,"folds":3,"fold":3)"), "data.fold: must be between 0 and 2, is 3");
  EXPECT_EQ(fault(R"("label":0,"folds":3,"validation":0.1)"), "data.validation: folds say what it is");
  EXPECT_EQ(fault(R"("label":0,"hash_bits":25)"), "data.hash_bits: must be between 1 and 24, is 25");
  EXPECT_EQ(fault(R"("label":0,"ignore_columns":[1])"), "data.ignore_columns: must be a list of columns' names");
}

TEST(TrainJob, PathsOfItsDataAreKnown) {
  const auto keys = [](const char* data) { return data_path_keys(parse_json(data).value()); };
  EXPECT_EQ(keys(R"({"path":"a","label":"y","test":0.1,"validation":"b"})"),
            (std::vector<std::string>{"path", "validation"}));
  EXPECT_EQ(keys(R"({"path":"a","label":"y","test":"c","format":"idx"})"),
            (std::vector<std::string>{"path", "test", "label"}));
}

TEST(TrainJob, TunableFieldsAreItsFields) {
  EXPECT_TRUE(is_tunable_job_field("learning_rate"));
  EXPECT_FALSE(is_tunable_job_field("data"));
  TrainJob with_loss;
  with_loss.loss = RegressionLoss::huber;
  const OrderedJson job = to_json(with_loss);
  for (const std::string& field : tunable_job_fields()) EXPECT_TRUE(job.contains(field)) << field;
}

}  // namespace
}  // namespace krige
