#include "trainer/data/table.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>

#include "base/json.h"
#include "trainer/data/text_lines.h"

namespace krige::trainer {
namespace {

constexpr std::size_t kRowsPerProgress = 4096;

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

// Any number, also one that is not finite.
std::optional<double> as_number(std::string_view text) {
  if (text.starts_with('+') && !text.starts_with("+-")) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (end != text.data() + text.size() || text.empty()) return std::nullopt;
  // Too large or too small for a double: strtod's answer, infinity or zero, is the honest one.
  if (error == std::errc::result_out_of_range) return std::strtod(std::string(text).c_str(), nullptr);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

bool is_missing(std::string_view text) {
  return text.empty() || text == "?" || text == "NA" || text == "N/A" || text == "null" || text == "nan" ||
         text == "NaN";
}

class Reader {
 public:
  Reader(const std::string& path, const TrainData& data, LabelKind kind)
      : path_(path), data_(data), kind_(kind), separator_(data.format == DataFormat::tsv ? '\t' : ',') {}

  Result<Table> read(const Progress& progress) {
    KRIGE_TRY(TextLines lines, TextLines::open(path_));
    while (true) {
      KRIGE_TRY(const std::optional<std::string_view> line, lines.next());
      if (!line) break;
      line_ = lines.number();
      if (trimmed(*line).empty()) continue;
      KRIGE_CHECK(split(*line));
      if (columns_ == 0) {
        KRIGE_TRY(const bool header, start());
        if (header) continue;
      }
      KRIGE_CHECK(add_row());
      if (line_ % kRowsPerProgress == 0) progress();
    }
    if (columns_ == 0) return fail(ErrorCode::invalid_argument, fmt::format("{}: is empty", path_));
    if (table_.rows() == 0) return fail(ErrorCode::invalid_argument, fmt::format("{}: has no rows", path_));
    if (kind_ == LabelKind::either) numbers_if_not_integers();
    return std::move(table_);
  }

 private:
  Unexpected fault(std::string_view what) const {
    return fail(ErrorCode::invalid_argument, fmt::format("{}:{}: {}", path_, line_, what));
  }
  Unexpected cell_fault(std::size_t column, std::string_view what) const {
    return fault(fmt::format("column {} ({}) {}", column + 1, names_[column], what));
  }

  // Cells of one line, trimmed; quoted ones without their quotes.
  Status split(std::string_view line) {
    cells_.clear();
    unquoted_.clear();
    for (std::size_t at = 0;; ++at) {
      while (at < line.size() && line[at] == ' ') ++at;
      if (at < line.size() && line[at] == '"') {
        KRIGE_CHECK(take_quoted(line, at));
      } else {
        const std::size_t end = std::min(line.find(separator_, at), line.size());
        cells_.push_back(trimmed(line.substr(at, end - at)));
        at = end;
      }
      if (at >= line.size()) return {};
    }
  }

  // Leaves `at` on the separator behind the cell, or at the end.
  Status take_quoted(std::string_view line, std::size_t& at) {
    std::string text;
    for (++at;; ++at) {
      if (at >= line.size()) return fault(fmt::format("column {} has a quote that does not end", cells_.size() + 1));
      if (line[at] != '"') {
        text += line[at];
      } else if (at + 1 < line.size() && line[at + 1] == '"') {
        text += '"';
        ++at;
      } else {
        break;
      }
    }
    for (++at; at < line.size() && line[at] != separator_; ++at)
      if (line[at] != ' ') return fault(fmt::format("column {} goes on behind its closing quote", cells_.size() + 1));
    cells_.push_back(*unquoted_.insert(unquoted_.end(), std::make_unique<std::string>(std::move(text)))->get());
    return {};
  }

  // Says the nearest column, or else the few there are: a first line can have thousands.
  Unexpected no_column(const std::string& name) const {
    constexpr std::size_t kShown = 8;
    const std::vector<std::string> columns(cells_.begin(), cells_.end());
    const auto near = nearest_name(name, columns);
    const std::span<const std::string> shown(columns.data(), std::min(columns.size(), kShown));
    const std::string hint =
        near ? fmt::format("did you mean {}?", *near)
             : fmt::format("its first line is {}{}", fmt::join(shown, ", "), columns.size() > kShown ? ", …" : "");
    return fail(ErrorCode::invalid_argument, fmt::format("{}: has no column {}; {}", path_, name, hint), "data.label");
  }

  // Columns, the label's place and whether the first line is a header, told from that line.
  Result<bool> start() {
    columns_ = cells_.size();
    if (columns_ < 2) return fault("one column only: a label and at least one feature are needed");
    const auto* name = std::get_if<std::string>(&data_.label);
    if (name != nullptr) {
      label_ = static_cast<std::size_t>(std::ranges::find(cells_, std::string_view(*name)) - cells_.begin());
      if (label_ == columns_) return no_column(*name);
      table_.has_header = true;
    } else {
      const auto index = std::get<std::int64_t>(data_.label);
      const auto count = static_cast<std::int64_t>(columns_);
      if (index < -count || index >= count)
        return fail(ErrorCode::invalid_argument, fmt::format("{}: has {} columns, none at {}", path_, columns_, index),
                    "data.label");
      label_ = static_cast<std::size_t>(index < 0 ? index + count : index);
      for (std::size_t i = 0; i < columns_; ++i)
        if (i != label_ && !is_missing(cells_[i]) && !as_number(cells_[i])) table_.has_header = true;
    }
    for (std::size_t i = 0; i < columns_; ++i) {
      names_.push_back(table_.has_header ? std::string(cells_[i]) : fmt::format("x{}", i));
      if (i != label_) table_.feature_names.push_back(names_.back());
    }
    table_.label_name = names_[label_];
    return table_.has_header;
  }

  Status add_row() {
    if (cells_.size() != columns_)
      return fault(fmt::format("{} columns where {} are expected", cells_.size(), columns_));
    for (std::size_t i = 0; i < columns_; ++i) {
      if (i == label_) {
        KRIGE_CHECK(add_label(cells_[i]));
        continue;
      }
      KRIGE_TRY(const double value, number(i));
      table_.features.push_back(value);
    }
    return {};
  }

  Result<double> number(std::size_t column) const {
    const std::string_view cell = cells_[column];
    if (const auto value = as_number(cell); value && std::isfinite(*value)) return *value;
    if (is_missing(cell)) return cell_fault(column, "is missing");
    return cell_fault(column, fmt::format("is not a finite number: {}", cell.substr(0, 40)));
  }

  Status add_label(std::string_view cell) {
    if (kind_ == LabelKind::number) {
      KRIGE_TRY(const double value, number(label_));
      table_.numbers.push_back(value);
      return {};
    }
    if (is_missing(cell)) return cell_fault(label_, "is missing");
    auto known = category_of_.find(std::string(cell));
    if (known == category_of_.end()) {
      // 1, 1.0 and 1e0 are one class.
      const auto value = as_number(cell);
      const std::string canonical = value ? fmt::format("{}", *value) : std::string(cell);
      const auto [same, added] =
          category_of_.emplace(canonical, static_cast<std::uint32_t>(table_.category_names.size()));
      if (added) table_.category_names.push_back(canonical);
      known = category_of_.emplace(std::string(cell), same->second).first;
    }
    table_.categories.push_back(known->second);
    return {};
  }

  void numbers_if_not_integers() {
    std::vector<double> values;
    bool all_integers = true;
    for (const std::string& text : table_.category_names) {
      const auto value = as_number(text);
      if (!value || !std::isfinite(*value)) return;
      values.push_back(*value);
      all_integers = all_integers && *value == std::floor(*value);
    }
    if (all_integers) return;
    for (const std::uint32_t category : table_.categories) table_.numbers.push_back(values[category]);
    table_.categories.clear();
    table_.category_names.clear();
  }

  const std::string& path_;
  const TrainData& data_;
  LabelKind kind_;
  char separator_;
  std::size_t line_ = 0;
  std::size_t columns_ = 0;
  std::size_t label_ = 0;
  std::vector<std::string> names_;
  std::vector<std::string_view> cells_;
  std::vector<std::unique_ptr<std::string>> unquoted_;  // what cells_ of quoted text point to
  std::unordered_map<std::string, std::uint32_t> category_of_;
  Table table_;
};

}  // namespace

Result<Table> read_table(const std::string& path, const TrainData& data, LabelKind label, const Progress& progress) {
  return Reader(path, data, label).read(progress);
}

}  // namespace krige::trainer
