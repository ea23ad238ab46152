// An engine whose trainings leave files, in a folder that goes with the test.
#pragma once

#include <unistd.h>

#include <filesystem>
#include <string>

#include "tests/tuner/study/support.h"

namespace krige::tuner {

class TrainingFixture : public EngineFixture {
 protected:
  void SetUp() override {
    options_.training_folder = folder_.string();
    options_.trainer = "trainer";
    EngineFixture::SetUp();
  }
  void TearDown() override {
    engine_.reset();
    std::filesystem::remove_all(folder_);
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("krige_trainings_" + std::to_string(::getpid()));
};

}  // namespace krige::tuner
