// The data of one job: tables of the machine's cache, the rows of each part, and what is needed to read new data the
// same way.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/train_job.h"
#include "trainer/data/data_cache.h"
#include "trainer/data/row_set.h"

namespace krige::trainer {

// What all processes of a job must agree on; part of the model file.
struct DataSummary {
  std::vector<std::string> features;  // names; empty: the columns have none (libsvm, idx, hashed categories)
  std::string label;
  // Class of each target value, sorted (by value if all are numbers, else as text). Empty: the label is a number
  // (regression).
  std::vector<std::string> classes;
  // A feature is (x − mean) / deviation, 0 where the deviation is 0, both of the training rows; empty: it is x. The
  // label is taken as it is.
  std::vector<double> mean, deviation;
  std::uint64_t train_rows = 0, validation_rows = 0, test_rows = 0;
  std::uint64_t unnamed_columns = 0;  // how many there are where they have no names
  std::vector<double> fill = {};      // x where it is missing: the training rows' mean; empty: nothing may be missing
  std::uint64_t skipped_rows = 0;     // of all files: malformed ones, or such with a missing value, as the job says
  std::string content = {};           // hash of the training file's bytes
  TableInfo table = {};               // of the training file: what further files are read like
  [[nodiscard]] bool regression() const { return classes.empty(); }
  [[nodiscard]] std::uint64_t columns() const { return features.empty() ? unnamed_columns : features.size(); }
  friend bool operator==(const DataSummary&, const DataSummary&) = default;
};
[[nodiscard]] std::string to_text(const DataSummary& summary);  // JSON
[[nodiscard]] Result<DataSummary> parse_data_summary(std::string_view text);

struct Dataset {
  DataSummary summary;
  RowSet train, validation, test;
};

// Opens the job's files through the cache and draws the parts by its seed. Classes and categories are those of the
// training file. linear takes numbers; logistic and softmax take classes, logistic exactly two; fm and mlp take
// classes (fm two), or numbers if some label is not an integer or the job names a loss of numbers. Columns of numbers
// are standardized if the job says so: dense ones to mean 0 and deviation 1, those of libsvm to deviation 1 only, so
// that zeros stay zeros; indicators of categories never. Else the bytes of idx are scaled to [0, 1]. invalid_argument
// names the file or the field.
[[nodiscard]] Result<Dataset> load_dataset(
    const TrainJob& job, const Progress& progress = [] {},
    const CacheOptions& cache = cache_options_from_environment());

// All rows of a further file, read as the training data were and scaled as its training rows: the columns, categories
// and classes are theirs. Without labels no column of them is needed, nor an idx file of them; targets are then 0, and
// every row counts: one that is malformed or lacks a value that cannot be filled in is an error whatever the job says.
// The rows lie in files without a name, not in the cache. Errors as convert(), of which `path` is named.
[[nodiscard]] Result<RowSet> load_further(
    const TrainJob& job, const DataSummary& training, const std::string& path, Labels labels,
    const Progress& progress = [] {});

}  // namespace krige::trainer
