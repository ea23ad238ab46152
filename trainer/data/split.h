// Which rows train, validate and test.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/train_job.h"

namespace krige::trainer {

// Rows in ascending order. `whole`: all rows train, and `train` is left empty.
struct Split {
  bool whole = false;
  std::vector<std::uint32_t> train, validation, test;
};

// By fractions and folds of `data`, drawn by the seed; files of their own count as nothing here. The rows of one part
// do not depend on how many processes draw them. `classes` has each row's class for a stratified split.
// invalid_argument: nothing is left to train; stratified without classes.
[[nodiscard]] Result<Split> split_rows(const TrainData& data, std::uint64_t seed, std::uint64_t rows,
                                       std::span<const float> classes);

}  // namespace krige::trainer
