#include "base/json_writer.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/json.h"

namespace krige {

void JsonWriter::separate() {
  if (comma_) out_ += ',';
  comma_ = true;
}

void JsonWriter::begin(char bracket) {
  separate();
  out_ += bracket;
  comma_ = false;
}

void JsonWriter::end(char bracket) {
  out_ += bracket;
  comma_ = true;
}

void JsonWriter::quote(std::string_view text) {
  const bool plain = std::ranges::all_of(text, [](char c) { return c >= ' ' && c < 0x7f && c != '"' && c != '\\'; });
  if (!plain) {  // escapes, and what is not UTF-8
    out_ += dump(OrderedJson(text));
    return;
  }
  out_ += '"';
  out_ += text;
  out_ += '"';
}

void JsonWriter::key(std::string_view name) {
  separate();
  quote(name);
  out_ += ':';
  comma_ = false;
}

void JsonWriter::value(std::string_view text) {
  separate();
  quote(text);
}

void JsonWriter::value(double number) {
  if (!std::isfinite(number)) return value(number_to_json(number).get_ref<const std::string&>());
  separate();
  std::array<char, 64> digits;
  // What the library's own dump() calls: the standard library's shortest text of 100.0 would read back as an integer.
  const char* const end = nlohmann::detail::to_chars(digits.data(), digits.data() + digits.size(), number);
  out_ += std::string_view(digits.data(), end);
}

void JsonWriter::integer(std::int64_t number) {
  separate();
  std::array<char, 24> digits;
  const char* const end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
  out_ += std::string_view(digits.data(), end);
}

void JsonWriter::members(std::string_view object) {
  if (object.size() > 2) raw(object.substr(1, object.size() - 2));
}

void JsonWriter::raw(std::string_view json) {
  separate();
  out_ += json;
}

}  // namespace krige
