#include "trainer/coordinator/record.h"

#include <gtest/gtest.h>

#include <limits>

namespace krige::trainer {
namespace {

TEST(Record, HasTheFieldsOfTheContract) {
  Record record{22, 1, Score{0.5, 0.9}, Score{0.25, 0.75}, std::nullopt, false, 1000, 0.5};
  EXPECT_EQ(to_text(record), R"({"step":22,"epoch":1,"train_loss":0.5,"validation_loss":0.25,"accuracy":0.75,)"
                             R"("examples_per_second":1000.0,"elapsed_seconds":0.5})");
  record.regression = true;
  record.test = Score{0.125, 2};
  EXPECT_EQ(to_text(record),
            R"({"step":22,"epoch":1,"train_loss":0.5,"validation_loss":0.25,"rmse":0.75,)"
            R"("examples_per_second":1000.0,"elapsed_seconds":0.5,"test_loss":0.125,"test_rmse":2.0})");
  record.spent = Figures{.compute_seconds = 1.5, .wait_seconds = 0.25, .socket_bytes = 100, .memory_bytes = 4000};
  record.test.reset();
  EXPECT_TRUE(
      to_text(record).ends_with(R"("compute_seconds":1.5,"wait_seconds":0.25,"wire_bytes":4100,"socket_bytes":100})"))
      << to_text(record);
  record.spent.reset();
  record.validation.reset();
  record.test.reset();
  record.train->loss = std::numeric_limits<double>::infinity();
  EXPECT_EQ(to_text(record),
            R"({"step":22,"epoch":1,"train_loss":"Infinity","examples_per_second":1000.0,"elapsed_seconds":0.5})");
}

TEST(Score, IsMeanLossAndAccuracyOrRmse) {
  const std::vector<BlockSum> blocks{{1, 3}, {2, 5}};
  EXPECT_DOUBLE_EQ(score_of(blocks, 10, false)->loss, 0.3);
  EXPECT_DOUBLE_EQ(score_of(blocks, 10, false)->quality, 0.8);
  EXPECT_DOUBLE_EQ(score_of(blocks, 2, true)->quality, 2);
  EXPECT_FALSE(score_of({}, 0, true));
}

}  // namespace
}  // namespace krige::trainer
