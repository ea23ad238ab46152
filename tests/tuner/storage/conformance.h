// What every store promises (tuner/storage/storage.h), as one suite: a store joins by INSTANTIATE_TEST_SUITE_P.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "tests/tuner/storage/support.h"
#include "tests/tuner/storage/values.h"
#include "tuner/storage/storage.h"

namespace krige::tuner {

struct StorageKind {
  std::string name;
  // A new, empty store, in the folder if it needs one.
  std::function<Result<std::unique_ptr<Storage>>(const TemporaryFolder&)> make;
};

class StorageConformance : public testing::TestWithParam<StorageKind> {
 protected:
  void SetUp() override {
    Result<std::unique_ptr<Storage>> made = GetParam().make(folder_);
    ASSERT_TRUE(made) << made.error().describe();
    store_ = *std::move(made);
  }

  void create(const StudyId& id) { ASSERT_TRUE(store_->create_study(study_row(id), {})); }
  [[nodiscard]] StudyRow only_study() const { return store_->studies().value().at(0); }

  TemporaryFolder folder_;
  std::unique_ptr<Storage> store_;
};

}  // namespace krige::tuner
