#include "trainer/data/table_info.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/json.h"
#include "trainer/data/number.h"

namespace krige::trainer {
namespace {

// Categories are bytes of a file, perhaps no UTF-8; JSON wants text.
std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

Result<std::string> from_hex(std::string_view text) {
  const auto digit = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
  const auto known = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (text.size() % 2 != 0 || !std::ranges::all_of(text, known))
    return fail(ErrorCode::corrupt, "a name in the data cache is damaged");
  std::string bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) bytes += static_cast<char>(digit(text[i]) * 16 + digit(text[i + 1]));
  return bytes;
}

std::vector<std::string> all_to_hex(const std::vector<std::string>& names) {
  std::vector<std::string> texts;
  for (const std::string& name : names) texts.push_back(to_hex(name));
  return texts;
}

Status all_from_hex(const OrderedJson& json, std::vector<std::string>& names) {
  for (const OrderedJson& text : json) {
    KRIGE_TRY(names.emplace_back(), from_hex(text.get<std::string>()));
  }
  return {};
}

Result<TableInfo> read_info(const OrderedJson& json) {
  TableInfo info;
  info.layout = json.at("layout").get<Layout>();
  json.at("rows").get_to(info.rows);
  json.at("columns").get_to(info.columns);
  json.at("entries").get_to(info.entries);
  json.at("skipped").get_to(info.skipped);
  json.at("unit_values").get_to(info.unit_values);
  json.at("has_missing").get_to(info.has_missing);
  json.at("numeric").get_to(info.numeric);
  json.at("has_header").get_to(info.has_header);
  KRIGE_CHECK(all_from_hex(json.at("names"), info.names));
  KRIGE_TRY(info.label, from_hex(json.at("label").get<std::string>()));
  KRIGE_CHECK(all_from_hex(json.at("classes"), info.classes));
  KRIGE_CHECK(all_from_hex(json.at("text_columns"), info.text_columns));
  json.at("kinds").get_to(info.kinds);
  KRIGE_CHECK(all_from_hex(json.at("categories"), info.categories));
  json.at("content").get_to(info.content);
  return info;
}

}  // namespace

std::string to_text(const TableInfo& info) {
  return OrderedJson{{"layout", info.layout},
                     {"rows", info.rows},
                     {"columns", info.columns},
                     {"entries", info.entries},
                     {"skipped", info.skipped},
                     {"unit_values", info.unit_values},
                     {"has_missing", info.has_missing},
                     {"numeric", info.numeric},
                     {"has_header", info.has_header},
                     {"names", all_to_hex(info.names)},
                     {"label", to_hex(info.label)},
                     {"classes", all_to_hex(info.classes)},
                     {"text_columns", all_to_hex(info.text_columns)},
                     {"kinds", info.kinds},
                     {"categories", all_to_hex(info.categories)},
                     {"content", info.content}}
      .dump();
}

Result<TableInfo> parse_table_info(std::string_view text) {
  KRIGE_TRY(const OrderedJson json, parse_json(text));
  try {
    return read_info(json);
  } catch (const OrderedJson::exception& error) {
    return fail(ErrorCode::corrupt, std::string("the data cache is not complete: ") + error.what());
  }
}

std::vector<std::string> sorted_names(std::vector<std::string> names) {
  if (std::ranges::all_of(names, [](const std::string& n) { return as_number(n).has_value(); }))
    std::ranges::sort(names, {}, [](const std::string& n) { return *as_number(n); });
  else
    std::ranges::sort(names);
  return names;
}

}  // namespace krige::trainer
