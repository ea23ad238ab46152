#include "trainer/data/libsvm.h"

#include <fmt/format.h>
#include <string.h>

#include <charconv>
#include <cmath>
#include <string_view>

#include "trainer/data/number.h"

namespace krige::trainer {
namespace {

constexpr std::size_t kShownBytes = 40;  // of an entry in a message

bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }
bool ends_line(char c) { return c == '\n' || c == '#'; }

class LibsvmParser final : public RowParser {
 public:
  explicit LibsvmParser(const LibsvmSchema& schema) : schema_(schema) {}

  void parse(std::string_view text, RowChunk& rows) override {
    rows.clear();
    rows_ = &rows;
    const char* at = text.data();
    const char* const end = at + text.size();
    while (at < end && !rows.fault) {
      ++rows.lines;
      while (is_blank(*at)) ++at;
      if (!ends_line(*at)) at = read_row(at);
      if (*at != '\n') at = static_cast<const char*>(::memchr(at, '\n', static_cast<std::size_t>(end - at)));
      ++at;
    }
  }

 private:
  // Gives a place in the line from where on there is nothing to read.
  const char* read_row(const char* at) {
    const std::size_t old_entries = rows_->ids.size();
    const std::size_t old_rows = rows_->targets.size();
    fault_.clear();
    at = read_label(at);
    std::uint32_t last = 0;
    for (std::size_t entry = 1; fault_.empty(); ++entry) {
      while (is_blank(*at)) ++at;
      if (ends_line(*at)) break;
      at = read_entry(at, entry, last);
    }
    if (fault_.empty()) {
      rows_->lengths.push_back(static_cast<std::uint32_t>(rows_->ids.size() - old_entries));
      return at;
    }
    rows_->ids.resize(old_entries);
    rows_->values.resize(old_entries);
    rows_->targets.resize(old_rows);
    if (schema_.on_error == OnError::skip)
      ++rows_->skipped;
    else
      rows_->fault = Fault{rows_->lines, fault_};
    return at;
  }

  static std::string_view token(const char* at) {
    const char* end = at;
    while (!is_blank(*end) && !ends_line(*end)) ++end;
    return {at, static_cast<std::size_t>(end - at)};
  }

  const char* read_label(const char* at) {
    const std::string_view text = token(at);
    double value = 0;
    const char* end = read_short_decimal(at, value);
    if (end != text.data() + text.size()) {
      const auto any = as_number(text);
      value = any.value_or(NAN);
    }
    const auto narrow = static_cast<float>(value);
    if (!std::isfinite(narrow))
      fault_ = fmt::format("the label is not a finite number: {}", text.substr(0, kShownBytes));
    else
      rows_->targets.push_back(schema_.label_is_number ? narrow : static_cast<float>(rows_->labels.number_of(text)));
    return text.data() + text.size();
  }

  const char* read_entry(const char* at, std::size_t entry, std::uint32_t& last) {
    const char* const begin = at;
    std::uint64_t id = 0;
    for (; *at >= '0' && *at <= '9' && at - begin < 10; ++at) id = id * 10 + static_cast<std::uint64_t>(*at - '0');
    if (*at != ':' || at == begin) return bad_entry(begin, entry, "is not id:value");
    if (id == 0) return bad_entry(begin, entry, "has id 0, while ids begin at 1");
    if (id > LibsvmSchema::kMaxId)
      return bad_entry(begin, entry, fmt::format("has an id above {}", LibsvmSchema::kMaxId));
    if (id <= last) return bad_entry(begin, entry, "has an id that is not above the one before it");
    double value = 0;
    const char* end = read_short_decimal(++at, value);
    if (end == nullptr || !(is_blank(*end) || ends_line(*end))) {
      const std::string_view text = token(at);
      value = as_number(text).value_or(NAN);
      end = text.data() + text.size();
    }
    const auto narrow = static_cast<float>(value);
    if (!std::isfinite(narrow)) return bad_entry(begin, entry, "has a value that is not a finite number");
    last = static_cast<std::uint32_t>(id);
    if (last <= schema_.max_id) {
      rows_->ids.push_back(last - 1);
      rows_->values.push_back(narrow);
    }
    return end;
  }

  const char* bad_entry(const char* begin, std::size_t entry, std::string_view what) {
    fault_ = fmt::format("entry {} {}: {}", entry, what, token(begin).substr(0, kShownBytes));
    return begin;
  }

  LibsvmSchema schema_;
  RowChunk* rows_ = nullptr;
  std::string fault_;
};

}  // namespace

std::unique_ptr<RowParser> libsvm_parser(const LibsvmSchema& schema) { return std::make_unique<LibsvmParser>(schema); }

}  // namespace krige::trainer
