#include "trainer/data/dataset.h"

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace krige::trainer {

std::string to_text(const DataSummary& summary) {
  return OrderedJson{{"features", summary.features},
                     {"unnamed_columns", summary.unnamed_columns},
                     {"label", summary.label},
                     {"classes", summary.classes},
                     {"mean", summary.mean},
                     {"deviation", summary.deviation},
                     {"fill", summary.fill},
                     {"train_rows", summary.train_rows},
                     {"validation_rows", summary.validation_rows},
                     {"test_rows", summary.test_rows},
                     {"skipped_rows", summary.skipped_rows},
                     {"content", summary.content},
                     {"table", to_text(summary.table)}}
      .dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
}

Result<DataSummary> parse_data_summary(std::string_view text) {
  KRIGE_TRY(const OrderedJson json, parse_json(text));
  try {
    DataSummary summary;
    json.at("features").get_to(summary.features);
    json.at("unnamed_columns").get_to(summary.unnamed_columns);
    json.at("label").get_to(summary.label);
    json.at("classes").get_to(summary.classes);
    json.at("mean").get_to(summary.mean);
    json.at("deviation").get_to(summary.deviation);
    json.at("fill").get_to(summary.fill);
    json.at("train_rows").get_to(summary.train_rows);
    json.at("validation_rows").get_to(summary.validation_rows);
    json.at("test_rows").get_to(summary.test_rows);
    json.at("skipped_rows").get_to(summary.skipped_rows);
    json.at("content").get_to(summary.content);
    KRIGE_TRY(summary.table, parse_table_info(json.at("table").get<std::string>()));
    const auto fits = [&](const std::vector<double>& v) { return v.empty() || v.size() == summary.columns(); };
    if (!fits(summary.mean) || !fits(summary.fill) || summary.mean.size() != summary.deviation.size())
      return fail(ErrorCode::corrupt, "the summary of the data does not have a mean and a deviation for each feature");
    return summary;
  } catch (const OrderedJson::exception& error) {
    return fail(ErrorCode::corrupt, std::string("the summary of the data is not complete: ") + error.what());
  }
}

}  // namespace krige::trainer
