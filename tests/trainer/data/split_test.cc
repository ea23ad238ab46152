#include "trainer/data/split.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

namespace krige::trainer {
namespace {

using RowList = std::vector<std::uint32_t>;

TrainData data(double validation) {
  TrainData data;
  data.validation = validation;
  return data;
}

void expect_partition(const Split& split, std::size_t rows) {
  std::set<std::uint32_t> all;
  for (const RowList* part : {&split.train, &split.validation, &split.test}) {
    EXPECT_TRUE(std::ranges::is_sorted(*part));
    all.insert(part->begin(), part->end());
  }
  EXPECT_EQ(all.size(), rows);
  EXPECT_EQ(split.train.size() + split.validation.size() + split.test.size(), rows);
}

TEST(Split, FractionsAreDrawnByTheSeed) {
  TrainData both = data(0.25);
  both.test = 0.1;
  const Split split = split_rows(both, 3, 1000, {}).value();
  expect_partition(split, 1000);
  EXPECT_EQ(split.validation.size(), 250U);
  EXPECT_EQ(split.test.size(), 100U);
  EXPECT_EQ(split.validation, split_rows(both, 3, 1000, {}).value().validation);
  EXPECT_NE(split.validation, split_rows(both, 4, 1000, {}).value().validation);
  EXPECT_TRUE(split_rows(data(0), 3, 10, {}).value().whole);
}

TEST(Split, ManyRowsAreDrawnWithoutAListOfAll) {
  const std::uint64_t rows = (1 << 22) + 10;
  const Split split = split_rows(data(0.1), 3, rows, {}).value();
  expect_partition(split, rows);
  EXPECT_EQ(split.validation.size(), 419'431U);
  // As many from each half: the standard deviation is 307.
  const auto half = std::ranges::lower_bound(split.validation, rows / 2) - split.validation.begin();
  EXPECT_NEAR(static_cast<double>(half), 209'715, 2000);
}

TEST(Split, StratifiedPartsHaveTheClassesShares) {
  std::vector<float> classes;
  for (int i = 0; i < 1000; ++i) classes.push_back(i % 10 == 0 ? 1.0F : i % 100 == 1 ? 2.0F : 0.0F);
  TrainData stratified = data(0.2);
  stratified.stratified = true;
  const auto counts = [&](const RowList& rows) {
    std::map<float, int> seen;
    for (const std::uint32_t row : rows) ++seen[classes[row]];
    return seen;
  };
  const Split split = split_rows(stratified, 1, 1000, classes).value();
  expect_partition(split, 1000);
  EXPECT_EQ(counts(split.validation), (std::map<float, int>{{0.0F, 178}, {1.0F, 20}, {2.0F, 2}}));
  stratified.folds = 10;
  for (std::int64_t fold = 0; fold < 10; ++fold) {
    stratified.fold = fold;
    EXPECT_EQ(counts(split_rows(stratified, 1, 1000, classes).value().validation),
              (std::map<float, int>{{0.0F, 89}, {1.0F, 10}, {2.0F, 1}}))
        << fold;
  }
  EXPECT_EQ(split_rows(stratified, 1, 1000, {}).error().field, "data.stratified");
}

TEST(Split, FoldsTakeTurns) {
  TrainData folded = data(0);
  folded.folds = 3;
  std::set<std::uint32_t> validated;
  for (std::int64_t fold = 0; fold < 3; ++fold) {
    folded.fold = fold;
    const Split split = split_rows(folded, 5, 100, {}).value();
    expect_partition(split, 100);
    validated.insert(split.validation.begin(), split.validation.end());
    EXPECT_EQ(split.validation.size(), fold == 0 ? 33U : fold == 1 ? 33U : 34U);
  }
  EXPECT_EQ(validated.size(), 100U);
  EXPECT_EQ(split_rows(folded, 5, 2, {}).error().field, "data.folds");
}

TEST(Split, SomeRowsMustBeLeft) {
  EXPECT_EQ(split_rows(data(0.9), 0, 2, {}).error().describe(), "data.validation: leaves no training rows of 2");
}

}  // namespace
}  // namespace krige::trainer
