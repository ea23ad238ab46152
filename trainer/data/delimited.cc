#include "trainer/data/delimited.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <string.h>
#include <xxhash.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>

#include "base/json.h"
#include "trainer/data/number.h"

namespace krige::trainer {
namespace {

constexpr std::size_t kShownBytes = 40;  // of a cell in a message

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

bool is_missing(std::string_view text) {
  return text.empty() || text == "?" || text == "NA" || text == "N/A" || text == "null" || text == "nan" ||
         text == "NaN";
}

bool is_number(std::string_view text) { return !is_missing(text) && as_number(text).has_value(); }

// The cells of one line, trimmed; quoted ones without their quotes. Views into the line or into this.
class Cells {
 public:
  // What is wrong with the quotes; empty: nothing.
  std::string split(std::string_view line, char separator) {
    cells_.clear();
    unquoted_.clear();
    for (std::size_t at = 0;; ++at) {
      while (at < line.size() && line[at] == ' ') ++at;
      if (at < line.size() && line[at] == '"') {
        if (std::string fault = take_quoted(line, separator, at); !fault.empty()) return fault;
      } else {
        const std::size_t end = std::min(line.find(separator, at), line.size());
        cells_.push_back(trimmed(line.substr(at, end - at)));
        at = end;
      }
      if (at >= line.size()) return {};
    }
  }
  [[nodiscard]] const std::vector<std::string_view>& all() const { return cells_; }

 private:
  // Leaves `at` on the separator behind the cell, or at the end.
  std::string take_quoted(std::string_view line, char separator, std::size_t& at) {
    std::string text;
    for (++at;; ++at) {
      if (at >= line.size()) return fmt::format("column {} has a quote that does not end", cells_.size() + 1);
      if (line[at] != '"') {
        text += line[at];
      } else if (at + 1 < line.size() && line[at + 1] == '"') {
        text += '"';
        ++at;
      } else {
        break;
      }
    }
    for (++at; at < line.size() && line[at] != separator; ++at)
      if (line[at] != ' ') return fmt::format("column {} goes on behind its closing quote", cells_.size() + 1);
    cells_.push_back(*unquoted_.emplace_back(std::make_unique<std::string>(std::move(text))));
    return {};
  }

  std::vector<std::string_view> cells_;
  std::vector<std::unique_ptr<std::string>> unquoted_;
};

// Takes the first line off `text`, which ends with \n.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

class Survey {
 public:
  Survey(const std::string& path, std::string_view sample, const TrainData& data, LabelKind kind, const TableInfo* like,
         Labels labels)
      : path_(path), sample_(sample), data_(data), kind_(kind), like_(like), labels_(labels) {}

  Result<DelimitedSchema> run() {
    schema_.separator = data_.format == DataFormat::tsv ? '\t' : ',';
    schema_.on_error = data_.on_error;
    schema_.missing = data_.missing;
    schema_.categorical = data_.categorical;
    schema_.hash_bits = static_cast<unsigned>(data_.hash_bits);
    KRIGE_CHECK(read_first_line());
    if (like_ != nullptr) return as_in_training();
    KRIGE_CHECK(find_label());
    find_header();
    if (schema_.has_header) schema_.header_lines = first_line_;
    const std::size_t columns = first_.size();
    for (std::size_t i = 0; i < columns; ++i)
      schema_.names.push_back(schema_.has_header ? first_[i] : fmt::format("x{}", i));
    schema_.kinds.assign(columns, ColumnKind::number);
    find_kinds();
    KRIGE_CHECK(apply_lists());
    schema_.kinds[*schema_.label] = ColumnKind::label;
    schema_.numeric = static_cast<std::size_t>(std::ranges::count(schema_.kinds, ColumnKind::number));
    if (schema_.numeric == 0 && !schema_.sparse())
      return fail(ErrorCode::invalid_argument, fmt::format("{}: no column is left for a feature", path_),
                  "data.ignore_columns");
    return std::move(schema_);
  }

 private:
  Status read_first_line() {
    for (std::string_view text = sample_; !text.empty() && first_.empty();) {
      const std::string_view line = take_line(text);
      ++first_line_;
      if (trimmed(line).empty()) continue;
      Cells cells;
      if (const std::string fault = cells.split(line, schema_.separator); !fault.empty())
        return fail(ErrorCode::invalid_argument, fmt::format("{}:{}: {}", path_, first_line_, fault));
      first_.assign(cells.all().begin(), cells.all().end());
      sample_ = text;
    }
    if (first_.empty()) return fail(ErrorCode::invalid_argument, fmt::format("{}: is empty", path_));
    if (first_.size() < 2 && labels_ == Labels::needed)
      return fail(
          ErrorCode::invalid_argument,
          fmt::format("{}:{}: one column only: a label and at least one feature are needed", path_, first_line_));
    return {};
  }

  Result<DelimitedSchema> as_in_training() {
    std::vector<std::string> names = like_->text_columns;
    schema_.kinds = like_->kinds;
    schema_.label = static_cast<std::size_t>(std::ranges::find(like_->kinds, ColumnKind::label) - like_->kinds.begin());
    schema_.label_is_number = like_->classes.empty() || labels_ == Labels::ignored;
    if (labels_ == Labels::ignored) ignore_labels(names);
    if (data_.header || first_ != names)
      find_header();
    else
      schema_.has_header = true;
    if (first_.size() != names.size() || (schema_.has_header && !same_features(names)))
      return fail(ErrorCode::invalid_argument, fmt::format("{}: has other columns than {}", path_, data_.path));
    if (schema_.has_header) schema_.header_lines = first_line_;
    schema_.names = std::move(names);
    schema_.numeric = like_->numeric;
    return std::move(schema_);
  }

  // A text with one column less than the training data's has none of labels.
  void ignore_labels(std::vector<std::string>& names) {
    const auto at = static_cast<std::ptrdiff_t>(*schema_.label);
    schema_.kinds[*schema_.label] = ColumnKind::ignored;
    if (first_.size() + 1 == names.size()) {
      names.erase(names.begin() + at);
      schema_.kinds.erase(schema_.kinds.begin() + at);
      schema_.left_out = schema_.label;
    }
    schema_.label.reset();
  }

  [[nodiscard]] bool same_features(const std::vector<std::string>& names) const {
    for (std::size_t i = 0; i < names.size(); ++i)
      if (schema_.kinds[i] != ColumnKind::label && schema_.kinds[i] != ColumnKind::ignored && first_[i] != names[i])
        return false;
    return true;
  }

  Status find_label() {
    if (const auto* name = std::get_if<std::string>(&data_.label)) {
      KRIGE_TRY(schema_.label, column(*name, "data.label"));
      return {};
    }
    const auto index = std::get<std::int64_t>(data_.label);
    const auto count = static_cast<std::int64_t>(first_.size());
    if (index < -count || index >= count)
      return fail(ErrorCode::invalid_argument, fmt::format("{}: has {} columns, none at {}", path_, count, index),
                  "data.label");
    schema_.label = static_cast<std::size_t>(index < 0 ? index + count : index);
    return {};
  }

  void find_header() {
    const bool by_name = like_ == nullptr && std::holds_alternative<std::string>(data_.label);
    schema_.has_header = data_.header.value_or(by_name);
    if (data_.header || by_name) return;
    std::size_t numbers = 0;
    std::size_t texts = 0;
    for (std::size_t i = 0; i < first_.size(); ++i) {
      if (i == schema_.label) continue;
      (is_number(first_[i]) ? numbers : texts) += is_missing(first_[i]) ? 0 : 1;
    }
    std::string_view text = sample_;
    Cells second;
    while (!text.empty() && second.all().empty())
      if (const std::string_view line = take_line(text); !trimmed(line).empty()) second.split(line, schema_.separator);
    bool above_number = false;
    for (std::size_t i = 0; i < std::min(first_.size(), second.all().size()); ++i)
      above_number = above_number || (i != schema_.label && !is_missing(first_[i]) && !is_number(first_[i]) &&
                                      is_number(second.all()[i]));
    schema_.has_header = above_number || (numbers == 0 && texts > 0);
  }

  // From the first cells that are there.
  void find_kinds() {
    std::vector<bool> told(first_.size());
    std::size_t untold = first_.size();
    bool text_label = false;
    bool real_label = false;
    const auto look_at = [&](const auto& cells) {
      for (std::size_t i = 0; i < std::min<std::size_t>(cells.size(), told.size()); ++i) {
        if (is_missing(cells[i])) continue;
        const auto value = as_number(cells[i]);
        if (i == schema_.label) {
          text_label = text_label || !value;
          real_label = real_label || (value && std::isfinite(*value) && *value != std::floor(*value));
        }
        if (told[i]) continue;
        told[i] = true;
        --untold;
        if (!value) schema_.kinds[i] = ColumnKind::category;
      }
    };
    if (!schema_.has_header) look_at(first_);
    Cells cells;
    const bool all_labels = kind_ == LabelKind::either;
    for (std::string_view text = sample_; !text.empty() && (untold > 0 || all_labels);)
      if (const std::string_view line = take_line(text);
          !trimmed(line).empty() && cells.split(line, schema_.separator).empty())
        look_at(cells.all());
    schema_.label_is_number = kind_ == LabelKind::number || (kind_ == LabelKind::either && real_label && !text_label);
  }

  Status apply_lists() {
    for (const std::string& name : data_.categorical_columns) {
      KRIGE_TRY(const std::size_t place, column(name, "data.categorical_columns"));
      schema_.kinds[place] = ColumnKind::category;
    }
    for (const std::string& name : data_.ignore_columns) {
      KRIGE_TRY(const std::size_t place, column(name, "data.ignore_columns"));
      schema_.kinds[place] = ColumnKind::ignored;
    }
    return {};
  }

  // A column by name: of the first line, or once the header is known, of x0, x1, …
  [[nodiscard]] Result<std::size_t> column(const std::string& name, const char* field) const {
    const std::vector<std::string>& names = schema_.names.empty() ? first_ : schema_.names;
    const auto found = std::ranges::find(names, name);
    if (found != names.end()) return static_cast<std::size_t>(found - names.begin());
    // Says the nearest column, or else the few there are: a first line can have thousands.
    constexpr std::size_t kShown = 8;
    const auto near = nearest_name(name, names);
    const std::span<const std::string> shown(names.data(), std::min(names.size(), kShown));
    const std::string hint =
        near ? fmt::format("did you mean {}?", *near)
             : fmt::format("its first line is {}{}", fmt::join(shown, ", "), names.size() > kShown ? ", …" : "");
    return fail(ErrorCode::invalid_argument, fmt::format("{}: has no column {}; {}", path_, name, hint), field);
  }

  const std::string& path_;
  std::string_view sample_;
  const TrainData& data_;
  LabelKind kind_;
  const TableInfo* like_;
  Labels labels_;
  std::size_t first_line_ = 0;
  std::vector<std::string> first_;
  DelimitedSchema schema_;
};

class DelimitedParser final : public RowParser {
 public:
  explicit DelimitedParser(const DelimitedSchema& schema)
      : schema_(schema), sparse_(schema.sparse()), hashed_(schema.categorical == Categorical::hash) {
    for (const std::string& name : schema.names) seeds_.push_back(XXH3_64bits(name.data(), name.size()));
  }

  void parse(std::string_view text, RowChunk& rows) override {
    rows.clear();
    rows_ = &rows;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at < end && !rows.fault) {
      ++rows.lines;
      const Mark before = mark();
      if (const char* next = read_plain_row(at)) {
        at = next;
        continue;
      }
      restore(before);
      const char* const newline = static_cast<const char*>(::memchr(at, '\n', static_cast<std::size_t>(end - at)));
      read_any_row({at, static_cast<std::size_t>(newline - at)});
      at = newline + 1;
    }
    if (rows.fault) restore(failed_);
  }

 private:
  struct Mark {
    std::size_t values = 0, ids = 0, lengths = 0, targets = 0;
  };
  [[nodiscard]] Mark mark() const {
    return {rows_->values.size(), rows_->ids.size(), rows_->lengths.size(), rows_->targets.size()};
  }
  void restore(const Mark& m) {
    rows_->values.resize(m.values);
    rows_->ids.resize(m.ids);
    rows_->lengths.resize(m.lengths);
    rows_->targets.resize(m.targets);
  }

  // The common case: no quotes, nothing missing, numbers that are short. Gives the next line's begin, or nullptr if the
  // line needs another look.
  const char* read_plain_row(const char* at) {
    const std::size_t columns = schema_.kinds.size();
    const std::size_t old = rows_->values.size();
    rows_->values.resize(old + schema_.numeric);
    float* number = rows_->values.data() + old;
    row_ids_.clear();
    for (std::size_t i = 0; i < columns; ++i) {
      const char* end = nullptr;
      const ColumnKind kind = schema_.kinds[i];
      if (kind == ColumnKind::number || (kind == ColumnKind::label && schema_.label_is_number)) {
        while (*at == ' ') ++at;
        double value = 0;
        end = read_short_decimal(at, value);
        if (end == nullptr) return nullptr;
        while (*end == ' ') ++end;
        const auto narrow = static_cast<float>(value);
        if (kind == ColumnKind::number)
          *number++ = narrow;
        else
          rows_->targets.push_back(narrow);
      } else {
        end = at;
        while (*end != schema_.separator && *end != '\n' && *end != '"') ++end;
        if (*end == '"') return nullptr;
        std::string_view cell(at, static_cast<std::size_t>(end - at));
        if (cell.ends_with('\r')) cell.remove_suffix(1);
        if (kind != ColumnKind::ignored && !add_text(i, trimmed(cell))) return nullptr;
      }
      if (i + 1 < columns) {
        if (*end != schema_.separator) return nullptr;
        at = end + 1;
      } else {
        if (*end == '\r') ++end;
        if (*end != '\n') return nullptr;
        at = end + 1;
      }
    }
    finish_row();
    return at;
  }

  // False: missing.
  bool add_text(std::size_t column, std::string_view cell) {
    if (is_missing(cell)) return false;
    if (schema_.kinds[column] == ColumnKind::label) {
      rows_->targets.push_back(static_cast<float>(rows_->labels.number_of(cell)));
    } else {
      const std::uint64_t id = hashed_ ? XXH3_64bits_withSeed(cell.data(), cell.size(), seeds_[column]) &
                                             ((std::uint64_t{1} << schema_.hash_bits) - 1)
                                       : category(column, cell);
      row_ids_.push_back(static_cast<std::uint32_t>(schema_.numeric + id));
    }
    return true;
  }

  // Categories are named by the column that they have in the training data.
  std::uint32_t category(std::size_t column, std::string_view cell) {
    key_.resize(sizeof(std::uint32_t));
    if (schema_.left_out && column >= *schema_.left_out) ++column;
    const auto number = static_cast<std::uint32_t>(column);
    ::memcpy(key_.data(), &number, sizeof number);
    key_.append(cell);
    return rows_->categories.number_of(key_);
  }

  // Behind the numbers, which are in place: the entries of the categories.
  void finish_row() {
    if (!schema_.label) rows_->targets.push_back(0);
    if (!sparse_) return;
    for (std::uint32_t i = 0; i < schema_.numeric; ++i) rows_->ids.push_back(i);
    std::uint32_t length = static_cast<std::uint32_t>(schema_.numeric);
    if (hashed_) std::ranges::sort(row_ids_);
    for (std::size_t i = 0; i < row_ids_.size(); ++i) {
      // Two categories that meet in one feature count twice, as in feature hashing (Weinberger et al. 2009).
      if (hashed_ && i > 0 && row_ids_[i] == row_ids_[i - 1]) {
        rows_->values.back() += 1;
        continue;
      }
      rows_->ids.push_back(row_ids_[i]);
      rows_->values.push_back(1);
      ++length;
    }
    rows_->lengths.push_back(length);
  }

  // Any line, with all its faults.
  void read_any_row(std::string_view line) {
    const Mark before = mark();
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trimmed(line).empty()) return;
    if (std::string fault = cells_.split(line, schema_.separator); !fault.empty())
      return malformed(before, std::move(fault));
    const auto& cells = cells_.all();
    if (cells.size() != schema_.kinds.size())
      return malformed(before, fmt::format("{} columns where {} are expected", cells.size(), schema_.kinds.size()));
    row_ids_.clear();
    for (std::size_t i = 0; i < cells.size(); ++i) {
      if (schema_.kinds[i] == ColumnKind::ignored) continue;
      if (is_missing(cells[i])) {
        if (!add_missing(before, i)) return;
      } else if (schema_.kinds[i] == ColumnKind::category ||
                 (schema_.kinds[i] == ColumnKind::label && !schema_.label_is_number)) {
        add_text(i, cells[i]);
      } else if (!add_number(i, cells[i])) {
        return malformed(before,
                         cell_fault(i, fmt::format("is not a finite number: {}", cells[i].substr(0, kShownBytes))));
      }
    }
    finish_row();
  }

  bool add_number(std::size_t column, std::string_view cell) {
    const auto value = as_number(cell);
    if (!value || !std::isfinite(static_cast<float>(*value))) return false;
    (schema_.kinds[column] == ColumnKind::label ? rows_->targets : rows_->values).push_back(static_cast<float>(*value));
    return true;
  }

  // Whether the row goes on. A row without a label is of no use whatever is done about missing features.
  bool add_missing(const Mark& before, std::size_t column) {
    const bool label = schema_.kinds[column] == ColumnKind::label;
    if (schema_.missing == Missing::skip) {
      restore(before);
      ++rows_->skipped;
      return false;
    }
    if (schema_.missing == Missing::fail || label) {
      malformed(before, cell_fault(column, "is missing"));
      return false;
    }
    if (schema_.kinds[column] == ColumnKind::number) rows_->values.push_back(std::numeric_limits<float>::quiet_NaN());
    return true;
  }

  [[nodiscard]] std::string cell_fault(std::size_t column, std::string_view what) const {
    return fmt::format("column {} ({}) {}", column + 1, schema_.names[column], what);
  }

  void malformed(const Mark& before, std::string message) {
    restore(before);
    if (schema_.on_error == OnError::skip) {
      ++rows_->skipped;
      return;
    }
    failed_ = before;
    rows_->fault = Fault{rows_->lines, std::move(message)};
  }

  const DelimitedSchema& schema_;
  bool sparse_;
  bool hashed_;
  std::vector<std::uint64_t> seeds_;  // of each column's hash: its name's
  RowChunk* rows_ = nullptr;
  Mark failed_;
  std::vector<std::uint32_t> row_ids_;  // of one row's categories
  std::string key_;
  Cells cells_;
};

}  // namespace

bool DelimitedSchema::sparse() const { return std::ranges::find(kinds, ColumnKind::category) != kinds.end(); }

Result<DelimitedSchema> survey_delimited(const std::string& path, std::string_view sample, const TrainData& data,
                                         LabelKind label, const TableInfo* like, Labels labels) {
  return Survey(path, sample, data, label, like, labels).run();
}

std::unique_ptr<RowParser> delimited_parser(const DelimitedSchema& schema) {
  return std::make_unique<DelimitedParser>(schema);
}

}  // namespace krige::trainer
