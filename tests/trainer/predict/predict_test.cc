// Predictions against sums made by hand; the data are read by the program's own loader.
#include "trainer/predict/predict.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/json.h"
#include "tests/trainer/data/support.h"

namespace krige::trainer {
namespace {

class Predict : public testing::DataTest {
 protected:
  // A model of these data with weights made up.
  ModelFile model_of(const TrainJob& job, Floats weights) {
    Dataset data = load_dataset(
                       job, [] {}, cache_)
                       .value();
    return {job, data.summary, std::move(weights)};
  }
  static Result<std::string> lines(const ModelFile& model, const std::string& path, PredictionFormat format = {}) {
    std::string text;
    KRIGE_CHECK(predict(model, path, format, [&](std::string_view piece) -> Status {
      text += piece;
      return {};
    }));
    return text;
  }
  static ErrorCode code_of(const Result<std::string>& got) { return got ? ErrorCode::internal : got.error().code; }

  [[nodiscard]] TrainJob job(ModelKind model, const std::string& path, DataFormat format = DataFormat::csv) const {
    TrainJob job;
    job.model = model;
    job.data.path = path;
    job.data.format = format;
    job.data.label = "y";
    job.data.validation = 0.0;
    job.data.standardize = false;
    return job;
  }

  // The label comes first, so that leaving it out moves all other columns.
  const std::string training_ = "y,a,colour\n1,2,red\n2,3,blue\n4,1,red\n";
  // Of a, colour=blue, colour=red; the bias.
  const Floats weights_{2, 10, 100, 0.5F};
};

TEST_F(Predict, NeedsNoLabel) {
  const ModelFile model = model_of(job(ModelKind::linear, file("train.csv", training_)), weights_);
  EXPECT_EQ(lines(model, file("bare.csv", "a,colour\n5,blue\n-1,red\n7,green\n")).value(), "20.5\n98.5\n14.5\n");
  EXPECT_EQ(lines(model, file("with.csv", "y,a,colour\n,5,blue\nunknown,-1,red\n")).value(), "20.5\n98.5\n");
  EXPECT_EQ(lines(model, file("with.csv", "y,a,colour\n1,5,blue\n"), {.json = true}).value(), "{\"value\":20.5}\n");
}

TEST_F(Predict, TakesOtherColumnsForAFault) {
  const ModelFile model = model_of(job(ModelKind::linear, file("train.csv", training_)), weights_);
  EXPECT_EQ(code_of(lines(model, file("other.csv", "b,colour\n5,blue\n"))), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(lines(model, file("fewer.csv", "a\n5\n"))), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(lines(model, (folder_ / "none.csv").string())), ErrorCode::not_found);
}

TEST_F(Predict, ScalesAndFillsInAsInTraining) {
  TrainJob scaled = job(ModelKind::linear, file("train.csv", "y,a,b\n1,1,10\n2,3,30\n"));
  scaled.data.standardize = true;
  scaled.data.missing = Missing::mean;
  // a: mean 2, deviation 1; b: mean 20, deviation 10.
  const ModelFile model = model_of(scaled, {1, 100, 0});
  EXPECT_EQ(lines(model, file("bare.csv", "a,b\n4,40\n?,10\n2,NA\n")).value(), "202\n-100\n0\n");
}

TEST_F(Predict, EveryRowHasItsLineWhateverTrainingLeftOut) {
  TrainJob lenient = job(ModelKind::linear, file("train.csv", training_));
  lenient.data.on_error = OnError::skip;
  lenient.data.missing = Missing::skip;
  const ModelFile model = model_of(lenient, weights_);
  const std::string rows = file("rows.csv", "y,a,colour\n1,x,blue\n20.5,5,blue\n2,,red\n");
  const Result<std::string> got = lines(model, rows);
  ASSERT_FALSE(got);
  EXPECT_NE(got.error().message.find("rows.csv:2: column 2 (a)"), std::string::npos) << got.error().message;
  const Measure measure = evaluate(model, rows).value();
  EXPECT_EQ(measure.rows, 1U);
  EXPECT_EQ(measure.skipped, 2U);
  EXPECT_EQ(measure.score.loss, 0);
}

TEST_F(Predict, SaysClassesAndTheirProbabilities) {
  const ModelFile two = model_of(job(ModelKind::logistic, file("two.csv", "y,a\nno,0\nyes,1\n")), {1, 0});
  const std::string rows = file("rows.csv", "a\n-2\n0\n2\n");
  EXPECT_EQ(lines(two, rows).value(), "no\nno\nyes\n");
  const auto sure = parse_json(lines(two, file("one.csv", "a\n2\n"), {.probabilities = true, .json = true}).value());
  EXPECT_EQ((*sure)["class"], "yes");
  EXPECT_NEAR((*sure)["probabilities"]["yes"].get<double>(), 1 / (1 + std::exp(-2.0)), 1e-12);
  EXPECT_NEAR((*sure)["probabilities"]["no"].get<double>(), 1 / (1 + std::exp(2.0)), 1e-12);
  // Three classes: outputs a, 2a, −a.
  const ModelFile three =
      model_of(job(ModelKind::softmax, file("three.csv", "y,a\n1,0\n2,1\n10,2\n")), {1, 2, -1, 0, 0, 0});
  EXPECT_EQ(lines(three, rows).value(), "10\n1\n2\n");
  const double sum = std::exp(2.0) + std::exp(4.0) + std::exp(-2.0);
  EXPECT_EQ(lines(three, file("one.csv", "a\n2\n"), {.probabilities = true}).value(),
            fmt::format("2\t{:.6g}\t{:.6g}\t{:.6g}\n", std::exp(2.0) / sum, std::exp(4.0) / sum, std::exp(-2.0) / sum));
  const ModelFile number = model_of(job(ModelKind::linear, file("train.csv", training_)), weights_);
  EXPECT_EQ(code_of(lines(number, rows, {.probabilities = true})), ErrorCode::invalid_argument);
}

TEST_F(Predict, ReadsLibsvmAndImages) {
  const ModelFile sparse =
      model_of(job(ModelKind::logistic, file("train.svm", "-1 1:1\n+1 2:1\n"), DataFormat::libsvm), {-1, 1, 0});
  // The label is whatever; entry 9 was not in training.
  EXPECT_EQ(lines(sparse, file("rows.svm", "0 2:3 9:1\n7 1:1\n")).value(), "1\n-1\n");
  TrainJob images = job(ModelKind::softmax, file("a-images", testing::idx({2, 2}, std::string("\x00\xff\xff\x00", 4))),
                        DataFormat::idx);
  images.data.label = file("a-labels", testing::idx({2}, "\x01\x02"));
  const ModelFile pixels = model_of(images, {1, 0, 0, 1, 0, 0});
  EXPECT_EQ(lines(pixels, file("b-images", testing::idx({2, 2}, std::string("\xff\x00\x00\x80", 4)))).value(),
            "1\n2\n");
}

TEST_F(Predict, MeasuresLossAndQuality) {
  const ModelFile number = model_of(job(ModelKind::linear, file("train.csv", training_)), weights_);
  // Predicted 20.5 and 98.5.
  const Measure off = evaluate(number, file("rows.csv", "y,a,colour\n20.5,5,blue\n94.5,-1,red\n")).value();
  EXPECT_EQ(to_text(off), "rows 2  loss 4  rmse 2.82843");
  EXPECT_EQ(parse_json(to_json_text(off)).value()["loss"], 4.0);
  const ModelFile two = model_of(job(ModelKind::logistic, file("two.csv", "y,a\nno,0\nyes,1\n")), {1, 0});
  const Measure right = evaluate(two, file("rows.csv", "y,a\nyes,2\nyes,-1\n")).value();
  EXPECT_EQ(right.score.quality, 0.5);
  EXPECT_NEAR(right.score.loss, (std::log1p(std::exp(-2.0)) + std::log1p(std::exp(1.0))) / 2, 1e-7);
  EXPECT_FALSE(evaluate(two, file("strange.csv", "y,a\nperhaps,2\n")));
  EXPECT_FALSE(evaluate(two, file("bare.csv", "a\n2\n")));
}

TEST_F(Predict, AContradictoryModelIsRefused) {
  const ModelFile good = model_of(job(ModelKind::linear, file("train.csv", training_)), weights_);
  const std::string rows = file("rows.csv", "a,colour\n5,blue\n");
  const auto refused = [&](const std::function<void(ModelFile&)>& change) {
    ModelFile bad = good;
    change(bad);
    return code_of(lines(bad, rows)) == ErrorCode::corrupt;
  };
  EXPECT_TRUE(refused([](ModelFile& m) { m.weights.pop_back(); }));
  EXPECT_TRUE(refused([](ModelFile& m) { m.data.table.kinds.pop_back(); }));
  EXPECT_TRUE(refused([](ModelFile& m) { m.data.table.kinds[0] = ColumnKind::ignored; }));
  EXPECT_TRUE(refused([](ModelFile& m) { m.data.table.categories.emplace_back("\xff\xff\xff\xffx"); }));
  EXPECT_TRUE(refused([](ModelFile& m) { m.data.table.columns = 1; }));
  EXPECT_TRUE(refused([](ModelFile& m) { m.data.table.numeric = 2; }));
}

TEST_F(Predict, OutputsThatAreNoNumbersAreAnError) {
  const ModelFile model = model_of(job(ModelKind::linear, file("train.csv", training_)), {2, 10, std::nanf(""), 0.5F});
  EXPECT_EQ(code_of(lines(model, file("rows.csv", "a,colour\n5,red\n"))), ErrorCode::unsupported);
}

}  // namespace
}  // namespace krige::trainer
