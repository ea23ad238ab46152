// The data of one job as the models take it: standardized features, targets, and what is needed to read new data the
// same way.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/train_job.h"
#include "trainer/data/table.h"
#include "trainer/floats.h"

namespace krige::trainer {

// What all processes of a job must agree on; part of the model file.
struct DataSummary {
  std::vector<std::string> features;
  std::string label;
  // Class of each target value, sorted (by value if all are numbers, else as text). Empty: the label is a number
  // (regression).
  std::vector<std::string> classes;
  // Of the training rows; a feature is (x − mean) / deviation, 0 where the deviation is 0. The label is taken as it is.
  std::vector<double> mean, deviation;
  std::uint64_t train_rows = 0, validation_rows = 0, test_rows = 0;
  [[nodiscard]] bool regression() const { return classes.empty(); }
  friend bool operator==(const DataSummary&, const DataSummary&) = default;
};
[[nodiscard]] std::string to_text(const DataSummary& summary);  // JSON
[[nodiscard]] Result<DataSummary> parse_data_summary(std::string_view text);

struct Rows {
  Floats features;             // row-major, rows × features
  std::vector<float> targets;  // a class's index, or the label itself
  [[nodiscard]] std::size_t size() const { return targets.size(); }
};

struct Dataset {
  DataSummary summary;
  Rows train, validation, test;
};

// Reads the job's files, draws the validation rows by its seed and standardizes. Classes are those of the training
// file. linear takes numbers; logistic and softmax take classes, logistic exactly two; mlp and fm take
// classes (fm two), or numbers if some label is not an integer or the job names a loss of numbers. invalid_argument
// names the file or the field.
[[nodiscard]] Result<Dataset> load_dataset(
    const TrainJob& job, const Progress& progress = [] {});

}  // namespace krige::trainer
