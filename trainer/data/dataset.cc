#include "trainer/data/dataset.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "trainer/data/moments.h"
#include "trainer/data/row_chunk.h"
#include "trainer/data/split.h"

namespace krige::trainer {
namespace {

constexpr double kMaxByte = 255;

LabelKind label_kind(const TrainJob& job) {
  if (job.model == ModelKind::linear || job.loss) return LabelKind::number;
  return job.model == ModelKind::mlp || job.model == ModelKind::fm ? LabelKind::either : LabelKind::category;
}

Status check_classes(const TrainJob& job, const TableInfo& info) {
  const std::size_t classes = info.classes.size();
  const bool of_two = job.model == ModelKind::logistic || job.model == ModelKind::fm;
  if (classes == 0 || classes == 2 || (classes > 2 && !of_two)) return {};
  return fail(ErrorCode::invalid_argument,
              fmt::format("{}: {} needs {} classes, column {} has {}{}", job.data.path, name(job.model),
                          of_two ? "exactly two" : "at least two", info.label, classes,
                          job.model == ModelKind::fm ? "; loss: squared takes them for numbers" : ""),
              "data.label");
}

void measure(const TrainData& data, const Table& table, const Split& split, const Progress& progress,
             DataSummary& summary) {
  const TableInfo& info = table.info();
  const bool bytes = info.layout == Layout::dense_u8;
  // A further file may have missing values even where this one has none.
  const bool fills = data.missing == Missing::mean;
  const bool measured = data.standardize || fills;
  if (!measured && !bytes) return;
  const Moments moments = measured ? moments_of(table, split, progress) : Moments();
  summary.mean.assign(info.columns, 0);
  summary.deviation.assign(info.columns, bytes ? kMaxByte : 1);
  if (fills) summary.fill = moments.mean;
  if (!data.standardize) return;
  // Indicators and libsvm's columns are behind `numeric`.
  for (std::size_t c = 0; c < info.numeric; ++c) {
    summary.mean[c] = moments.mean[c];
    summary.deviation[c] = moments.deviation[c];
  }
  if (data.format == DataFormat::libsvm) summary.deviation = moments.deviation;
}

Scaling scaling_of(const DataSummary& summary) {
  Scaling scaling{summary.mean, {}, summary.fill, {}};
  for (const double deviation : summary.deviation) scaling.scale.push_back(deviation == 0 ? 0 : 1 / deviation);
  const auto is_zero = [](double mean) { return mean == 0; };
  if (!scaling.scale.empty() && std::ranges::all_of(scaling.offset, is_zero) &&
      std::ranges::all_of(scaling.scale, [&](double scale) { return scale == scaling.scale.front(); }))
    scaling.common = static_cast<float>(scaling.scale.front());
  return scaling;
}

// A damaged or made-up model file must not lead beyond an array.
Status check_table(const TrainData& data, const DataSummary& training) {
  const TableInfo& table = training.table;
  const auto numbers = static_cast<std::uint64_t>(std::ranges::count(table.kinds, ColumnKind::number));
  const bool known_columns = table.kinds.size() == table.text_columns.size() && numbers == table.numeric &&
                             std::ranges::count(table.kinds, ColumnKind::label) == 1;
  const bool known_categories = std::ranges::all_of(table.categories, [&](const std::string& key) {
    return key.size() > sizeof(std::uint32_t) && column_of(key) < table.text_columns.size();
  });
  const std::uint64_t hashed = data.categorical == Categorical::hash ? std::uint64_t{1} << data.hash_bits : 0;
  const bool sparse = std::ranges::find(table.kinds, ColumnKind::category) != table.kinds.end();
  const bool right_width =
      !data.delimited() || table.columns == numbers + table.categories.size() + (sparse ? hashed : 0);
  if (table.columns == training.columns() && table.classes == training.classes && right_width && known_categories &&
      (!data.delimited() || known_columns))
    return {};
  return fail(ErrorCode::corrupt, "the model does not say what the columns of its training data were");
}

class Loader {
 public:
  Loader(const TrainJob& job, const Progress& progress, const CacheOptions& cache)
      : job_(job), progress_(progress), cache_(cache) {}

  Result<Dataset> run() {
    const TrainData& data = job_.data;
    KRIGE_TRY(const auto table, open({data.path, &data, label_kind(job_), nullptr}));
    const TableInfo& info = table->info();
    KRIGE_CHECK(check_classes(job_, info));
    KRIGE_TRY(Split split, split_rows(data, job_.seed, info.rows,
                                      info.classes.empty() ? std::span<const float>() : table->targets()));
    describe(info);
    measure(data, *table, split, progress_, set_.summary);
    scaling_ = std::make_shared<const Scaling>(scaling_of(set_.summary));
    set_.train = split.whole ? RowSet(table, scaling_) : RowSet(table, scaling_, std::move(split.train));
    set_.validation = RowSet(table, scaling_, std::move(split.validation));
    set_.test = RowSet(table, scaling_, std::move(split.test));
    if (const auto* file = std::get_if<std::string>(&data.validation); file != nullptr && data.folds == 0) {
      KRIGE_TRY(set_.validation, further(*file, info));
    }
    if (data.test && std::holds_alternative<std::string>(*data.test)) {
      KRIGE_TRY(set_.test, further(std::get<std::string>(*data.test), info));
    }
    set_.summary.train_rows = set_.train.size();
    set_.summary.validation_rows = set_.validation.size();
    set_.summary.test_rows = set_.test.size();
    return std::move(set_);
  }

 private:
  Result<std::shared_ptr<const Table>> open(const TableRequest& request) {
    KRIGE_TRY(Table table, cached_table(request, cache_, progress_));
    set_.summary.skipped_rows += table.info().skipped;
    return std::make_shared<const Table>(std::move(table));
  }

  void describe(const TableInfo& info) {
    DataSummary& summary = set_.summary;
    summary.features = info.names;
    if (info.names.empty()) summary.unnamed_columns = info.columns;
    summary.label = info.label;
    summary.classes = info.classes;
    summary.content = info.content;
    summary.table = info;
  }

  // A file of its own, read and scaled as the training data are.
  Result<RowSet> further(const std::string& path, const TableInfo& training) {
    KRIGE_TRY(const auto table, open({path, &job_.data, label_kind(job_), &training}));
    return RowSet(table, scaling_);
  }

  const TrainJob& job_;
  const Progress& progress_;
  const CacheOptions& cache_;
  Dataset set_;
  std::shared_ptr<const Scaling> scaling_;
};

}  // namespace

Result<Dataset> load_dataset(const TrainJob& job, const Progress& progress, const CacheOptions& cache) {
  return Loader(job, progress, cache).run();
}

Result<RowSet> load_further(const TrainJob& job, const DataSummary& training, const std::string& path, Labels labels,
                            const Progress& progress) {
  KRIGE_CHECK(check_table(job.data, training));
  TrainData data = job.data;
  if (labels == Labels::ignored) {
    data.on_error = OnError::fail;
    if (data.missing == Missing::skip) data.missing = Missing::fail;
  }
  KRIGE_TRY(TableWriter writer, TableWriter::create(std::nullopt));
  KRIGE_TRY(Table table, convert({path, &data, label_kind(job), &training.table, labels}, std::move(writer), progress));
  return RowSet(std::make_shared<const Table>(std::move(table)), std::make_shared<const Scaling>(scaling_of(training)));
}

}  // namespace krige::trainer
