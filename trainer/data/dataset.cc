#include "trainer/data/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <numeric>
#include <unordered_map>

#include "base/rng.h"
#include "trainer/schedule.h"

namespace krige::trainer {
namespace {

LabelKind label_kind(const TrainJob& job) {
  if (job.model == ModelKind::linear || job.loss) return LabelKind::number;
  return job.model == ModelKind::mlp || job.model == ModelKind::fm ? LabelKind::either : LabelKind::category;
}

std::vector<std::string> sorted_classes(std::vector<std::string> names) {
  const auto value = [](const std::string& text) -> std::optional<double> {
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
  };
  if (std::ranges::all_of(names, [&](const std::string& n) { return value(n).has_value(); }))
    std::ranges::sort(names, {}, [&](const std::string& n) { return *value(n); });
  else
    std::ranges::sort(names);
  return names;
}

// Targets of every row of a table: class indices, or the labels.
Result<std::vector<float>> targets_of(const Table& table, const DataSummary& summary, const std::string& path) {
  if (summary.regression()) return std::vector<float>(table.numbers.begin(), table.numbers.end());
  std::unordered_map<std::string, float> index;
  for (const std::string& name : summary.classes) index.emplace(name, static_cast<float>(index.size()));
  std::vector<float> of_category;
  for (const std::string& name : table.category_names) {
    const auto found = index.find(name);
    if (found == index.end())
      return fail(ErrorCode::invalid_argument, fmt::format("{}: the training data has no class {}", path, name));
    of_category.push_back(found->second);
  }
  std::vector<float> targets;
  targets.reserve(table.rows());
  for (const std::uint32_t category : table.categories) targets.push_back(of_category[category]);
  return targets;
}

// Mean and deviation (with 1/n) of each feature over some rows, in two passes.
void measure(const Table& table, const std::vector<std::uint32_t>& rows, DataSummary& summary) {
  const std::size_t width = table.feature_names.size();
  const auto n = static_cast<double>(rows.size());
  summary.mean.assign(width, 0);
  summary.deviation.assign(width, 0);
  for (const std::uint32_t row : rows)
    for (std::size_t i = 0; i < width; ++i) summary.mean[i] += table.features[row * width + i] / n;
  for (const std::uint32_t row : rows)
    for (std::size_t i = 0; i < width; ++i) {
      const double off = table.features[row * width + i] - summary.mean[i];
      summary.deviation[i] += off * off / n;
    }
  for (std::size_t i = 0; i < width; ++i) {
    const double deviation = std::sqrt(summary.deviation[i]);
    // Rounding gives a constant column of large numbers a deviation that is not quite zero.
    summary.deviation[i] = deviation > 1e-12 * std::abs(summary.mean[i]) ? deviation : 0;
  }
}

Rows standardized(const Table& table, const std::vector<float>& targets, const std::vector<std::uint32_t>& rows,
                  const DataSummary& summary) {
  const std::size_t width = summary.features.size();
  Rows result;
  result.features.resize(rows.size() * width);
  result.targets.reserve(rows.size());
  float* out = result.features.data();
  for (const std::uint32_t row : rows) {
    const double* in = table.features.data() + row * width;
    for (std::size_t i = 0; i < width; ++i)
      *out++ = summary.deviation[i] == 0 ? 0.0F : static_cast<float>((in[i] - summary.mean[i]) / summary.deviation[i]);
    result.targets.push_back(targets[row]);
  }
  return result;
}

std::vector<std::uint32_t> all_rows(const Table& table) {
  std::vector<std::uint32_t> rows(table.rows());
  std::iota(rows.begin(), rows.end(), 0U);
  return rows;
}

// A further file (validation, test), standardized as the training data is.
Result<Rows> read_further(const std::string& path, const TrainJob& job, const DataSummary& summary,
                          const Progress& progress) {
  KRIGE_TRY(const Table table,
            read_table(path, job.data, summary.regression() ? LabelKind::number : LabelKind::category, progress));
  if (table.feature_names != summary.features &&
      (table.has_header || table.feature_names.size() != summary.features.size()))
    return fail(ErrorCode::invalid_argument, fmt::format("{}: has other columns than {}", path, job.data.path));
  KRIGE_TRY(const std::vector<float> targets, targets_of(table, summary, path));
  return standardized(table, targets, all_rows(table), summary);
}

// Takes the validation rows out of `rows`: which, the seed decides; both keep the order of the file.
Result<std::vector<std::uint32_t>> draw_validation(std::vector<std::uint32_t>& rows, double fraction,
                                                   std::uint64_t seed) {
  const auto wanted = static_cast<double>(rows.size()) * fraction;
  const auto count =
      fraction == 0 ? std::size_t{0} : std::max<std::size_t>(1, static_cast<std::size_t>(std::llround(wanted)));
  if (count >= rows.size())
    return fail(ErrorCode::invalid_argument, fmt::format("leaves no training rows of {}", rows.size()),
                "data.validation");
  Rng rng(seed, static_cast<std::uint64_t>(SeedStream::split));
  rng.shuffle(std::span<std::uint32_t>(rows));
  const auto middle = rows.begin() + static_cast<std::ptrdiff_t>(count);
  std::vector<std::uint32_t> validation(rows.begin(), middle);
  rows.erase(rows.begin(), middle);
  std::ranges::sort(rows);
  std::ranges::sort(validation);
  return validation;
}

Status check_classes(const TrainJob& job, const DataSummary& summary) {
  const std::size_t classes = summary.classes.size();
  const bool of_two = job.model == ModelKind::logistic || job.model == ModelKind::fm;
  if (summary.regression() || classes == 2 || (classes > 2 && !of_two)) return {};
  return fail(ErrorCode::invalid_argument,
              fmt::format("{}: {} needs {} classes, column {} has {}{}", job.data.path, name(job.model),
                          of_two ? "exactly two" : "at least two", summary.label, classes,
                          job.model == ModelKind::fm ? "; loss: squared takes them for numbers" : ""),
              "data.label");
}

}  // namespace

Result<Dataset> load_dataset(const TrainJob& job, const Progress& progress) {
  Dataset data;
  DataSummary& summary = data.summary;
  KRIGE_TRY(const Table table, read_table(job.data.path, job.data, label_kind(job), progress));
  summary.features = table.feature_names;
  summary.label = table.label_name;
  summary.classes = sorted_classes(table.category_names);
  KRIGE_CHECK(check_classes(job, summary));
  KRIGE_TRY(const std::vector<float> targets, targets_of(table, summary, job.data.path));

  std::vector<std::uint32_t> rows = all_rows(table);
  std::vector<std::uint32_t> validation;
  if (const auto* fraction = std::get_if<double>(&job.data.validation)) {
    KRIGE_TRY(validation, draw_validation(rows, *fraction, job.seed));
  }
  measure(table, rows, summary);
  data.train = standardized(table, targets, rows, summary);
  data.validation = standardized(table, targets, validation, summary);
  if (const auto* file = std::get_if<std::string>(&job.data.validation)) {
    KRIGE_TRY(data.validation, read_further(*file, job, summary, progress));
  }
  if (job.data.test) {
    KRIGE_TRY(data.test, read_further(*job.data.test, job, summary, progress));
  }
  summary.train_rows = data.train.size();
  summary.validation_rows = data.validation.size();
  summary.test_rows = data.test.size();
  return data;
}

}  // namespace krige::trainer
