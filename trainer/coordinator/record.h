// The metric records of a training, one JSON line an epoch.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "trainer/data/dataset.h"
#include "trainer/wire/messages.h"

namespace krige::trainer {

// Means over one set of rows. quality: the share of right answers, or the root of the mean squared error.
struct Score {
  double loss = 0;
  double quality = 0;
};
// The sums of all blocks, added in their order; nothing without rows.
[[nodiscard]] std::optional<Score> score_of(const std::vector<BlockSum>& blocks, std::uint64_t rows, bool regression);

struct Record {
  std::uint64_t step = 0;   // updates of the weights
  std::uint64_t epoch = 0;  // from 1
  std::optional<Score> train;
  std::optional<Score> validation;
  std::optional<Score> test;  // in the last record only
  bool regression = false;
  double examples_per_second = 0;  // of training, evaluations included, since the first minibatch
  double elapsed_seconds = 0;      // since the coordinator's start
  // In the last record, with early_stop: the epoch whose weights are kept and tested.
  std::optional<std::uint64_t> best_epoch = std::nullopt;
  // In the last record only: the sums over the workers.
  std::optional<Figures> spent = std::nullopt;
};
[[nodiscard]] std::string to_text(const Record& record);

}  // namespace krige::trainer
