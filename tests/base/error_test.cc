#include "base/error.h"

#include <gtest/gtest.h>

namespace krige {
namespace {

Result<int> half(int value) {
  if (value % 2 != 0) return fail(ErrorCode::invalid_argument, "is odd", "value");
  return value / 2;
}

Result<int> quarter(int value) {
  KRIGE_TRY(const int once, half(value));
  KRIGE_TRY(const int twice, half(once));
  return twice;
}

TEST(Error, TryPassesValuesOnAndErrorsUp) {
  EXPECT_EQ(quarter(8).value(), 2);
  ASSERT_FALSE(quarter(6));
  EXPECT_EQ(quarter(6).error().field, "value");
}

TEST(Error, WithinPrefixesEveryPath) {
  const Error error{ErrorCode::invalid_argument, "too small", "min", {{"max", "too large"}, {"[2]", "odd"}}};
  const Error moved = error.within("parameters.x");
  EXPECT_EQ(moved.describe(), "parameters.x.min: too small\nparameters.x.max: too large\nparameters.x[2]: odd");
}

TEST(Error, CodesHaveOneStatusAndOneExitCode) {
  EXPECT_EQ(name(ErrorCode::study_finished), "study_finished");
  EXPECT_EQ(http_status(ErrorCode::study_finished), 409);
  EXPECT_EQ(exit_code(ErrorCode::invalid_argument), 2);
  EXPECT_EQ(exit_code(ErrorCode::cancelled), 130);
  EXPECT_EQ(http_status(ErrorCode::internal), 500);
}

}  // namespace
}  // namespace krige
