#include "trainer/data/dataset.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <set>

#include "base/fd.h"

namespace krige::trainer {
namespace {

class DatasetTest : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directory(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string file(const std::string& name, const std::string& content) {
    const std::string path = folder_ + "/" + name;
    EXPECT_TRUE(write_file_atomically(path, content));
    return path;
  }
  TrainJob job(ModelKind model, const std::string& content, double validation = 0) {
    TrainJob job;
    job.model = model;
    job.data.path = file("train.csv", content);
    job.data.label = -1;
    job.data.validation = validation;
    return job;
  }

  std::string folder_ = testing::TempDir() + "/krige_dataset_" + std::to_string(::getpid());
};

TEST_F(DatasetTest, StandardizesByTheTrainingRows) {
  TrainJob job = this->job(ModelKind::linear, "a,b,y\n1,7,10\n3,7,20\n");
  job.data.validation = file("validation.csv", "a,b,y\n5,9,30\n");
  job.data.test = file("test.csv", "2,7,40\n");
  const Dataset data = load_dataset(job).value();
  EXPECT_EQ(data.summary.mean, (std::vector<double>{2, 7}));
  EXPECT_EQ(data.summary.deviation, (std::vector<double>{1, 0}));
  EXPECT_EQ(data.train.features, (Floats{-1, 0, 1, 0}));
  EXPECT_EQ(data.train.targets, (std::vector<float>{10, 20}));  // a regression's label is taken as it is
  EXPECT_EQ(data.validation.features, (Floats{3, 0}));          // a constant column stays 0
  EXPECT_EQ(data.test.targets, (std::vector<float>{40}));
  EXPECT_TRUE(data.summary.regression());
  EXPECT_EQ(parse_data_summary(to_text(data.summary)).value(), data.summary);
}

TEST_F(DatasetTest, ValidationRowsAreDrawnByTheSeed) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += std::to_string(i) + "," + std::to_string(i) + ".0\n";
  TrainJob job = this->job(ModelKind::linear, text, 0.25);
  const Dataset first = load_dataset(job).value();
  EXPECT_EQ(first.validation.targets, load_dataset(job).value().validation.targets);
  EXPECT_EQ(first.validation.size(), 25U);
  std::set<float> all(first.train.targets.begin(), first.train.targets.end());
  all.insert(first.validation.targets.begin(), first.validation.targets.end());
  EXPECT_EQ(all.size(), 100U);
  job.seed = 1;
  EXPECT_NE(first.validation.targets, load_dataset(job).value().validation.targets);
}

TEST_F(DatasetTest, ClassesAreSorted) {
  EXPECT_EQ(load_dataset(job(ModelKind::softmax, "1,10\n2,9\n3,-1\n")).value().summary.classes,
            (std::vector<std::string>{"-1", "9", "10"}));
  const Dataset text = load_dataset(job(ModelKind::softmax, "1,pear\n2,apple\n3,fig\n")).value();
  EXPECT_EQ(text.summary.classes, (std::vector<std::string>{"apple", "fig", "pear"}));
  EXPECT_EQ(text.train.targets, (std::vector<float>{2, 0, 1}));
}

TEST_F(DatasetTest, AnMlpIsARegressionOnlyWhenALabelIsNotAnInteger) {
  EXPECT_FALSE(load_dataset(job(ModelKind::mlp, "1,1\n2,2\n")).value().summary.regression());
  EXPECT_TRUE(load_dataset(job(ModelKind::mlp, "1,1\n2,2.5\n")).value().summary.regression());
}

TEST_F(DatasetTest, FaultsNameTheFieldOrTheFile) {
  const auto fault = [](const TrainJob& job) {
    const Result<Dataset> data = load_dataset(job);
    return data ? "no error" : data.error().describe();
  };
  TrainJob three = job(ModelKind::logistic, "1,a\n2,b\n3,c\n");
  EXPECT_EQ(fault(three), "data.label: " + three.data.path + ": logistic needs exactly two classes, column x1 has 3");
  TrainJob one = job(ModelKind::softmax, "1,a\n2,a\n");
  EXPECT_EQ(fault(one), "data.label: " + one.data.path + ": softmax needs at least two classes, column x1 has 1");
  EXPECT_EQ(fault(job(ModelKind::linear, "1,2\n2,3\n", 0.9)), "data.validation: leaves no training rows of 2");
  TrainJob other = job(ModelKind::softmax, "a,y\n1,p\n2,q\n");
  other.data.test = file("test.csv", "b,y\n1,p\n");
  EXPECT_EQ(fault(other), *other.data.test + ": has other columns than " + other.data.path);
  other.data.test = file("test.csv", "a,y\n1,r\n");
  EXPECT_EQ(fault(other), *other.data.test + ": the training data has no class r");
  other.data.test = folder_ + "/none.csv";
  EXPECT_EQ(fault(other), *other.data.test + ": there is no such file");
}

}  // namespace
}  // namespace krige::trainer
