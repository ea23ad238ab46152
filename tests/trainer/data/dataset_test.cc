#include "trainer/data/dataset.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "tests/trainer/data/support.h"

namespace krige::trainer {
namespace {

using testing::features_of;
using testing::targets_of;

class DatasetTest : public testing::DataTest {
 protected:
  TrainJob job(ModelKind model, const std::string& content, double validation = 0) {
    TrainJob job;
    job.model = model;
    job.data.path = file("train.csv", content);
    job.data.label = -1;
    job.data.validation = validation;
    return job;
  }
  Result<Dataset> load(const TrainJob& job) {
    return load_dataset(
        job, [] {}, cache_);
  }
};

TEST_F(DatasetTest, StandardizesByTheTrainingRows) {
  TrainJob job = this->job(ModelKind::linear, "a,b,y\n1,7,10\n3,7,20\n");
  job.data.validation = file("validation.csv", "a,b,y\n5,9,30\n");
  job.data.test = file("test.csv", "2,7,40\n");
  const Dataset data = load(job).value();
  EXPECT_EQ(data.summary.mean, (std::vector<double>{2, 7}));
  EXPECT_EQ(data.summary.deviation, (std::vector<double>{1, 0}));
  EXPECT_EQ(features_of(data.train), (std::vector<float>{-1, 0, 1, 0}));
  EXPECT_EQ(targets_of(data.train), (std::vector<float>{10, 20}));      // a regression's label is taken as it is
  EXPECT_EQ(features_of(data.validation), (std::vector<float>{3, 0}));  // a constant column stays 0
  EXPECT_EQ(targets_of(data.test), (std::vector<float>{40}));
  EXPECT_TRUE(data.summary.regression());
  EXPECT_EQ(parse_data_summary(to_text(data.summary)).value(), data.summary);
}

TEST_F(DatasetTest, ValidationRowsAreDrawnByTheSeed) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += std::to_string(i) + "," + std::to_string(i) + ".0\n";
  TrainJob job = this->job(ModelKind::linear, text, 0.25);
  const Dataset first = load(job).value();
  EXPECT_EQ(targets_of(first.validation), targets_of(load(job).value().validation));
  EXPECT_EQ(first.validation.size(), 25U);
  std::set<float> all;
  for (const float target : targets_of(first.train)) all.insert(target);
  for (const float target : targets_of(first.validation)) all.insert(target);
  EXPECT_EQ(all.size(), 100U);
  job.seed = 1;
  EXPECT_NE(targets_of(first.validation), targets_of(load(job).value().validation));
}

TEST_F(DatasetTest, ClassesAreSorted) {
  EXPECT_EQ(load(job(ModelKind::softmax, "1,10\n2,9\n3,-1\n")).value().summary.classes,
            (std::vector<std::string>{"-1", "9", "10"}));
  const Dataset text = load(job(ModelKind::softmax, "1,pear\n2,apple\n3,fig\n")).value();
  EXPECT_EQ(text.summary.classes, (std::vector<std::string>{"apple", "fig", "pear"}));
  EXPECT_EQ(targets_of(text.train), (std::vector<float>{2, 0, 1}));
}

TEST_F(DatasetTest, AnMlpIsARegressionOnlyWhenALabelIsNotAnInteger) {
  EXPECT_FALSE(load(job(ModelKind::mlp, "1,1\n2,2\n")).value().summary.regression());
  EXPECT_TRUE(load(job(ModelKind::mlp, "1,1\n2,2.5\n")).value().summary.regression());
}

TEST_F(DatasetTest, FaultsNameTheFieldOrTheFile) {
  const auto fault = [this](const TrainJob& job) {
    const Result<Dataset> data = load(job);
    return data ? "no error" : data.error().describe();
  };
  TrainJob three = job(ModelKind::logistic, "1,a\n2,b\n3,c\n");
  EXPECT_EQ(fault(three), "data.label: " + three.data.path + ": logistic needs exactly two classes, column x1 has 3");
  TrainJob one = job(ModelKind::softmax, "1,a\n2,a\n");
  EXPECT_EQ(fault(one), "data.label: " + one.data.path + ": softmax needs at least two classes, column x1 has 1");
  EXPECT_EQ(fault(job(ModelKind::linear, "1,2\n2,3\n", 0.9)), "data.validation: leaves no training rows of 2");
  TrainJob other = job(ModelKind::softmax, "a,y\n1,p\n2,q\n");
  other.data.test = file("test.csv", "b,y\n1,p\n");
  EXPECT_EQ(fault(other), std::get<std::string>(*other.data.test) + ": has other columns than " + other.data.path);
  other.data.test = file("test.csv", "a,y\n1,r\n");
  EXPECT_EQ(fault(other), std::get<std::string>(*other.data.test) + ": the training data has no class r");
  other.data.test = folder_ / "none.csv";
  EXPECT_EQ(fault(other), std::get<std::string>(*other.data.test) + ": there is no such file");
}

TEST_F(DatasetTest, MissingValuesBecomeTheMeanOfTheTrainingRows) {
  TrainJob job = this->job(ModelKind::linear, "a,b,y\n1,7,10\n?,5,20\n3,,30\n");
  job.data.missing = Missing::mean;
  job.data.test = file("test.csv", "a,b,y\n,8,1\n");
  const Dataset data = load(job).value();
  EXPECT_EQ(data.summary.fill, (std::vector<double>{2, 6}));
  EXPECT_EQ(features_of(data.train), (std::vector<float>{-1, 1, 0, -1, 1, 0}));
  EXPECT_EQ(features_of(data.test), (std::vector<float>{0, 2}));
  job.data.standardize = false;
  EXPECT_EQ(features_of(load(job).value().train), (std::vector<float>{1, 7, 2, 5, 3, 6}));
  EXPECT_EQ(parse_data_summary(to_text(data.summary)).value(), data.summary);
}

TEST_F(DatasetTest, IndicatorsAreNotStandardized) {
  const TrainJob job = this->job(ModelKind::linear, "a,c,y\n1,u,10\n3,v,20\n");
  EXPECT_EQ(features_of(load(job).value().train), (std::vector<float>{-1, 1, 0, 1, 0, 1}));
}

TEST_F(DatasetTest, SparseRowsKeepTheirZeros) {
  TrainJob job = this->job(ModelKind::logistic, "+1 1:2 3:4\n-1 3:8\n-1\n+1 1:2\n");
  job.data.format = DataFormat::libsvm;
  job.data.standardize = false;
  const Dataset raw = load(job).value();
  EXPECT_TRUE(raw.train.sparse());
  EXPECT_TRUE(raw.summary.mean.empty());
  EXPECT_EQ(raw.summary.columns(), 3U);
  RowBuffers buffers;
  const Examples rows = raw.train.gather(std::vector<std::uint32_t>{3, 0}, buffers);
  EXPECT_EQ(testing::vector_of(rows.offsets), (std::vector<std::uint64_t>{0, 1, 3}));
  EXPECT_EQ(testing::vector_of(rows.ids), (std::vector<std::uint32_t>{0, 0, 2}));
  EXPECT_EQ(testing::vector_of(rows.values), (std::vector<float>{2, 2, 4}));
  EXPECT_EQ(testing::vector_of(rows.targets), (std::vector<float>{1, 1}));
  // A slice of the whole file is a view: its offsets do not begin at 0.
  const Examples tail = raw.train.slice(1, 3, buffers);
  EXPECT_EQ(tail.offsets.front(), 2U);
  EXPECT_EQ(tail.rows(), 3U);
  job.data.standardize = true;
  const Dataset scaled = load(job).value();
  EXPECT_EQ(scaled.summary.mean, (std::vector<double>{0, 0, 0}));
  // Deviations about the mean with the zeros: of 2 0 0 2, and of 4 8 0 0.
  EXPECT_NEAR(scaled.summary.deviation[0], 1, 1e-12);
  EXPECT_NEAR(scaled.summary.deviation[2], std::sqrt(11.0), 1e-12);
  EXPECT_EQ(features_of(scaled.train)[0], 2);
  EXPECT_EQ(parse_data_summary(to_text(scaled.summary)).value(), scaled.summary);
}

TEST_F(DatasetTest, BytesAreScaledToOne) {
  TrainJob job;
  job.model = ModelKind::softmax;
  job.data.format = DataFormat::idx;
  job.data.standardize = false;
  job.data.validation = 0.0;
  job.data.path = file("a-images-idx3-ubyte", testing::idx({2, 1, 2}, std::string("\0\xff\x33\1", 4)));
  file("a-labels-idx1-ubyte", testing::idx({2}, "\3\1"));
  const Dataset data = load(job).value();
  const std::vector<float> found = features_of(data.train), expected{0, 1, 0.2F, 1 / 255.0F};
  ASSERT_EQ(found.size(), expected.size());
  for (std::size_t i = 0; i < found.size(); ++i) EXPECT_FLOAT_EQ(found[i], expected[i]);
  EXPECT_EQ(targets_of(data.train), (std::vector<float>{1, 0}));
  EXPECT_EQ(data.summary.columns(), 2U);
}

TEST_F(DatasetTest, SkippedRowsOfAllFilesAreCounted) {
  TrainJob job = this->job(ModelKind::linear, "a,y\n1,10\nx,20\n3,30\n");
  job.data.on_error = OnError::skip;
  job.data.test = file("test.csv", "a,y\n1\n2,2\n");
  EXPECT_EQ(load(job).value().summary.skipped_rows, 2U);
}

}  // namespace
}  // namespace krige::trainer
