#include "base/train_job.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace krige {
namespace {

constexpr const char* kDigits = R"({
  "model": "mlp", "data": {"path": "digits.csv.gz", "label": -1, "validation": 0.25},
  "mode": "ssp", "staleness": 4, "workers": 2, "shards": 2, "epochs": 12, "batch_size": 32,
  "optimizer": "momentum", "learning_rate": 0.05, "momentum": 0.8, "l2": 0.001, "hidden": [64, 32],
  "activation": "tanh", "seed": 7})";

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
      "huber_delta":0.5,"schedule":"cosine","warmup_steps":10,"early_stop":{"patience":4,"min_delta":0.001}})");
  EXPECT_EQ(job.optimizer, OptimizerKind::lbfgs);
  EXPECT_EQ(job.early_stop, (EarlyStop{4, 0.001}));
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
  EXPECT_EQ(faults(R"({"model":"mlp","data":{"path":"x","label":"y","format":"idx"}})"),
            "train.data.format: idx is not available in this version");
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
